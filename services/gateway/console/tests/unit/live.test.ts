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
  let timer: { call: () => void; pause: number } | null = null;
  const states: (LiveState | 'silent')[] = [];
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
    onSilent: () => states.push('silent'),
    random: () => 0,
    setTimer: (call, pause) => (timer = { call, pause }),
    clearTimer: (given) => {
      if (given === timer) timer = null;
    },
  });
  /** The pause that is waited for; it is over. */
  const pass = (): number => {
    const { call, pause } = timer!;
    timer = null;
    call();
    return pause;
  };
  const last = (): FakeSocket => sockets[sockets.length - 1] as FakeSocket;
  return { live, sockets, pass, states, tasks, readies, last, waits: () => timer !== null };
}

describe('the live connection', () => {
  it('says hello with the token in the first message', () => {
    const { last } = start();
    last().onopen?.();
    expect(last().sent).toEqual([{ token: 'secret', since: null, language: 'es' }]);
  });

  it('asks after a loss for what was missed, and tells nothing twice', () => {
    const { last, pass, tasks, readies } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    last().push({ type: 'task', task: task('a') });
    last().push({ type: 'task', task: task('b') });
    last().onclose?.({ code: 1006 });
    pass();
    last().onopen?.();
    expect(last().sent[0]?.since).toBe('b');
    last().push({ type: 'ready', operator: OPERATOR });
    last().push({ type: 'task', task: task('b') });
    last().push({ type: 'task', task: task('c') });
    expect(tasks).toEqual(['a', 'b', 'c']);
    expect(readies).toEqual([false, true]);
  });

  it('has what has no replay read anew though no connection before was ready', () => {
    const { last, pass, readies } = start();
    last().onclose?.({ code: 1006 });
    pass();
    last().push({ type: 'ready', operator: OPERATOR });
    expect(readies).toEqual([true]);
  });

  it('waits longer after each failed attempt, and starts over once it was ready', () => {
    const { last, pass } = start();
    const pauses = [1, 2, 3].map(() => {
      last().onclose?.({ code: 1006 });
      return pass();
    });
    expect(pauses).toEqual([250, 500, 1000]);
    last().push({ type: 'ready', operator: OPERATOR });
    last().onclose?.({ code: 1006 });
    expect(pass()).toBe(250);
  });

  it('comes back soon after a restart of the gateway, and never after the session has ended', () => {
    const { last, pass, states, waits } = start();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      last().onclose?.({ code: 1012 });
      expect(pass()).toBe(250);
    }
    last().onclose?.({ code: 4401 });
    expect(waits()).toBe(false);
    expect(states.at(-1)).toBe('ended');
  });

  it('waits longer while the gateway says that it is busy or that there are too many connections', () => {
    const { last, pass } = start();
    const pauses = [1, 2, 3].map(() => {
      last().onclose?.({ code: 1013 });
      return pass();
    });
    expect(pauses).toEqual([250, 500, 1000]);
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
    live.check();
    expect(sockets).toHaveLength(2);
    live.stop();
    live.check();
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
    live.check();
    expect(sockets).toHaveLength(2);
  });

  it('asks a silent connection for a sign of life every half minute, and replaces one that gives none', () => {
    const { sockets, last, pass, states, readies } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    for (let time = 0; time < 3; time += 1) {
      expect(pass()).toBe(30_000);
      expect(last().sent.at(-1)).toEqual({ type: 'ping' });
      last().push({ type: 'pong' });
    }
    expect(sockets).toHaveLength(1);
    pass();
    const silent = last();
    expect(pass()).toBe(10_000);
    expect([silent.closed, ...states.slice(-2)]).toEqual([true, 'silent', 'waiting']);
    expect(pass()).toBe(0);
    last().push({ type: 'ready', operator: OPERATOR });
    expect([states.at(-1), ...readies]).toEqual(['live', false, true]);
  });

  it('takes whatever arrives for a sign of life', () => {
    const { sockets, last, pass } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    pass();
    last().push({ type: 'task', task: task('a') });
    expect(pass()).toBe(30_000);
    expect(sockets).toHaveLength(1);
  });

  it('is checked at once when it is told to, and a check that is under way is not prolonged', () => {
    const { live, last, pass, waits } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    for (let time = 0; time < 3; time += 1) live.check();
    expect(last().sent).toEqual([{ type: 'ping' }]);
    expect(pass()).toBe(10_000);
    expect(waits()).toBe(true);
  });

  it('gives up an attempt that is never answered', () => {
    const { sockets, pass, states } = start();
    expect(pass()).toBe(15_000);
    expect(sockets[0]?.closed).toBe(true);
    expect(states).toEqual(['connecting', 'waiting']);
    expect(pass()).toBe(250);
    expect(sockets).toHaveLength(2);
    expect(pass()).toBe(15_000);
    expect(pass()).toBe(500);
  });

  it('waits for nothing once it was stopped or suspended', () => {
    const { live, last, waits } = start();
    last().push({ type: 'ready', operator: OPERATOR });
    live.suspend();
    expect(waits()).toBe(false);
    live.check();
    live.stop();
    expect(waits()).toBe(false);
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
