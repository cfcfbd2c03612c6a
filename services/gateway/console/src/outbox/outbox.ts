/** What was asked and has not reached the server yet: kept in the browser, sent once when it can be.
 *
 *  Each entry has an idempotency key of its own, so that an entry sent again after an answer was lost, or by two tabs,
 *  takes effect once. Each stands under a storage key of its own, so that tabs do not overwrite each other's.
 */
import { Refused, Unreachable, type Api } from '../api/client';
import type { Data, Task } from '../api/types';

export interface Entry {
  key: string;
  action: string;
  data: Data;
  /** When it was asked, milliseconds. */
  at: number;
  /** It met an unreachable server, so it is kept until it can be sent. */
  kept: boolean;
}

export interface OutboxOptions {
  storage: Storage;
  operatorId: number;
  api: () => Api;
  /** Called after every change of what is kept. */
  onChange: (entries: readonly Entry[]) => void;
  /** A kept entry was taken by the server. */
  onSent: (entry: Entry, task: Task) => void;
  /** A kept entry was refused, and is kept no longer. */
  onRefused: (entry: Entry, refused: Refused) => void;
  newKey?: () => string;
  now?: () => number;
}

/** The entry could not be sent now; it is kept and will be. */
export class Kept extends Error {
  constructor(readonly entry: Entry) {
    super('kept');
  }
}

export class Outbox {
  private flushing: Promise<void> | null = null;
  private readonly inFlight = new Set<string>();
  /** What is stored, oldest first. Read anew for each change, every entry would cost more than the one before. */
  private known: readonly Entry[];

  constructor(private readonly options: OutboxOptions) {
    this.known = this.read();
  }

  /** What is stored, oldest first. */
  entries(): readonly Entry[] {
    return this.known;
  }

  /** Another tab has changed what is stored under this name; null: everything. */
  changedElsewhere(name: string | null): void {
    if (name !== null && !name.startsWith(this.prefix)) return;
    this.changed(this.read());
  }

  /** Submit a task. Throws `Refused`, or `Kept` when the server cannot be reached or cannot take it now. */
  async send(action: string, data: Data, wait?: number): Promise<Task> {
    const { newKey = randomKey, now = Date.now, api } = this.options;
    const entry: Entry = { key: newKey(), action, data, at: now(), kept: false };
    this.write(entry);
    this.inFlight.add(entry.key);
    try {
      const task = await api().submit(action, data, { key: entry.key, ...(wait ? { wait } : {}) });
      this.remove(entry);
      return task;
    } catch (error) {
      if (!canWait(error)) {
        this.remove(entry);
        throw error;
      }
      const kept = { ...entry, kept: true };
      this.write(kept);
      throw new Kept(kept);
    } finally {
      this.inFlight.delete(entry.key);
    }
  }

  /** Send all that is kept, in order; stops at the first that cannot be sent. Concurrent calls are one. */
  flush(): Promise<void> {
    this.flushing ??= this.sendKept().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  /** Give up an entry that was not sent. */
  discard(key: string): void {
    this.options.storage.removeItem(this.prefix + key);
    this.changed(this.known.filter((entry) => entry.key !== key));
  }

  private async sendKept(): Promise<void> {
    this.changed(this.read());
    for (const entry of this.known) {
      // Given up meanwhile, or sent by another tab.
      const isGone = this.options.storage.getItem(this.prefix + entry.key) === null;
      if (isGone || this.inFlight.has(entry.key)) continue;
      try {
        const task = await this.options.api().submit(entry.action, entry.data, { key: entry.key });
        this.remove(entry);
        this.options.onSent(entry, task);
      } catch (error) {
        if (!(error instanceof Refused) || canWait(error)) return this.keepAll();
        this.remove(entry);
        this.options.onRefused(entry, error);
      }
    }
  }

  /** Nothing can be sent now: what a closed tab was sending waits like the rest. */
  private keepAll(): void {
    for (const entry of this.known) {
      if (!entry.kept && !this.inFlight.has(entry.key)) this.write({ ...entry, kept: true });
    }
  }

  private get prefix(): string {
    return `backoffice.outbox.${this.options.operatorId}.`;
  }

  private write(entry: Entry): void {
    this.options.storage.setItem(this.prefix + entry.key, JSON.stringify(entry));
    const isKnown = this.known.some(({ key }) => key === entry.key);
    this.changed(isKnown ? this.known.map((each) => (each.key === entry.key ? entry : each)) : [...this.known, entry]);
  }

  private changed(entries: readonly Entry[]): void {
    this.known = entries;
    this.options.onChange(entries);
  }

  private read(): readonly Entry[] {
    const { storage } = this.options;
    const found: Entry[] = [];
    for (let index = 0; index < storage.length; index += 1) {
      const name = storage.key(index);
      if (!name?.startsWith(this.prefix)) continue;
      const entry = parse(storage.getItem(name));
      if (entry) found.push(entry);
    }
    return found.sort((a, b) => a.at - b.at);
  }

  private remove(entry: Entry): void {
    this.discard(entry.key);
  }
}

/** Whether the entry would change this item. */
export function isAbout({ action, data }: Entry, type: string, id: number): boolean {
  return data.id === id && (data.type ?? action.slice(action.indexOf('_') + 1)) === type;
}

/** Signing in anew also lets an entry through, so an ended session keeps it. */
function canWait(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && (error.passing || error.problem.status === 401));
}

function parse(text: string | null): Entry | null {
  try {
    const entry = JSON.parse(text ?? 'null') as Entry | null;
    return entry && typeof entry.key === 'string' && typeof entry.action === 'string' ? entry : null;
  } catch {
    return null;
  }
}

/** 128 random bits in hex; works where `randomUUID` does not (pages without TLS). */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
