import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dismiss, holdToasts, say, toast } from '../../src/state/toasts.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  holdToasts(false);
  vi.runAllTimers();
  vi.useRealTimers();
});

describe('short news', () => {
  it('are shown one at a time, each long enough to be read', () => {
    say('first');
    say('second');
    expect(toast()?.text).toBe('first');
    vi.advanceTimersByTime(2_400);
    expect(toast()?.text).toBe('first');
    vi.advanceTimersByTime(200);
    expect(toast()?.text).toBe('second');
    vi.advanceTimersByTime(6_800);
    expect(toast()?.text).toBe('second');
    vi.advanceTimersByTime(400);
    expect(toast()).toBeNull();
  });

  it('wait while one reads them, and go when they are dismissed', () => {
    say('first');
    say('second');
    holdToasts(true);
    vi.advanceTimersByTime(60_000);
    expect(toast()?.text).toBe('first');
    dismiss(toast()!.id);
    expect(toast()?.text).toBe('second');
  });

  it('are not told twice, and do not pile up', () => {
    for (let count = 1; count <= 20; count += 1) say(`number ${count}`);
    say('number 20');
    const told: string[] = [];
    for (let shown = toast(); shown; shown = toast()) {
      told.push(shown.text);
      dismiss(shown.id);
    }
    expect(told).toEqual(['number 1', 'number 18', 'number 19', 'number 20']);
  });
});
