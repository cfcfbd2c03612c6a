import { describe, expect, it } from 'vitest';
import type { Push, Task } from '../../src/api/types';
import { delay } from '../../src/live/backoff';
import { connectLive, liveAddress, type LiveState, type Socket } from '../../src/live/connection';
import { merged } from '../../src/live/merged';
import { Outcomes } from '../../src/live/outcomes';
import { Seen } from '../../src/live/seen';

const OPERATOR = { id: 3, name: 'Carol', role: 'Compliance', level: 2 } as const;

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  push(push: Push): void {
    this.onmessage?.({ data: JSON.stringify(push) });
  }
}

function task(id: string): Task {
  return { id, action: 'create_customer', status: 'succeeded', operator: null, data: {}, submitted_at: null, finished_at: null, result: {}, error: null };
}

function start() {
  const sockets: FakeSocket[] = [];
  const timers: { call: () => void; pause: number }[] = [];
  const states: LiveState[] = [];
  const tasks: string[] = [];
  const readies: boolean[] = [];
  const live = connectLive({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    token: 'secret',
    language: () => 'es',
    onTask: ({ id }) => tasks.push(id),
    onItem: () => undefined,
    onReady: (_operator, again) => readies.push(again),
    onState: (state) => states.push(state),
    random: () => 0,
    setTimer: (call, pause) => timers.push({ call, pause }),
    clearTimer: () => undefined,
  });
  const last = (): FakeSocket => sockets[sockets.length - 1] as FakeSocket;
  return { live, sockets, timers, states, tasks, readies, last };
}

describe('the live connection', () => {
  it('says hello with the token in the first message', () => {
    const { last } = start();
    last().onopen?.();
    expect(last().sent).toEqual([{ token: 'secret', since: null, language: 'es' }]);
  });

  it('asks after a loss for what was missed, and tells nothing twice', () => {
    const { last, timers, tasks, readies } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    last().push({ type: 'task', task: task('a') });
    last().push({ type: 'task', task: task('b') });
    last().onclose?.({ code: 1006 });
    timers[0]?.call();
    last().onopen?.();
    expect(last().sent[0]?.since).toBe('b');
    last().push({ type: 'ready', operator: OPERATOR });
    last().push({ type: 'task', task: task('b') });
    last().push({ type: 'task', task: task('c') });
    expect(tasks).toEqual(['a', 'b', 'c']);
    expect(readies).toEqual([false, true]);
  });

  it('has what has no replay read anew though no connection before was ready', () => {
    const { last, timers, readies } = start();
    last().onclose?.({ code: 1006 });
    timers[0]?.call();
    last().push({ type: 'ready', operator: OPERATOR });
    expect(readies).toEqual([true]);
  });

  it('waits longer after each failed attempt, and starts over once it was ready', () => {
    const { last, timers } = start();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      last().onclose?.({ code: 1006 });
      timers[attempt]?.call();
    }
    expect(timers.map(({ pause }) => pause)).toEqual([250, 500, 1000]);
    last().push({ type: 'ready', operator: OPERATOR });
    last().onclose?.({ code: 1006 });
    expect(timers[3]?.pause).toBe(250);
  });

  it('comes back soon after a restart of the gateway, and never after the session has ended', () => {
    const { last, timers, states } = start();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      last().onclose?.({ code: 1012 });
      expect(timers[attempt]?.pause).toBe(250);
      timers[attempt]?.call();
    }
    last().onclose?.({ code: 4401 });
    expect(timers).toHaveLength(4);
    expect(states.at(-1)).toBe('ended');
  });

  it('waits longer while the gateway says that it is busy or that there are too many connections', () => {
    const { last, timers } = start();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      last().onclose?.({ code: 1013 });
      timers[attempt]?.call();
    }
    expect(timers.map(({ pause }) => pause)).toEqual([250, 500, 1000]);
  });

  it('hears nothing from a connection that was given up', () => {
    const { live, sockets, last, tasks } = start();
    const old = last();
    live.restart();
    expect(old.closed).toBe(true);
    expect(sockets).toHaveLength(2);
    old.push({ type: 'task', task: task('late') });
    expect(tasks).toEqual([]);
  });

  it('tries at once when it is told to, and not after it was stopped', () => {
    const { live, sockets, last } = start();
    last().onclose?.({ code: 1006 });
    live.retry();
    expect(sockets).toHaveLength(2);
    live.stop();
    live.retry();
    expect(sockets).toHaveLength(2);
  });

  it('is given up when the network has gone, and is back when it is', () => {
    const { live, sockets, last, states } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    live.suspend();
    expect(states.at(-1)).toBe('waiting');
    expect(last().closed).toBe(true);
    live.restart();
    expect(sockets).toHaveLength(1);
    live.retry();
    expect(sockets).toHaveLength(2);
  });

  it('stands beside the page, with TLS where the page has it', () => {
    expect(liveAddress({ protocol: 'https:', host: 'office.example' })).toBe('wss://office.example/api/v1/ws');
    expect(liveAddress({ protocol: 'http:', host: '127.0.0.1:5000' })).toBe('ws://127.0.0.1:5000/api/v1/ws');
  });
});

describe('the pause before the next attempt', () => {
  it('doubles up to half a minute, with jitter', () => {
    expect([0, 1, 2].map((attempt) => delay(attempt, () => 1))).toEqual([500, 1000, 2000]);
    expect(delay(30, () => 1)).toBe(30_000);
    expect(delay(3, () => 0)).toBe(2_000);
  });
});

describe('what was told already', () => {
  it('remembers the last ones only', () => {
    const seen = new Seen(2);
    expect(['a', 'b', 'c', 'c', 'a'].map((id) => seen.add(id))).toEqual([true, true, true, false, true]);
  });
});

describe('outcomes by the live connection', () => {
  it('are handed over whether they come before or after they are waited for', async () => {
    const outcomes = new Outcomes();
    outcomes.hear(task('early'));
    await expect(outcomes.of('early', 1_000)).resolves.toMatchObject({ id: 'early' });
    const late = outcomes.of('late', 1_000);
    outcomes.hear(task('late'));
    await expect(late).resolves.toMatchObject({ id: 'late' });
  });

  it('are given up after a while', async () => {
    await expect(new Outcomes().of('never', 1)).rejects.toThrow('no outcome');
  });
});

describe('the list of my tasks', () => {
  const accepted = (id: string): Task => ({ ...task(id), status: 'accepted', result: null });
  const ids = (tasks: readonly Task[]): string[] => tasks.map(({ id }) => id);

  it('is newest first, in whatever order they are told', () => {
    expect(ids(merged([], [task('b'), task('d'), task('a'), task('c')]))).toEqual(['d', 'c', 'b', 'a']);
  });

  it('takes an outcome in place, and nothing back', () => {
    const known = merged([], [accepted('a'), accepted('b')]);
    const done = merged(known, [task('a')]);
    expect(done.map(({ status }) => status)).toEqual(['accepted', 'succeeded']);
    expect(merged(done, [accepted('a')])[1]?.status).toBe('succeeded');
    expect(known.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
  });

  it('keeps the data that only who asked knows', () => {
    const known = merged([], [{ ...accepted('a'), data: { name: 'Ada' } }]);
    expect(merged(known, [{ ...task('a'), data: null }])[0]?.data).toEqual({ name: 'Ada' });
  });
});
