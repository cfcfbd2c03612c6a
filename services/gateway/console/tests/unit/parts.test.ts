import { describe, expect, it } from 'vitest';
import { part, type Page } from '../../src/state/parts';

function page(isServed = true) {
  const kept = new Map<string, string>();
  const state = { reloads: 0, now: 1_000_000 };
  const it: Page = {
    storage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) },
    reload: () => (state.reloads += 1),
    isServed: async () => isServed,
    now: () => state.now,
    pause: async (milliseconds) => {
      // What is waited for comes first, unless it never comes.
      for (let turn = 0; turn < milliseconds / 1_000; turn += 1) await Promise.resolve();
    },
  };
  return { state, page: it };
}

const gone = (): Promise<never> => Promise.reject(new Error('404'));

describe('a part of the page', () => {
  it('is there when it can be loaded', async () => {
    const { state, page: here } = page();
    await expect(part(async () => 'board', here)).resolves.toBe('board');
    expect(state.reloads).toBe(0);
  });

  it('that is gone has the page loaded again, once', async () => {
    const { state, page: here } = page();
    await expect(part(gone, here)).rejects.toThrow('404');
    expect(state.reloads).toBe(1);
    await expect(part(gone, here)).rejects.toThrow('404');
    expect(state.reloads).toBe(1);
    state.now += 60_000;
    await expect(part(gone, here)).rejects.toThrow('404');
    expect(state.reloads).toBe(2);
  });

  it('that does not come has the page loaded again too', async () => {
    const { state, page: here } = page();
    await expect(part(() => new Promise(() => undefined), here)).rejects.toThrow('in time');
    expect(state.reloads).toBe(1);
  });

  it('does not take the page away while there is no network', async () => {
    const { state, page: here } = page(false);
    await expect(part(gone, here)).rejects.toThrow('404');
    expect(state.reloads).toBe(0);
  });
});
