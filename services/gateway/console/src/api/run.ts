/** Tasks of which the page needs the outcome before it goes on. */
import { Refused, type Api } from './client';
import type { Data, Task, TaskError } from './types';

const WAIT_SECONDS = 20;
const ATTEMPTS = 5;
/** A limit that lasts for longer is the reader's to know. */
const SOON_SECONDS = 2;

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

/** Submit a task and wait for its result. While there is no room for it, since other pages of the same operator ask for
 *  much, it is submitted again. Throws `Failed`, `Pending`, `Refused` or `Unreachable`. */
export async function run<Result = Record<string, unknown>>(
  api: Api,
  action: string,
  data?: Data,
  key?: string,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const task = await api.submit(action, data, key ? { wait: WAIT_SECONDS, key } : { wait: WAIT_SECONDS });
      return resultOf<Result>(task);
    } catch (error) {
      if (!hasNoRoom(error) || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, error.retryAfter) * 1_000));
    }
  }
}

/** Whether a task was not accepted because others have to finish first, which they do within seconds. */
function hasNoRoom(error: unknown): error is Refused {
  return error instanceof Refused && error.problem.status === 429 && error.retryAfter <= SOON_SECONDS;
}

/** A finished task's result. Throws `Failed` or `Pending`. */
export function resultOf<Result = Record<string, unknown>>(task: Task): Result {
  if (task.status === 'succeeded') return task.result as Result;
  if (task.status === 'failed' && task.error) throw new Failed(task.error, task);
  throw new Pending(task);
}
