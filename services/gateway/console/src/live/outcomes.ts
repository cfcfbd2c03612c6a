/** Outcomes that are taken from the live connection rather than waited for over HTTP. */
import type { Task } from '../api/types';

const KEPT = 100;

/** Hands each outcome to whoever waits for it, whichever of the two comes first. */
export class Outcomes {
  private readonly waiting = new Map<string, (task: Task) => void>();
  private readonly early = new Map<string, Task>();

  hear(task: Task): void {
    const take = this.waiting.get(task.id);
    if (take) {
      this.waiting.delete(task.id);
      take(task);
      return;
    }
    this.early.set(task.id, task);
    if (this.early.size > KEPT) this.early.delete(this.early.keys().next().value as string);
  }

  /** The outcome as it is pushed; rejects when it has not come within `milliseconds`. */
  of(id: string, milliseconds: number): Promise<Task> {
    const early = this.early.get(id);
    if (early) {
      this.early.delete(id);
      return Promise.resolve(early);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error('no outcome in time'));
      }, milliseconds);
      this.waiting.set(id, (task) => {
        clearTimeout(timer);
        resolve(task);
      });
    });
  }
}
