/** Tasks of which the page needs the outcome before it goes on. */
import type { Api } from './client';
import type { Data, Task, TaskError } from './types';

const WAIT_SECONDS = 20;

/** The task was executed, and ended with an error. */
export class Failed extends Error {
  constructor(
    readonly error: TaskError,
    readonly task: Task,
  ) {
    super(error.message);
  }
}

/** The task is durable, but its outcome has not come in time; it will. */
export class Pending extends Error {
  constructor(readonly task: Task) {
    super('pending');
  }
}

/** Submit a task and wait for its result. Throws `Failed`, `Pending`, `Refused` or `Unreachable`. */
export async function run<Result = Record<string, unknown>>(
  api: Api,
  action: string,
  data?: Data,
  key?: string,
): Promise<Result> {
  const task = await api.submit(action, data, key ? { wait: WAIT_SECONDS, key } : { wait: WAIT_SECONDS });
  return resultOf<Result>(task);
}

/** A finished task's result. Throws `Failed` or `Pending`. */
export function resultOf<Result = Record<string, unknown>>(task: Task): Result {
  if (task.status === 'succeeded') return task.result as Result;
  if (task.status === 'failed' && task.error) throw new Failed(task.error, task);
  throw new Pending(task);
}
