import { describe, expect, it, vi } from 'vitest';
import { Refused, type Api } from '../../src/api/client';
import { run } from '../../src/api/run';
import type { Problem, Task } from '../../src/api/types';

const refusal = (status: number, retryAfter: number) => new Refused({ status, detail: 'refused' } as Problem, retryAfter);
const done = { status: 'succeeded', result: { ok: true } } as unknown as Task;

/** An API that refuses so often before it takes a task. */
function refusing(times: number, refused: Refused): { api: Api; submit: ReturnType<typeof vi.fn> } {
  const submit = vi.fn(async () => {
    if (submit.mock.calls.length <= times) throw refused;
    return done;
  });
  return { api: { submit } as unknown as Api, submit };
}

async function ran(api: Api): Promise<unknown> {
  vi.useFakeTimers();
  const outcome = run(api, 'get_transfer', { id: 1 }).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  vi.useRealTimers();
  return outcome;
}

describe('a task for which there is no room', () => {
  it('is submitted again until there is', async () => {
    const { api, submit } = refusing(3, refusal(429, 1));
    expect(await ran(api)).toEqual({ ok: true });
    expect(submit).toHaveBeenCalledTimes(4);
  });

  it('is given up after some tries', async () => {
    const refused = refusal(429, 1);
    const { api, submit } = refusing(99, refused);
    expect(await ran(api)).toBe(refused);
    expect(submit).toHaveBeenCalledTimes(5);
  });

  it('is not repeated when the limit lasts, or for another reason', async () => {
    for (const refused of [refusal(429, 60), refusal(422, 0), refusal(503, 1)]) {
      const { api, submit } = refusing(99, refused);
      expect(await ran(api)).toBe(refused);
      expect(submit).toHaveBeenCalledTimes(1);
    }
  });
});
