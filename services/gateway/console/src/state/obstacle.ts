/** Why an operator cannot decide an item, whatever happens to it meanwhile. */
import type { Item, Operator, Role } from '../api/types';
import { t } from './language.svelte';
import { DECIDERS } from './roles';

export type Obstacle = { why: 'role'; role: Role } | { why: 'level'; required: number; yours: number } | { why: 'own' };

/** The first reason that the server would give; null when the operator may decide the item. */
export function obstacleOf(
  item: Pick<Item, 'type' | 'level' | 'created_by'>,
  operator: Pick<Operator, 'name' | 'role' | 'level'>,
): Obstacle | null {
  const role = DECIDERS[item.type];
  if (role !== operator.role) return { why: 'role', role };
  if (item.level > operator.level) return { why: 'level', required: item.level, yours: operator.level };
  return item.created_by === operator.name ? { why: 'own' } : null;
}

/** Whether the operator may read the record of the item: an Admin, and whoever may decide it by role and level. */
export function mayReadRecord(item: Parameters<typeof obstacleOf>[0], operator: Parameters<typeof obstacleOf>[1]): boolean {
  const obstacle = obstacleOf(item, operator);
  return operator.role === 'Admin' || obstacle === null || obstacle.why === 'own';
}

/** The sentence that says why. */
export function obstacleText(obstacle: Obstacle): string {
  if (obstacle.why === 'role') return t('item.obstacle.role', { role: t(`role.${obstacle.role}`) });
  if (obstacle.why === 'level') return t('item.obstacle.level', { required: obstacle.required, yours: obstacle.yours });
  return t('item.obstacle.own');
}
