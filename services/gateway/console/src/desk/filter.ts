/** Which rows of the queue are shown, and in which order. */
import { ITEM_TYPES, type ItemType } from '../api/types';
import { holder, waits, type Key, type Row } from './queue';
import { fold, plainAmount, type Marks } from './text';

export type Held = 'any' | 'free' | 'mine' | 'others' | 'waiting';
export type SortBy = 'age' | 'type' | 'customer' | 'subject' | 'level' | 'holder';

/** A view of the desk; saved views are these with a name. */
export interface Filter {
  text: string;
  types: ItemType[];
  levels: number[];
  held: Held;
  sortBy: SortBy;
  descending: boolean;
}

export const NO_FILTER: Filter = {
  text: '',
  types: [],
  levels: [],
  held: 'any',
  sortBy: 'age',
  descending: false,
};

/** Who looks, when, and how their language orders and writes. */
export interface Reader {
  name: string;
  now: number;
  compare: (a: string, b: string) => number;
  /** What a type is called. */
  typeName: (type: ItemType) => string;
  marks: Marks;
  /** The items in whose whole texts the server found a word: a row has the beginning of its text alone. */
  found: ReadonlyMap<string, ReadonlySet<Key>>;
}

/** The rows that pass, in order; `kept` too, whether it passes or not. The input stays as it is. */
export function select(rows: readonly Row[], filter: Filter, reader: Reader, kept: Key | null = null): Row[] {
  const passes = passing(filter, reader);
  const selected = rows.filter((row) => row.key === kept || passes(row));
  const sign = filter.descending ? -1 : 1;
  const compare = COMPARE[filter.sortBy];
  return selected.sort((a, b) => sign * (compare(a, b, reader) || byAge(a, b)));
}

/** The filter without what this operator never lists: another role may have left it behind. */
export function within(filter: Filter, types: readonly ItemType[], level: number): Filter {
  return {
    ...filter,
    types: filter.types.filter((type) => types.includes(type)),
    levels: filter.levels.filter((each) => each <= level),
  };
}

/** Whether a row passes the filter. */
export function passing(filter: Filter, reader: Reader): (row: Row) => boolean {
  const words = wordsOf(filter);
  return (row) =>
    (filter.types.length === 0 || filter.types.includes(row.item.type)) &&
    (filter.levels.length === 0 || filter.levels.includes(row.item.level)) &&
    passesHeld(row, filter.held, reader) &&
    (words.length === 0 || passesText(row, words, reader));
}

/** The words of the filter's text, each of which has to be found. */
export function wordsOf(filter: Filter): string[] {
  return fold(filter.text).split(' ').filter(Boolean);
}

export function isFiltered(filter: Filter): boolean {
  return filter.text.trim() !== '' || filter.types.length > 0 || filter.levels.length > 0 || filter.held !== 'any';
}

function passesHeld({ item }: Row, held: Held, reader: Reader): boolean {
  if (held === 'any') return true;
  if (held === 'waiting') return waits(item, reader.now);
  const name = holder(item, reader.now);
  if (held === 'free') return name === null && !waits(item, reader.now);
  return held === 'mine' ? name === reader.name : name !== null && name !== reader.name;
}

function passesText(row: Row, words: string[], { typeName, marks, found }: Reader): boolean {
  const text = foldedText(row);
  const names = namesOf(row.item.type, typeName);
  return words.every(
    (word) => text.includes(word) || names.some((name) => name.startsWith(word)) || text.includes(plainAmount(word, marks)) || found.get(word)?.has(row.key),
  );
}

/** Whether the server understands the words as they are meant here: it knows neither languages nor ways to write numbers. */
export function areServers(words: readonly string[], { typeName, marks }: Pick<Reader, 'typeName' | 'marks'>): boolean {
  const isName = (word: string): boolean =>
    ITEM_TYPES.some((type) => !type.includes(word) && namesOf(type, typeName).some((name) => name.startsWith(word)));
  return words.every((word) => plainAmount(word, marks) === word && !isName(word));
}

function namesOf(type: ItemType, typeName: Reader['typeName']): string[] {
  return fold(typeName(type)).split(' ');
}

const folded = new WeakMap<Row['item'], string>();

/** What a row shows, folded once. */
function foldedText({ item }: Row): string {
  let text = folded.get(item);
  if (text === undefined) {
    text = fold(`${item.type} ${item.id} ${item.customer_name} ${item.amount ?? ''} ${item.currency ?? ''} ${item.text ?? ''}`);
    folded.set(item, text);
  }
  return text;
}

/** Oldest first, then by type and id, as the server lists them. */
function byAge({ item: a }: Row, { item: b }: Row): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return byNumber(a, b);
}

function byNumber(a: Row['item'], b: Row['item']): number {
  if (a.type !== b.type) return a.type < b.type ? -1 : 1;
  return a.id - b.id;
}

type Compare = (a: Row, b: Row, reader: Reader) => number;

const COMPARE: Record<SortBy, Compare> = {
  age: byAge,
  type: (a, b) => byNumber(a.item, b.item),
  customer: ({ item: a }, { item: b }, reader) => reader.compare(a.customer_name, b.customer_name),
  // Amounts of different currencies are not comparable, so those of one currency stand together.
  subject: ({ item: a }, { item: b }, reader) =>
    reader.compare(a.currency ?? '', b.currency ?? '') ||
    Number(a.amount ?? -1) - Number(b.amount ?? -1) || reader.compare(a.text ?? '', b.text ?? ''),
  level: (a, b) => a.item.level - b.item.level,
  holder: (a, b, reader) => reader.compare(holder(a.item, reader.now) ?? '', holder(b.item, reader.now) ?? ''),
};
