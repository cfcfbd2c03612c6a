/** Who is signed in, and what a session holds. The token stays in this tab's storage and in headers. */
import { createApi, Refused, type Api } from '../api/client';
import { resultOf } from '../api/run';
import type { Data, Operator, Push, Task } from '../api/types';
import { connectLive, liveAddress, type Live, type LiveState, type Socket } from '../live/connection';
import { closeDeadConnections } from '../live/idle';
import { Outcomes } from '../live/outcomes';
import { Outbox, type Entry } from '../outbox/outbox';
import { sentence } from '../record/sentences';
import { heardDate } from './clock.svelte';
import { Desk } from './desk.svelte';
import { language, t } from './language.svelte';
import { forgetDrafts, forgetSent } from './drafts.svelte';
import { Imports } from './imports.svelte';
import { MyTasks } from './tasks.svelte';
import { say } from './toasts.svelte';

const PLACE = 'backoffice.session';
/** Whose session ended by itself, for the texts that they were writing. */
const ENDED = 'backoffice.ended';
const FLUSH_EVERY = 15_000;

interface Stored {
  token: string;
  operator: Operator;
  actions: string[];
}

type ItemPush = Extract<Push, { type: 'item' }>;

/** All that belongs to one signed-in operator. */
export class Session {
  live = $state<LiveState>('connecting');
  /** How often the connection came back. */
  returns = $state(0);
  /** A token that was made here: shown once, in whichever view one is when it counts. */
  newToken = $state.raw<{ name: string; token: string } | null>(null);
  /** What waits for the connection. */
  kept = $state.raw<readonly Entry[]>([]);
  readonly api: Api;
  readonly outbox: Outbox;
  readonly desk: Desk;
  readonly tasks: MyTasks;
  readonly imports = new Imports();
  /** It has ended, or another session has taken its place. */
  ended = false;
  private wasReady = false;
  private network = new AbortController();
  private readonly outcomes = new Outcomes();
  private readonly connection: Live;
  private readonly flusher: ReturnType<typeof setInterval>;
  private readonly itemListeners = new Set<(push: ItemPush) => void>();
  private readonly taskListeners = new Set<(task: Task) => void>();

  constructor(
    readonly token: string,
    readonly operator: Operator,
    readonly actions: readonly string[],
    private readonly onEnded: (why: string | null) => void,
  ) {
    this.api = createApi({ token, language, onDate: heardDate, network: () => this.network.signal });
    this.desk = new Desk(this.api, this.outcomes, operator);
    this.tasks = new MyTasks(this.api, localStorage, `backoffice.delayed.${operator.id}`);
    this.outbox = new Outbox({
      storage: localStorage,
      operatorId: operator.id,
      api: () => this.api,
      onChange: (entries) => (this.kept = waiting(entries)),
      onSent: (entry, task) => this.sentLate(entry, task),
      onRefused: (entry, refused) => this.refusedLate(entry, refused),
    });
    this.kept = waiting(this.outbox.entries());
    if (this.hasDesk) this.desk.begin();
    this.connection = connectLive({
      open: () => new WebSocket(liveAddress(location)) as unknown as Socket,
      token,
      language,
      onTask: (task) => this.hearTask(task),
      onItem: (push) => this.hearItem(push),
      onReady: (now, again) => this.ready(now, again),
      onState: (state) => this.stateChanged(state),
      onSilent: () => this.networkDied(),
    });
    this.flusher = setInterval(() => void this.outbox.flush(), FLUSH_EVERY);
    addEventListener('online', this.check);
    addEventListener('pageshow', this.check);
    document.addEventListener('visibilitychange', this.check);
    addEventListener('offline', this.offline);
    addEventListener('storage', this.stored);
  }

  may(action: string): boolean {
    return this.actions.includes(action);
  }

  private get hasDesk(): boolean {
    return this.may('list_tasks') && this.may('list_queue');
  }

  /** Ask for something that changes something. It goes through the outbox, and its outcome shows under Sent. */
  async ask(action: string, data: Data, wait?: number): Promise<Task> {
    const task = await this.outbox.send(action, data, wait);
    this.tasks.take({ ...task, action, data });
    return task;
  }

  onItem(listener: (push: ItemPush) => void): () => void {
    this.itemListeners.add(listener);
    return () => this.itemListeners.delete(listener);
  }

  onTask(listener: (task: Task) => void): () => void {
    this.taskListeners.add(listener);
    return () => this.taskListeners.delete(listener);
  }

  /** Messages of the live connection come in the language chosen now. */
  languageChanged(): void {
    this.connection.restart();
    void this.tasks.load();
  }

  end(): void {
    this.ended = true;
    this.imports.stop();
    this.desk.stop();
    clearInterval(this.flusher);
    removeEventListener('online', this.check);
    removeEventListener('pageshow', this.check);
    document.removeEventListener('visibilitychange', this.check);
    removeEventListener('offline', this.offline);
    removeEventListener('storage', this.stored);
    this.connection.stop();
  }

  /** The network or the reader may have been away: what was connected before may be dead now. */
  private readonly check = (): void => {
    if (document.visibilityState === 'hidden') return;
    this.connection.check();
    void this.outbox.flush();
  };

  /** A connection may take long to notice that the network has gone; the browser knows at once. */
  private readonly offline = (): void => this.connection.suspend();

  /** What was sent and not answered is given up; what changes something is kept and sent again, once. */
  private networkDied(): void {
    this.network.abort();
    this.network = new AbortController();
    void closeDeadConnections();
  }

  private readonly stored = ({ key }: StorageEvent): void => this.outbox.changedElsewhere(key);

  private ready(operator: Operator, again: boolean): void {
    if (operator.role !== this.operator.role || operator.level !== this.operator.level) {
      void this.begunAnew(operator.name);
      return;
    }
    if (again) {
      if (this.wasReady) say(t('live.back'), 'news');
      this.returns += 1;
      void this.tasks.load();
    }
    this.wasReady = true;
    if (this.hasDesk) void this.desk.load();
    void this.outbox.flush();
  }

  /** The role or the level has changed, so another session takes this one's place, unless this one has ended meanwhile. */
  private async begunAnew(name: string): Promise<void> {
    try {
      const opened = await login(name, this.token);
      if (state.session === this) begin(opened);
    } catch {
      if (state.session === this) this.onEnded(t('signin.ended'));
    }
  }

  private stateChanged(state: LiveState): void {
    if (this.live === 'live' && state === 'waiting') say(t('live.lost'), 'bad');
    this.live = state;
    if (state === 'ended') this.onEnded(t('signin.ended'));
  }

  private hearTask(task: Task): void {
    this.outcomes.hear(task);
    forgetSent(this.operator.id, task);
    this.tasks.take(task);
    this.taskListeners.forEach((listener) => listener(task));
  }

  private hearItem(push: ItemPush): void {
    this.desk.hear(push);
    this.itemListeners.forEach((listener) => listener(push));
  }

  private sentLate(entry: Entry, task: Task): void {
    this.tasks.take({ ...task, action: entry.action, data: entry.data });
    this.tasks.markDelayed(task.id, entry.at);
  }

  private refusedLate(entry: Entry, refused: Refused): void {
    say(`${sentence({ ...entry, status: 'failed', result: null })}: ${refused.problem.detail}`, 'bad');
  }
}

/** The entries without those that are being sent for the first time. */
function waiting(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ kept }) => kept);
}

type Writer = Pick<Operator, 'id' | 'name'>;

const state = $state<{ session: Session | null; notice: string | null; writer: Writer | null }>({
  session: null,
  notice: null,
  writer: null,
});

export function session(): Session | null {
  return state.session;
}

/** Why one has to sign in again, if that is so. */
export function notice(): string | null {
  return state.notice;
}

/** Whose session ended while they may have been writing, as long as nobody has signed in since. */
export function writer(): Writer | null {
  return state.writer;
}

/** Open a session. Throws `Refused` or `Unreachable`. */
export async function signIn(name: string, token: string): Promise<void> {
  begin(await login(name, token));
}

async function login(name: string, token: string): Promise<Stored> {
  const task = await createApi({ token, language, onDate: heardDate }).submit('login', { name });
  return { token, ...resultOf<Omit<Stored, 'token'>>(task) };
}

/** Go on with the session of this tab, if there is one. */
export function resume(): void {
  try {
    const stored = JSON.parse(sessionStorage.getItem(PLACE) ?? 'null') as Stored | null;
    if (stored) begin(stored);
    else state.writer = JSON.parse(sessionStorage.getItem(ENDED) ?? 'null') as Writer | null;
  } catch {
    sessionStorage.removeItem(PLACE);
  }
}

/** End the session, also on the server. */
export async function signOut(): Promise<void> {
  const api = state.session?.api;
  forgetDrafts();
  leave(null);
  await api?.submit('logout').catch(() => undefined);
}

function begin({ token, operator, actions }: Stored): void {
  sessionStorage.setItem(PLACE, JSON.stringify({ token, operator, actions } satisfies Stored));
  state.session?.end();
  state.notice = null;
  setWriter(null);
  state.session = new Session(token, operator, actions, leave);
}

function leave(why: string | null): void {
  sessionStorage.removeItem(PLACE);
  state.session?.end();
  setWriter(why === null || !state.session ? null : { id: state.session.operator.id, name: state.session.operator.name });
  state.session = null;
  state.notice = why;
}

function setWriter(who: Writer | null): void {
  state.writer = who;
  if (who) sessionStorage.setItem(ENDED, JSON.stringify(who));
  else sessionStorage.removeItem(ENDED);
}
