import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/api/types';
import type { Session } from '../../src/state/session.svelte';
import { handed, Work } from '../../src/state/work.svelte';

const MINUTE = 60_000;

/** A session of Carol whose requests wait for `answers`, in the order in which they were made. */
function carol() {
  const asked: string[] = [];
  const answers: ((result: object) => void)[] = [];
  const submit = (action: string): Promise<Task> => {
    asked.push(action);
    return new Promise((resolve) => answers.push((result) => resolve({ id: 'x', status: 'succeeded', result } as unknown as Task)));
  };
  const session = {
    operator: { id: 3, name: 'Carol', role: 'Compliance', level: 2 },
    kept: [],
    may: () => true,
    desk: { learn: () => undefined },
    api: { submit },
    ask: submit,
  } as unknown as Session;
  return { session, asked, answers };
}

function item(version: number, seconds: number, claimed = true) {
  const claim = claimed ? { claimed_by: 'Carol', claimed_until: new Date(Date.now() + seconds * 1000).toISOString() } : { claimed_by: null, claimed_until: null };
  const document = { type: 'document', id: 7, version, status: 'pending', level: 1, created_by: 'Alice', cid: 1, content: '', ...claim };
  return { document, customer: { id: 1, name: 'Ada' } };
}

/** What has been begun goes on until it waits for an answer. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('work on an item', () => {
  it('is let go only after a renewal of the hold has been answered, which would take it again', async () => {
    const { session, asked, answers } = carol();
    const work = new Work(session, 'document', 7, handed(item(2, 600)));
    work.touch(Date.now() + MINUTE);
    void work.tick(Date.now() + 6 * MINUTE);
    expect(asked).toEqual(['get_task']);
    const released = work.release();
    await settled();
    expect(asked).toEqual(['get_task']);
    answers[0]!(item(2, 900));
    await settled();
    expect(asked).toEqual(['get_task', 'release_task']);
    answers[1]!(item(3, 0, false));
    expect(await released).toBe(true);
    expect(work.mine(Date.now())).toBe(false);
  });

  it('does not go back to what was read before something newer was told', async () => {
    const { session, answers } = carol();
    const work = new Work(session, 'document', 7, null);
    const loaded = work.load();
    void work.hear({ type: 'item', event: 'claimed', item: { ...item(3, 600).document, claimed_by: 'Bob' } } as never);
    answers[0]!(item(2, 0, false));
    await settled();
    answers[1]!({ customer: { id: 1, name: 'Ada' } });
    await settled();
    answers[2]!({ document: { ...item(3, 600).document, claimed_by: 'Bob' } });
    await loaded;
    await settled();
    expect(work.holder(Date.now())).toBe('Bob');
    expect(work.news).toContain('Bob');
  });
});
