/** Which type to ask for when the operator takes what is next. */
import type { ItemType } from '../api/types';
import { holder, type Row } from './queue';

/** The types to ask for, best first: that of the oldest item that is free or mine, then the others. */
export function typesToAsk(allowed: readonly ItemType[], rows: readonly Row[], me: string, now: number): ItemType[] {
  const oldest = new Map<ItemType, string>();
  for (const { item, left } of rows) {
    const name = holder(item, now);
    if (left || (name !== null && name !== me) || item.created_by === me) continue;
    const known = oldest.get(item.type);
    if (known === undefined || item.created_at < known) oldest.set(item.type, item.created_at);
  }
  const age = (type: ItemType): string => oldest.get(type) ?? '~';
  return [...allowed].sort((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0));
}
