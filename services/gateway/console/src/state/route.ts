/** Where in the page one is: the part of the address behind the `#`. It never holds a token. */
import { ITEM_TYPES, type ItemType } from '../api/types';

export type View = 'desk' | 'counter' | 'tasks' | 'board' | 'record' | 'operators';
export const VIEWS: readonly View[] = ['desk', 'counter', 'tasks', 'board', 'record', 'operators'];

export interface Route {
  view: View | null;
  /** What of the view: an item, or an operator in the record. */
  subject: { type: ItemType | 'operator' | 'customer'; id: number } | null;
  rest: string[];
}

export function parseRoute(hash: string): Route {
  const [name = '', ...rest] = hash.replace(/^#?\/?/, '').split('/').filter(Boolean);
  const view = (VIEWS as readonly string[]).includes(name) ? (name as View) : null;
  const [type = '', id = ''] = rest;
  const known = [...ITEM_TYPES, 'operator', 'customer'] as readonly string[];
  const subject =
    known.includes(type) && /^[1-9]\d{0,14}$/.test(id)
      ? { type: type as ItemType | 'operator' | 'customer', id: Number(id) }
      : null;
  return { view, subject, rest };
}

export function address(view: View, type?: string, id?: number): string {
  return type && id ? `#/${view}/${type}/${id}` : `#/${view}`;
}
