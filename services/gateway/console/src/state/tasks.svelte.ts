/** What this operator asked for that changes something, newest first, with outcomes as they arrive. */
import type { Api } from '../api/client';
import type { Task } from '../api/types';
import { merged } from '../live/merged';

const PAGE = 50;
const MOST_PAGES = 4;

/** Whether the action only looks something up. */
export function isLookUp(action: string | null): boolean {
  return action === null || /^(get_(?!task$)|list_|search_|login$|logout$)/.test(action);
}

export class MyTasks {
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  more = $state(false);
  private shown = $state.raw<Task[]>([]);
  /** Tasks that were kept offline and sent later, with when they were asked (milliseconds). */
  readonly delayed: Map<string, number>;
  private cursor: string | null = null;

  constructor(
    private readonly api: Api,
    private readonly storage: Storage,
    private readonly place: string,
  ) {
    this.delayed = new Map(JSON.parse(storage.getItem(place) ?? '[]') as [string, number][]);
  }

  get all(): Task[] {
    return this.shown;
  }

  async load(): Promise<void> {
    this.cursor = null;
    await this.readPages();
  }

  async loadMore(): Promise<void> {
    await this.readPages();
  }

  /** Take in a task as it was accepted, or its outcome. */
  take(task: Task): void {
    if (isLookUp(task.action)) return;
    this.merge([task]);
  }

  markDelayed(id: string, askedAt: number): void {
    this.delayed.set(id, askedAt);
    this.storage.setItem(this.place, JSON.stringify([...this.delayed].slice(-200)));
    this.merge([]);
  }

  private async readPages(): Promise<void> {
    try {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query: Record<string, string> = { limit: String(PAGE), reads: 'false' };
        if (this.cursor) query.cursor = this.cursor;
        const found = await this.api.tasks(query);
        this.cursor = found.next_cursor;
        this.merge(found.tasks.filter((task) => !isLookUp(task.action)));
        this.more = this.cursor !== null;
        if (!this.cursor || this.shown.length >= PAGE) break;
      }
      this.status = 'ready';
    } catch {
      this.status = this.shown.length > 0 ? 'ready' : 'failed';
    }
  }

  private merge(tasks: readonly Task[]): void {
    this.shown = merged(this.shown, tasks);
  }
}
