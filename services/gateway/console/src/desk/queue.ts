/** The queue of undecided items as this operator may decide them, kept by what the server lists and tells. */
import type { Item, ItemState, ItemType, QueueItem } from '../api/types';

export type Key = `${ItemType}/${number}`;

/** A row of the desk. */
export interface Row {
  key: Key;
  item: QueueItem;
  /** How the item left the queue, and when (milliseconds): its row stays for a moment. */
  left: { how: 'approved' | 'rejected' | 'closed' | 'escalated'; at: number } | null;
}

/** How long a row that has left stays in sight, in milliseconds. */
export const FAREWELL = 4_000;

export function keyOf(item: { type: ItemType; id: number }): Key {
  return `${item.type}/${item.id}`;
}

/** A whole item as the queue has it. */
export function queueItemOf(item: Item, customerName: string): QueueItem {
  const { type, id, level, status, version, claimed_by, claimed_until, cid, created_at, created_by, decided_by } = item;
  return {
    ...{ type, id, level, status, version, claimed_by, claimed_until, cid, created_at, created_by, decided_by },
    customer_name: item.customer_name ?? customerName,
    text: item.type === 'document' ? item.content : item.type === 'inquiry' ? item.problem : null,
    amount: item.type === 'transfer' ? item.amount : null,
    currency: item.type === 'transfer' ? item.currency : null,
    waiting: item.type === 'inquiry' && item.waiting === true,
    waiting_until: item.type === 'inquiry' ? (item.waiting_until ?? null) : null,
  };
}

export class Queue {
  private readonly rows = new Map<Key, Row>();
  /** The versions of items that were decided, so that a page listed before does not bring them back. */
  private readonly gone = new Map<Key, number>();

  constructor(
    /** Up to which level this operator decides. */
    private readonly level: number,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  all(): Row[] {
    return [...this.rows.values()];
  }

  get(key: Key): Row | undefined {
    return this.rows.get(key);
  }

  /** Take in listed items. */
  take(items: readonly QueueItem[], now: number): void {
    for (const item of items) this.hear(item, now);
  }

  /** Take in what is told of an item; older than what is known changes nothing. False when too little is told of an
   *  item that is new here, so that it has to be read. */
  hear(told: ItemState & Partial<QueueItem>, now: number): boolean {
    const key = keyOf(told);
    const known = this.rows.get(key);
    const leaves = this.leaves(told);
    if (isDecided(told.status)) this.gone.set(key, told.version);
    if (!known) {
      if (leaves || this.gone.has(key)) return true;
      if (!isWhole(told)) return false;
      this.rows.set(key, { key, item: told, left: null });
    } else if (!isNewer(known.item, told)) {
      const left = leaves ? (known.left ?? { how: leaves, at: now }) : null;
      this.rows.set(key, { key, item: { ...known.item, ...told }, left });
    }
    return true;
  }

  /** After a whole listing: drop what it did not hold, unless an event has told of it meanwhile. */
  keepOnly(listed: ReadonlySet<Key>, told: ReadonlySet<Key>): void {
    for (const key of this.rows.keys()) {
      if (!listed.has(key) && !told.has(key)) this.rows.delete(key);
    }
  }

  /** Forget the rows whose farewell is over. True when there were some. */
  sweep(now: number): boolean {
    let swept = false;
    for (const [key, row] of this.rows) {
      if (row.left && now - row.left.at >= FAREWELL) swept = this.rows.delete(key) || swept;
    }
    return swept;
  }

  private leaves(item: ItemState): 'approved' | 'rejected' | 'closed' | 'escalated' | null {
    if (isDecided(item.status)) return item.status as 'approved' | 'rejected' | 'closed';
    return item.level > this.level ? 'escalated' : null;
  }
}

export function isDecided(status: ItemState['status']): boolean {
  return status !== 'pending' && status !== 'open';
}

function isWhole(told: ItemState & Partial<QueueItem>): told is QueueItem {
  return told.cid !== undefined && told.created_at !== undefined && told.customer_name !== undefined;
}

/** Whether `a` shows a later moment of an item than `b`: a later version, or the same with its claim renewed. */
function isNewer(a: ItemState, b: ItemState): boolean {
  if (a.version !== b.version) return a.version > b.version;
  return (a.claimed_until ?? '') > (b.claimed_until ?? '');
}

/** Who holds the item now; a claim that has lapsed reads as none. */
export function holder(item: Pick<ItemState, 'claimed_by' | 'claimed_until'>, now: number): string | null {
  return item.claimed_by && item.claimed_until && Date.parse(item.claimed_until) > now ? item.claimed_by : null;
}

/** Whether the item was answered and waits for its customer now. */
export function waits(item: Pick<QueueItem, 'waiting' | 'waiting_until'>, now: number): boolean {
  return item.waiting === true && (!item.waiting_until || Date.parse(item.waiting_until) > now);
}
