/** The items behind the board: the same search for the rows in sight and for the export. */
import type { Api } from '../api/client';
import { run } from '../api/run';
import type { Data, Item, ItemType } from '../api/types';
import type { Outcome } from './statistics';

export interface RowFilter {
  which: 'decided' | 'waiting';
  type: ItemType | null;
  outcome: Outcome | null;
  from: string;
  until: string;
}

export interface RowPage {
  items: Item[];
  next_cursor: string | null;
}

/** What to ask the API for. */
export function searchOf(filter: RowFilter): Data {
  const type = filter.type ? { type: filter.type } : {};
  if (filter.which === 'waiting') return { ...type, decided: false, sort: 'created_at' };
  const status = filter.outcome ? { status: filter.outcome } : {};
  return { ...type, ...status, decided: true, decided_from: filter.from, decided_until: filter.until, sort: 'decided_at', descending: true };
}

const PAGE = 200;

/** Every row of the filter, page by page; `tell` is called with how many there are so far. */
export async function allRows(api: Api, filter: RowFilter, tell: (count: number) => void): Promise<Item[]> {
  const rows: Item[] = [];
  let cursor: string | null = null;
  do {
    const data: Data = { ...searchOf(filter), limit: PAGE, ...(cursor && { cursor }) };
    const page: RowPage = await run<RowPage>(api, 'search_items', data);
    rows.push(...page.items);
    tell(rows.length);
    cursor = page.next_cursor;
  } while (cursor);
  return rows;
}

const COLUMNS = [
  ...['type', 'id', 'cid', 'customer_name', 'level', 'status', 'amount', 'currency', 'content', 'problem', 'answer', 'reason'],
  ...['created_at', 'created_by', 'claimed_by', 'claimed_until', 'decided_at', 'decided_by'],
];

/** Records for a CSV, with a heading. */
export function recordsOf(items: readonly Item[]): unknown[][] {
  return [COLUMNS, ...items.map((item) => COLUMNS.map((name) => (item as unknown as Record<string, unknown>)[name] ?? null))];
}
