import { describe, expect, it } from 'vitest';
import type { QueueItem } from '../../src/api/types';
import { isFiltered, NO_FILTER, select, type Reader } from '../../src/desk/filter';
import { clock, lease, shouldRenew } from '../../src/desk/lease';
import { asksBefore } from '../../src/desk/limit';
import { typesToAsk } from '../../src/desk/next';
import { FAREWELL, holder, Queue } from '../../src/desk/queue';
import { readViews, withView, writeViews } from '../../src/desk/views';
import { reveal, slice } from '../../src/desk/window';

const NOON = Date.parse('2026-11-24T12:00:00Z');
const reader: Reader = { name: 'Carol', now: NOON, compare: (a, b) => a.localeCompare(b) };

function item(change: Partial<QueueItem> = {}): QueueItem {
  return {
    type: 'transfer',
    id: 1,
    level: 1,
    status: 'pending',
    version: 1,
    claimed_by: null,
    claimed_until: null,
    cid: 1,
    customer_name: 'Ada Lovelace',
    text: null,
    amount: '250.00',
    currency: 'USD',
    created_at: '2026-11-24T11:00:00Z',
    created_by: 'Alice',
    decided_by: null,
    ...change,
  };
}

function queueOf(...items: QueueItem[]): Queue {
  const queue = new Queue(2);
  queue.take(items, NOON);
  return queue;
}

const ids = (rows: { item: QueueItem }[]): number[] => rows.map(({ item: { id } }) => id);

describe('the queue', () => {
  it('takes in what events tell, and needs no reading when they tell enough', () => {
    const queue = queueOf(item());
    expect(queue.hear(item({ version: 2, claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }), NOON)).toBe(true);
    expect(queue.get('transfer/1')?.item.claimed_by).toBe('Bob');
    expect(queue.hear(item({ id: 2 }), NOON)).toBe(true);
    expect(queue.size).toBe(2);
    const { type, id, level, status, version, claimed_by, claimed_until } = item({ id: 3 });
    expect(queue.hear({ type, id, level, status, version, claimed_by, claimed_until }, NOON)).toBe(false);
    expect(queue.size).toBe(2);
  });

  it('changes nothing for an event that comes late', () => {
    const queue = queueOf(item({ version: 3 }));
    queue.hear(item({ version: 2, claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }), NOON);
    expect(queue.get('transfer/1')?.item.claimed_by).toBeNull();
  });

  it('takes in a renewed claim of the same version, and not an older one', () => {
    const queue = queueOf(item({ version: 2, claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }));
    queue.hear(item({ version: 2, claimed_by: 'Bob', claimed_until: '2026-11-24T12:20:00Z' }), NOON);
    queue.hear(item({ version: 2, claimed_by: 'Bob', claimed_until: '2026-11-24T12:15:00Z' }), NOON);
    expect(queue.get('transfer/1')?.item.claimed_until).toBe('2026-11-24T12:20:00Z');
  });

  it('shows for a moment how a decided item left, and does not let an old page bring it back', () => {
    const queue = queueOf(item());
    queue.hear(item({ version: 2, status: 'approved', decided_by: 'Bob' }), NOON);
    expect(queue.get('transfer/1')?.left).toEqual({ how: 'approved', at: NOON });
    expect(queue.sweep(NOON + FAREWELL - 1)).toBe(false);
    expect(queue.sweep(NOON + FAREWELL)).toBe(true);
    queue.take([item()], NOON);
    expect(queue.size).toBe(0);
  });

  it('lets go of what was escalated above its reader', () => {
    const queue = queueOf(item());
    queue.hear(item({ version: 2, level: 3 }), NOON);
    expect(queue.get('transfer/1')?.left?.how).toBe('escalated');
    queue.hear(item({ id: 9, level: 3 }), NOON);
    expect(queue.get('transfer/9')).toBeUndefined();
  });

  it('drops after a listing what it did not hold, unless an event told of it meanwhile', () => {
    const queue = queueOf(item(), item({ id: 2 }), item({ id: 3 }));
    queue.keepOnly(new Set(['transfer/1']), new Set(['transfer/3']));
    expect(ids(queue.all())).toEqual([1, 3]);
  });

  it('reads a lapsed claim as none', () => {
    expect(holder(item({ claimed_by: 'Bob', claimed_until: '2026-11-24T12:00:01Z' }), NOON)).toBe('Bob');
    expect(holder(item({ claimed_by: 'Bob', claimed_until: '2026-11-24T12:00:00Z' }), NOON)).toBeNull();
  });
});

describe('the filter', () => {
  const rows = queueOf(
    item({ id: 1, created_at: '2026-11-24T11:00:00Z', amount: '9.50' }),
    item({ id: 2, created_at: '2026-11-24T10:00:00Z', amount: '100.00', level: 2, customer_name: 'Grace Hopper' }),
    item({ id: 3, type: 'document', text: 'Passport', amount: null, created_at: '2026-11-24T10:30:00Z' }),
    item({ id: 4, claimed_by: 'Carol', claimed_until: '2026-11-24T12:10:00Z' }),
    item({ id: 5, claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }),
  ).all();

  it('shows the oldest first', () => {
    expect(ids(select(rows, NO_FILTER, reader))).toEqual([2, 3, 1, 4, 5]);
  });

  it('narrows by type, level, holder and words of any column', () => {
    expect(ids(select(rows, { ...NO_FILTER, types: ['document'] }, reader))).toEqual([3]);
    expect(ids(select(rows, { ...NO_FILTER, levels: [2] }, reader))).toEqual([2]);
    expect(ids(select(rows, { ...NO_FILTER, held: 'mine' }, reader))).toEqual([4]);
    expect(ids(select(rows, { ...NO_FILTER, held: 'others' }, reader))).toEqual([5]);
    expect(ids(select(rows, { ...NO_FILTER, held: 'free' }, reader))).toEqual([2, 3, 1]);
    expect(ids(select(rows, { ...NO_FILTER, text: 'hopper 100' }, reader))).toEqual([2]);
    expect(ids(select(rows, { ...NO_FILTER, text: 'pass' }, reader))).toEqual([3]);
  });

  it('sorts amounts as numbers, and turns round', () => {
    const sorted = { ...NO_FILTER, types: ['transfer' as const], held: 'free' as const, sortBy: 'subject' as const };
    expect(ids(select(rows, sorted, reader))).toEqual([1, 2]);
    expect(ids(select(rows, { ...sorted, descending: true }, reader))).toEqual([2, 1]);
  });

  it('knows whether it narrows', () => {
    expect(isFiltered(NO_FILTER)).toBe(false);
    expect(isFiltered({ ...NO_FILTER, sortBy: 'level' })).toBe(false);
    expect(isFiltered({ ...NO_FILTER, text: 'x' })).toBe(true);
  });
});

describe('the rows in the document', () => {
  it('are those in sight and some beyond', () => {
    expect(slice(10_000, 40, 4_000, 400, 5)).toEqual({ first: 95, end: 115 });
    expect(slice(3, 40, 0, 400)).toEqual({ first: 0, end: 3 });
    expect(slice(3, 40, 9_000, 400).end).toBe(3);
    expect(slice(0, 40, 0, 400)).toEqual({ first: 0, end: 0 });
  });

  it('are scrolled to only when they are not wholly in sight', () => {
    expect(reveal(5, 40, 0, 400)).toBeNull();
    expect(reveal(20, 40, 0, 400)).toBe(440);
    expect(reveal(2, 40, 200, 400)).toBe(80);
  });
});

describe('the lease', () => {
  const until = '2026-11-24T12:15:00Z';

  it('counts down', () => {
    expect(lease(until, NOON)).toEqual({ left: 900_000, ending: false });
    expect(lease(until, NOON + 845_000)).toEqual({ left: 55_000, ending: true });
    expect(lease(until, NOON + 1e9)).toEqual({ left: 0, ending: true });
    expect(lease(null, NOON)).toBeNull();
    expect(clock(899_001)).toBe('15:00');
    expect(clock(61_000)).toBe('1:01');
  });

  it('is renewed at half time, and only for somebody who works', () => {
    expect(shouldRenew(NOON, until, NOON + 10, NOON + 449_000)).toBe(false);
    expect(shouldRenew(NOON, until, NOON + 10, NOON + 450_000)).toBe(true);
    expect(shouldRenew(NOON, until, NOON, NOON + 450_000)).toBe(false);
    expect(shouldRenew(NOON, until, NOON + 10, NOON + 900_000)).toBe(false);
  });
});

describe('what is next', () => {
  it('is of the type whose oldest free item has waited longest', () => {
    const rows = queueOf(
      item({ id: 1, created_at: '2026-11-24T09:00:00Z', claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }),
      item({ id: 2, created_at: '2026-11-24T11:00:00Z' }),
      item({ id: 3, type: 'document', created_at: '2026-11-24T10:00:00Z' }),
    ).all();
    expect(typesToAsk(['transfer', 'document'], rows, 'Carol', NOON)).toEqual(['document', 'transfer']);
    expect(typesToAsk(['transfer'], rows, 'Carol', NOON)).toEqual(['transfer']);
    expect(typesToAsk(['document', 'transfer'], [], 'Carol', NOON)).toEqual(['document', 'transfer']);
  });

  it('is not what one has created oneself', () => {
    const rows = queueOf(
      item({ id: 1, type: 'document', created_at: '2026-11-24T09:00:00Z', created_by: 'Carol' }),
      item({ id: 2, created_at: '2026-11-24T11:00:00Z' }),
    ).all();
    expect(typesToAsk(['document', 'transfer'], rows, 'Carol', NOON)).toEqual(['transfer', 'document']);
  });
});

describe('a decision', () => {
  const transfer = (amount: string) => ({ ...item(), type: 'transfer', amount, currency: 'USD', decided_at: null, reason: null }) as never;

  it('asks once when it rejects, or approves a large transfer', () => {
    expect(asksBefore(transfer('9999.99'), true)).toBe(false);
    expect(asksBefore(transfer('10000.00'), true)).toBe(true);
    expect(asksBefore(transfer('1.00'), false)).toBe(true);
  });
});

describe('saved views', () => {
  it('are kept by operator, replaced by name, and survive what cannot be read', () => {
    const kept = new Map<string, string>();
    const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, text: string) => void kept.set(name, text) };
    const mine = { name: 'Large', filter: { ...NO_FILTER, text: '000' } };
    writeViews(storage, 3, withView(withView([], mine), { ...mine, filter: { ...NO_FILTER, text: '0000' } }));
    expect(readViews(storage, 3)).toEqual([{ name: 'Large', filter: { ...NO_FILTER, text: '0000' } }]);
    expect(readViews(storage, 4)).toEqual([]);
    kept.set('backoffice.views.3', '{broken');
    expect(readViews(storage, 3)).toEqual([]);
  });
});
