/** The live queue of one session: listed at first, then kept by events. */
import type { Api } from '../api/client';
import { resultOf, run } from '../api/run';
import { itemOf, type Customer, type Item, type ItemType, type Operator, type Push, type QueueItem } from '../api/types';
import { keyOf, Queue, queueItemOf, type Key, type Row } from '../desk/queue';
import type { Outcomes } from '../live/outcomes';
import { current } from './clock.svelte';
import { obstacleOf } from './obstacle';
import { decides } from './roles';

/** As many as fill a screen: they are asked for before anything else. */
const FIRST_PAGE = 60;
const PAGE = 1000;
const PAGE_WAIT = 20_000;
/** A listing that broke off is begun anew after this long (milliseconds). */
const AGAIN_AFTER = 5_000;
/** While pages stream in, the list is redrawn this often (milliseconds). */
const LOADING_PACE = 150;

interface Page {
  queue: QueueItem[];
  next_cursor: string | null;
}

export class Desk {
  /** Grows with each change of the queue. */
  version = $state(0);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  private readonly queue: Queue;
  private told: Set<Key> | null = null;
  private drawing = false;
  private loads = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private firstRows: Promise<void> = Promise.resolve();

  constructor(
    private readonly api: Api,
    private readonly outcomes: Outcomes,
    private readonly operator: Operator,
  ) {
    this.queue = new Queue(operator.level);
  }

  /** All rows as they are now; reactive. */
  rows(): Row[] {
    void this.version;
    return this.queue.all();
  }

  get(key: Key): Row | undefined {
    void this.version;
    return this.queue.get(key);
  }

  /** Ask for the oldest rows while the live connection is being made; the whole listing waits for them. */
  begin(): void {
    this.firstRows = this.readFirst();
  }

  /** List everything; what is known stays in sight meanwhile, a failure told before (`again`) too. */
  async load(again = false): Promise<void> {
    this.stop();
    const mine = this.loads;
    await this.firstRows;
    if (this.loads !== mine) return;
    const listed = new Set<Key>();
    const told = (this.told = new Set<Key>());
    if (this.queue.size === 0 && !again) this.status = 'loading';
    try {
      let cursor: string | null = null;
      do {
        const page: Page = await this.nextPage(cursor, this.queue.size > 0 ? PAGE : FIRST_PAGE);
        if (this.loads !== mine) return;
        page.queue.forEach((item) => listed.add(keyOf(item)));
        this.queue.take(page.queue, current());
        this.status = 'ready';
        this.draw(cursor ? LOADING_PACE : 0);
        cursor = page.next_cursor;
      } while (cursor);
      this.queue.keepOnly(listed, told);
    } catch {
      if (this.loads !== mine) return;
      if (this.queue.size === 0) this.status = 'failed';
      this.again = setTimeout(() => void this.load(true), AGAIN_AFTER);
    }
    this.draw();
  }

  /** Go on with no listing. */
  stop(): void {
    this.loads += 1;
    clearTimeout(this.again);
  }

  hear({ item }: Extract<Push, { type: 'item' }>): void {
    this.told?.add(keyOf(item));
    if (!decides(this.operator.role).includes(item.type)) return;
    if (!this.queue.hear(item, current())) void this.read(item);
    this.draw();
  }

  /** Take in an item that was read for another purpose. One that this operator cannot decide does not enter the queue. */
  learn(item: Item, customerName: string): void {
    if (!this.queue.get(keyOf(item)) && obstacleOf(item, this.operator)) return;
    this.queue.hear(queueItemOf(item, customerName), current());
    this.draw();
  }

  sweep(now: number): void {
    if (this.queue.sweep(now)) this.draw();
  }

  private async readFirst(): Promise<void> {
    try {
      const page = await run<Page>(this.api, 'list_queue', { limit: FIRST_PAGE });
      this.queue.take(page.queue, current());
      if (page.queue.length > 0) this.status = 'ready';
      this.draw();
    } catch {
      // The whole listing tells what is wrong.
    }
  }

  /** A page comes by the live connection, so that it does not come twice. */
  private async nextPage(cursor: string | null, limit: number): Promise<Page> {
    const task = await this.api.submit('list_queue', { limit, ...(cursor && { cursor }) });
    return resultOf<Page>(await this.outcomes.of(task.id, PAGE_WAIT));
  }

  private async read({ type, id }: { type: ItemType; id: number }): Promise<void> {
    try {
      const item = itemOf(await run(this.api, `get_${type}`, { id }));
      if (!item) return;
      const { customer } = await run<{ customer: Customer }>(this.api, 'get_customer', { id: item.cid });
      this.learn(item, customer.name);
    } catch {
      // The next listing has it.
    }
  }

  /** Redraw soon; many changes at once are one drawing. */
  private draw(pace = 0): void {
    if (this.drawing) return;
    this.drawing = true;
    const drawn = (): void => {
      this.drawing = false;
      this.version += 1;
    };
    if (pace) setTimeout(drawn, pace);
    else requestAnimationFrame(drawn);
  }
}
