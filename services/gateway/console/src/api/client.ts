/** The HTTP side of the API: submit a task, read tasks. */
import type { Data, Problem, Task } from './types';

/** The request was refused; `problem` says why, in the reader's language. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    /** Seconds after which a repetition may help; 0 when the server named none. */
    readonly retryAfter: number,
  ) {
    super(problem.detail);
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.problem.status === 503 || this.problem.status === 429;
  }
}

/** The request did not reach the server, or its answer did not come back. */
export class Unreachable extends Error {}

export interface Api {
  /** Submit a task. `wait`: seconds to wait for its outcome. Throws `Refused` or `Unreachable`. */
  submit(action: string, data?: Data, options?: { wait?: number; key?: string }): Promise<Task>;
  /** A page of one's own tasks, newest first. */
  tasks(query: Record<string, string>): Promise<{ tasks: Task[]; next_cursor: string | null }>;
  /** One of one's own tasks. */
  task(id: string): Promise<Task>;
}

export interface ApiOptions {
  token: string;
  language: () => string;
  fetch?: typeof fetch;
  base?: string;
  /** Of the network as it is now; aborted when it is found dead, so that no request waits for an answer from it. */
  network?: () => AbortSignal;
  /** Told the server's time of each answer, and when the request was sent and answered (milliseconds). */
  onDate?: (date: number, sentAt: number, receivedAt: number) => void;
}

/** How long an answer may take beside the time for which it was asked to wait, in milliseconds: a connection that has
 *  fallen silent is not closed by anybody. */
const ANSWER_WITHIN = 15_000;

/** The API as one operator uses it. The token travels in a header, never in an address. */
export function createApi({ token, language, fetch: send = fetch, base = '', network, onDate }: ApiOptions): Api {
  async function call(path: string, init: RequestInit = {}, wait = 0): Promise<Record<string, unknown>> {
    const headers = { Authorization: `Bearer ${token}`, 'Accept-Language': language(), ...init.headers };
    let response: Response;
    let body: Record<string, unknown>;
    const sentAt = Date.now();
    const late = AbortSignal.timeout(ANSWER_WITHIN + wait * 1_000);
    const signal = network ? AbortSignal.any([late, network()]) : late;
    try {
      response = await send(`${base}${path}`, { cache: 'no-store', credentials: 'omit', signal, ...init, headers });
      const date = Date.parse(response.headers.get('Date') ?? '');
      if (date) onDate?.(date, sentAt, Date.now());
      body = (await response.json()) as Record<string, unknown>;
    } catch (error) {
      throw new Unreachable(String(error));
    }
    if (response.ok) return body;
    throw new Refused(body as unknown as Problem, Number(response.headers.get('Retry-After')) || 0);
  }

  return {
    async submit(action, data, { wait, key } = {}) {
      const task = action === 'login' ? { action, ...data } : { action, ...(data && { data }) };
      const headers: Record<string, string> = { 'Content-Type': 'application/json' };
      if (wait) headers.Prefer = `wait=${wait}`;
      if (key) headers['Idempotency-Key'] = key;
      const body = await call('/api/v1', { method: 'POST', headers, body: JSON.stringify({ task }) }, wait);
      return body.task as Task;
    },
    async tasks(query) {
      const body = await call(`/api/v1/tasks?${new URLSearchParams(query)}`);
      return body as { tasks: Task[]; next_cursor: string | null };
    },
    async task(id) {
      return (await call(`/api/v1/tasks/${id}`)).task as Task;
    },
  };
}
