/** What a role sees of the page. What it may do, the server tells at sign-in. */
import { ITEM_TYPES, type ItemType, type Role } from '../api/types';
import type { View } from './route';

/** Which role decides the items of each type. */
export const DECIDERS: Readonly<Record<ItemType, Role>> = { document: 'Compliance', transfer: 'Compliance', inquiry: 'Service' };

export function decides(role: Role): ItemType[] {
  return ITEM_TYPES.filter((type) => DECIDERS[type] === role);
}

/** The views of an operator who may do these actions, the first one first. */
export function viewsOf(actions: readonly string[]): View[] {
  const may = (action: string): boolean => actions.includes(action);
  const views: View[] = [];
  if (may('list_tasks')) views.push('desk');
  if (actions.some((action) => action.startsWith('create_'))) views.push('counter');
  views.push('tasks');
  if (may('get_statistics')) views.push('board');
  if (may('get_history')) views.push('record');
  if (may('list_operators')) views.push('operators');
  return views;
}
