/** The list of one's tasks, as outcomes arrive. */
import type { Task } from '../api/types';

/** The tasks with these among them, newest first: ids are in the order of their making. A finished task does not go back to
 *  being accepted. Most are as new as can be, so their place is looked for from the front. */
export function merged(known: readonly Task[], tasks: readonly Task[]): Task[] {
  const all = [...known];
  for (const task of tasks) {
    let place = 0;
    while (place < all.length && (all[place] as Task).id > task.id) place += 1;
    const old = all[place]?.id === task.id ? all[place] : undefined;
    if (old && old.status !== 'accepted') continue;
    all.splice(place, old ? 1 : 0, { ...old, ...task, data: task.data ?? old?.data ?? null });
  }
  return all;
}
