/** When a decision asks once before it is sent. */
import type { Item } from '../api/types';

/** From this amount on, in whatever currency, an approval asks.
 *
 *  A constant: it guards against a slip of the finger and is no rule. Who may approve how much is the item's level, which
 *  the server checks; it knows of no limit that the page could ask it for. */
export const ASKS_FROM = 10_000;

export function asksBefore(item: Item, approved: boolean): boolean {
  return !approved || (item.type === 'transfer' && Number(item.amount) >= ASKS_FROM);
}
