/** Files whose rows are being created. They go on while one looks at something else, and end with the session. */
import { SvelteMap } from 'svelte/reactivity';
import { inParallel, isGood, isUnderstood, type ImportPlan, type ImportRow } from '../forms/import';

const AT_ONCE = 8;

/** What became of a row. */
export interface RowResult {
  good: boolean;
  text: string;
}

export class Import {
  running = $state(false);
  succeeded = $state(0);
  /** By line. */
  readonly results = new SvelteMap<number, RowResult>();
  /** Whether columns that are no field are to be left out: the reader says so, since one may be a field misspelt. */
  leavesOut = $state(false);
  /** The rows whose meaning is not certain. */
  readonly faulty: readonly ImportRow[];
  private readonly certain: readonly ImportRow[];
  private stopped = false;

  constructor(
    readonly action: string,
    readonly file: string,
    readonly plan: ImportPlan,
  ) {
    this.faulty = plan.rows.filter((row) => !isGood(row));
    this.certain = isUnderstood(plan) ? plan.rows.filter(isGood) : [];
  }

  /** The rows that can be created. */
  get good(): readonly ImportRow[] {
    return this.plan.unknown.length === 0 || this.leavesOut ? this.certain : [];
  }

  /** What is looked at first comes first: the rows that are to be mended. */
  get inOrder(): readonly ImportRow[] {
    return [...this.faulty, ...this.plan.rows.filter(isGood)];
  }

  get finished(): boolean {
    return !this.running && this.results.size > 0;
  }

  /** Create the rows, some at a time. */
  async start(create: (action: string, row: ImportRow) => Promise<RowResult>): Promise<void> {
    this.running = true;
    await inParallel(this.good, AT_ONCE, async (row) => {
      if (this.stopped) return;
      const result = await create(this.action, row);
      this.results.set(row.line, result);
      if (result.good) this.succeeded += 1;
    });
    this.running = false;
  }

  /** Begin no further row. */
  stop(): void {
    this.stopped = true;
  }
}

/** The file of each action, if one was chosen. */
export class Imports {
  private readonly byAction = new SvelteMap<string, Import>();

  get(action: string): Import | null {
    return this.byAction.get(action) ?? null;
  }

  choose(action: string, file: string, plan: ImportPlan): void {
    this.byAction.set(action, new Import(action, file, plan));
  }

  forget(action: string): void {
    this.byAction.delete(action);
  }

  /** Whether rows are being created. */
  get running(): boolean {
    return [...this.byAction.values()].some((each) => each.running);
  }

  stop(): void {
    this.byAction.forEach((each) => each.stop());
  }
}
