/** Work on one item: what is known of it, the hold on it, and what may be done with it. */
import { resultOf, run } from '../api/run';
import { itemOf, type Customer, type Data, type Item, type ItemType, type Push } from '../api/types';
import { shouldRenew } from '../desk/lease';
import { holder, isDecided, keyOf } from '../desk/queue';
import { isAbout } from '../outbox/outbox';
import { explain, isOnItsWay, race } from '../ui/errors';
import { current } from './clock.svelte';
import { forgetSent, type DraftKind, type Subject } from './drafts.svelte';
import { format, t, tOf } from './language.svelte';
import { obstacleOf, obstacleText, type Obstacle } from './obstacle';
import type { Session } from './session.svelte';
import { say } from './toasts.svelte';

const WAIT_SECONDS = 20;
/** A second press of the key that decided the item before is not meant for this one (milliseconds). */
const SETTLES_IN = 600;

/** An item and its customer, as `get_task` hands them over. */
export interface Handed {
  item: Item;
  customer: Customer;
  /** It was handed over because another one was decided. */
  follows?: boolean;
}

/** What is answered to an inquiry that is closed by it, or left open until its customer replies or a time comes. */
export interface Answer {
  text: string;
  closed: boolean;
  until: string | null;
}

type ItemPush = Extract<Push, { type: 'item' }>;

export function handed(result: Record<string, unknown>): Handed {
  return { item: itemOf(result) as Item, customer: result.customer as Customer };
}

export class Work {
  item = $state.raw<Item | null>(null);
  customer = $state.raw<Customer | null>(null);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  /** Why it could not be loaded. */
  problem = $state('');
  /** What happened to the item while one looked at it. */
  news = $state<string | null>(null);
  busy = $state(false);
  /** Grows when the item's history has grown. */
  changes = $state(0);
  /** The latest version that an event told of. */
  private told = $state(0);
  private takenAt = 0;
  private settledAt = 0;
  private lastWorkAt = 0;
  private renewal: Promise<void> | null = null;
  private unheard: ItemPush | null = null;

  constructor(
    private readonly session: Session,
    readonly type: ItemType,
    readonly id: number,
    given: Handed | null,
  ) {
    if (given && keyOf(given.item) === keyOf(this)) {
      this.take(given);
      if (given.follows) this.settledAt = current() + SETTLES_IN;
    }
  }

  get what(): string {
    return t('item.title', { type: t(`type.${this.type}`), id: String(this.id) });
  }

  /** Where a text about the item is kept while it is written. */
  text(kind: DraftKind): Subject {
    return { type: this.type, id: this.id, kind };
  }

  get decided(): boolean {
    return this.item !== null && isDecided(this.item.status);
  }

  get mayDecide(): boolean {
    return this.item !== null && !this.decided && !this.kept && this.obstacle === null;
  }

  /** Why this operator cannot decide the item, whoever holds it. */
  get obstacle(): Obstacle | null {
    return this.item && obstacleOf(this.item, this.session.operator);
  }

  /** Why the item cannot be decided at the moment, in a sentence; null when it can. */
  blocked(now: number): string | null {
    const { item } = this;
    if (!item) return null;
    const name = this.holder(now);
    if (this.decided) return t('item.decidedBy', { name: item.decided_by ?? '', when: format().time(item.decided_at ?? '') });
    if (this.kept) return t('item.kept');
    if (this.obstacle) return obstacleText(this.obstacle);
    return name && !this.mine(now) ? t('item.heldBy', { name, time: format().time(item.claimed_until ?? '') }) : null;
  }

  /** Whether nothing newer is known of the item than what is shown. */
  get fresh(): boolean {
    return this.item !== null && this.item.version >= this.told;
  }

  /** What was asked for this item waits here for the connection. */
  get kept(): boolean {
    return this.session.kept.some((entry) => isAbout(entry, this.type, this.id));
  }

  holder(now: number): string | null {
    return this.item && holder(this.item, now);
  }

  mine(now: number): boolean {
    return this.holder(now) === this.session.operator.name;
  }

  async load(): Promise<void> {
    if (this.item) return;
    await this.read();
    this.hearUnheard();
  }

  /** Look again: what happened meanwhile was not told. */
  async refresh(): Promise<void> {
    if (!this.busy) await this.read();
  }

  /** What an event tells of this item. While something is asked for, or the item is read at first, the answer comes first. */
  async hear(push: ItemPush): Promise<void> {
    const { event, item } = push;
    if (keyOf(item) !== keyOf(this)) return;
    this.told = Math.max(this.told, item.version);
    if (this.busy || !this.item) {
      this.unheard = push;
      return;
    }
    if (item.version < this.item.version) return;
    const me = this.session.operator.name;
    const changed = item.version > this.item.version;
    if (changed && event === 'claimed' && item.claimed_by !== me) this.news = t('live.tookIt', { name: item.claimed_by ?? '' });
    if (changed && event === 'decided' && item.decided_by && item.decided_by !== me) {
      this.news = t('live.decidedIt', { name: item.decided_by });
    }
    if (changed) await this.read();
    else if (item.claimed_until !== this.item.claimed_until) {
      this.takenAt = current();
      this.item = { ...this.item, claimed_by: item.claimed_by, claimed_until: item.claimed_until };
    }
  }

  /** Somebody is at work here: a key, a click. */
  touch(now: number): void {
    this.lastWorkAt = now;
  }

  /** Renew the hold when it is time to. */
  async tick(now: number): Promise<void> {
    if (!this.mine(now) || this.renewal || this.busy) return;
    if (!shouldRenew(this.takenAt, this.item?.claimed_until ?? null, this.lastWorkAt, now)) return;
    this.renewal = this.renew();
    await this.renewal;
    this.renewal = null;
  }

  private async renew(): Promise<void> {
    try {
      this.take(handed(await run(this.session.api, 'get_task', { type: this.type, id: this.id })));
    } catch {
      // The next second tries again; when the hold is lost, an event says so.
    }
  }

  async claim(): Promise<void> {
    await this.guarded(async () => {
      this.take(handed(await run(this.session.api, 'get_task', { type: this.type, id: this.id })));
      this.news = null;
    });
  }

  /** True when the decision was made, or is kept to be sent later. `version`: the one that was looked at. */
  review(approved: boolean, version: number, reason?: string): Promise<boolean> {
    const done = t(approved ? 'done.approved' : 'done.rejected', { what: this.what });
    return this.decide(`review_${this.type}`, { approved, ...(reason && { reason }), version }, done);
  }

  answer({ text, closed, until }: Answer): Promise<boolean> {
    const done = t(closed ? 'done.closed' : 'done.answered', { what: this.what });
    return this.decide('respond_inquiry', { answer: text, closed, ...(until && { until }), version: this.item?.version }, done);
  }

  /** What the customer of the inquiry has said. */
  reply(text: string): Promise<boolean> {
    return this.change('reply_inquiry', { id: this.id, reply: text }, t('done.replied', { what: this.what }));
  }

  escalate(level: number, reason: string): Promise<boolean> {
    const done = t('done.escalated', { what: this.what, level });
    return this.change('escalate_task', { type: this.type, id: this.id, level, ...(reason && { reason }) }, done);
  }

  release(): Promise<boolean> {
    return this.change('release_task', { type: this.type, id: this.id }, t('done.released', { what: this.what }));
  }

  /** A decision states the version that was looked at: one on what has changed since is refused. */
  private decide(action: string, data: Data, done: string): Promise<boolean> {
    if (current() < this.settledAt) return Promise.resolve(false);
    return this.change(action, { id: this.id, ...data }, done);
  }

  private async change(action: string, data: Data, done: string): Promise<boolean> {
    return this.guarded(async () => {
      const task = await this.session.ask(action, data, WAIT_SECONDS);
      const result = resultOf(task);
      forgetSent(this.session.operator.id, { ...task, action, data });
      const item = itemOf(result);
      if (item) this.take({ item, customer: (result.customer as Customer | undefined) ?? this.customer });
      this.news = null;
      say(done);
    });
  }

  private async guarded(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      // A renewal that came to the server after a release would take the item again.
      await this.renewal;
      await work();
      return true;
    } catch (error) {
      if (isOnItsWay(error)) {
        say(explain(error), 'news');
        return true;
      }
      const lost = race(error);
      if (lost) {
        this.news = lost;
        await this.read();
      } else {
        say(explain(error), 'bad');
      }
      return false;
    } finally {
      this.busy = false;
      this.hearUnheard();
    }
  }

  private hearUnheard(): void {
    const { unheard } = this;
    this.unheard = null;
    if (unheard) void this.hear(unheard);
  }

  /** Take in what was read; what was read before something newer was known changes nothing. */
  private take({ item, customer }: { item: Item; customer: Customer | null }): void {
    if (this.item && item.version < this.item.version) return;
    if (item.claimed_until !== this.item?.claimed_until) this.takenAt = current();
    this.item = item;
    this.customer = customer;
    this.status = 'ready';
    this.changes += 1;
    this.session.desk.learn(item, customer?.name ?? '');
  }

  private async read(): Promise<void> {
    try {
      const item = itemOf(await run(this.session.api, `get_${this.type}`, { id: this.id })) as Item;
      const { customer } = this.customer
        ? { customer: this.customer }
        : await run<{ customer: Customer }>(this.session.api, 'get_customer', { id: item.cid });
      this.take({ item, customer });
    } catch (error) {
      if (this.status === 'loading') [this.status, this.problem] = ['failed', explain(error)];
      else say(explain(error), 'bad');
    }
  }
}

/** An item in one line: its amount, or its text. */
export function subjectOf(item: { type: ItemType } & Record<string, unknown>): string {
  if (typeof item.amount === 'string') return format().money(item.amount, String(item.currency));
  return String(item.text ?? item.content ?? item.problem ?? '');
}

export function statusTone(status: string): 'good' | 'bad' | 'warn' | '' {
  return status === 'approved' || status === 'closed' ? 'good' : status === 'rejected' ? 'bad' : status === 'escalated' ? 'warn' : '';
}

export function statusName(status: string): string {
  return tOf('status', status);
}
