/** What to ask for when the operator takes what is next: the oldest of the items that the list shows. */
import type { Data, ItemType } from '../api/types';
import { wordsOf, type Filter } from './filter';
import { holder, waits, type Row } from './queue';

/** What the operator looks at. */
export interface View {
  filter: Filter;
  /** The rows that pass the filter. */
  rows: readonly Row[];
  /** The types that the operator decides. */
  types: readonly ItemType[];
  me: string;
  now: number;
  /** The server understands the words of the filter as they are meant. */
  understood: boolean;
}

/** As many words, and letters of a word, as `get_task` takes. */
const MOST_WORDS = 10;
const LONGEST = 100;
/** Others may be quicker with so many items one after the other. */
const MOST_TRIES = 20;

/** The data of `get_task` to try one after the other until an item is handed over.
 *
 *  The server picks the item by the filters of the list, so that no two operators are given the same one. Who holds an
 *  item is no filter of the server's, and it knows no words of a language: then the listed items are asked for themselves, the oldest first. */
export function requestsFor(view: View): Data[] {
  const suitable = view.rows.filter((row) => suits(row, view)).sort(({ item: a }, { item: b }) => (a.created_at < b.created_at ? -1 : 1));
  const words = wordsOf(view.filter);
  if (view.filter.held !== 'any' || !view.understood || words.length > MOST_WORDS || words.some((word) => [...word].length > LONGEST)) {
    return suitable.slice(0, MOST_TRIES).map(({ item: { type, id } }) => ({ type, id }));
  }
  const { types, levels } = view.filter;
  const filters = { ...(words.length > 0 && { words }), ...(levels.length > 0 && { levels }) };
  const age = (type: ItemType): string => suitable.find(({ item }) => item.type === type)?.item.created_at ?? '~';
  return [...(types.length > 0 ? types : view.types)]
    .sort((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0))
    .map((type) => ({ type, ...filters }));
}

function suits({ item, left }: Row, { me, now }: View): boolean {
  const name = holder(item, now);
  return left === null && !waits(item, now) && (name === null || name === me) && item.created_by !== me;
}
