import { describe, expect, it } from 'vitest';
import type { QueueItem } from '../../src/api/types';
import { moved } from '../../src/desk/cursor';
import { areServers, isFiltered, NO_FILTER, select, within, wordsOf, type Filter, type Reader } from '../../src/desk/filter';
import { clock, lease, shouldRenew } from '../../src/desk/lease';
import { asksBefore } from '../../src/desk/limit';
import { requestsFor } from '../../src/desk/next';
import { FAREWELL, holder, Queue } from '../../src/desk/queue';
import { readViews, withView, writeViews } from '../../src/desk/views';
import { reveal, slice } from '../../src/desk/window';
import { mayReadRecord, obstacleOf } from '../../src/state/obstacle';

const NOON = Date.parse('2026-11-24T12:00:00Z');
const reader: Reader = {
  name: 'Carol',
  now: NOON,
  compare: (a, b) => a.localeCompare(b),
  typeName: (type) => ({ document: 'Documento', transfer: 'Transferencia Transferencias 轉帳', inquiry: 'Consulta' })[type],
  marks: { group: ',', decimal: '.' },
  found: new Map([['late', new Set(['document/3' as const])]]),
};

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

  it('finds what people see: folded words, amounts as they are displayed, types as they are called, and words late in a text', () => {
    const seen = queueOf(
      item({ id: 17, amount: '1250000.00', customer_name: 'José Müller' }),
      item({ id: 3, type: 'document', text: 'Passport', amount: null, currency: null }),
    ).all();
    const found = (text: string): number[] => ids(select(seen, { ...NO_FILTER, text }, reader));
    for (const text of ['1,250,000.00', 'USD 1,250,000.00', 'transferencia 17', 'TRANSFERENCIAS', '轉帳 17', 'transfer 17', 'JOSÉ', 'jose', 'MULLER', 'Jose\u0301']) {
      expect([text, ...found(text)]).toEqual([text, 17]);
    }
    expect(found('late')).toEqual([3]);
    expect(found('passport late')).toEqual([3]);
    expect(found('ferencia')).toEqual([]);
    expect(found('1,250,000.01')).toEqual([]);
  });

  it('keeps what is open, whether it passes or not', () => {
    expect(ids(select(rows, { ...NO_FILTER, types: ['document'] }, reader, 'transfer/2'))).toEqual([2, 3]);
  });

  it('sorts amounts as numbers, and turns round', () => {
    const sorted = { ...NO_FILTER, types: ['transfer' as const], held: 'free' as const, sortBy: 'subject' as const };
    expect(ids(select(rows, sorted, reader))).toEqual([1, 2]);
    expect(ids(select(rows, { ...sorted, descending: true }, reader))).toEqual([2, 1]);
  });

  it('keeps amounts of one currency together: those of different ones are not comparable', () => {
    const mixed = queueOf(
      item({ id: 1, amount: '9000', currency: 'JPY' }),
      item({ id: 2, amount: '10.00', currency: 'USD' }),
      item({ id: 3, amount: '50', currency: 'JPY' }),
      item({ id: 4, amount: '9.000', currency: 'KWD' }),
    ).all();
    expect(ids(select(mixed, { ...NO_FILTER, sortBy: 'subject' }, reader))).toEqual([3, 1, 4, 2]);
  });

  it('knows whether it narrows', () => {
    expect(isFiltered(NO_FILTER)).toBe(false);
    expect(isFiltered({ ...NO_FILTER, sortBy: 'level' })).toBe(false);
    expect(isFiltered({ ...NO_FILTER, text: 'x' })).toBe(true);
  });
});

describe('the cursor', () => {
  const rows = queueOf(item({ id: 1 }), item({ id: 2 }), item({ id: 3 }), item({ id: 4 })).all();
  const to = (...given: Parameters<typeof moved>): number | undefined => moved(...given)?.item.id;

  it('begins with the first row, moves, and stops at the ends', () => {
    expect(to(rows, null, 0, 1)).toBe(1);
    expect(to(rows, 'transfer/2', 1, 1)).toBe(3);
    expect(to(rows, 'transfer/2', 1, -1)).toBe(1);
    expect(to(rows, 'transfer/1', 0, -1)).toBe(1);
    expect(to(rows, 'transfer/2', 1, 99)).toBe(4);
    expect(moved([], 'transfer/1', 0, 1)).toBeNull();
  });

  it('goes on beside the place of a row that has gone', () => {
    const rest = rows.filter(({ item: { id } }) => id !== 2);
    expect(to(rest, 'transfer/2', 1, 1)).toBe(3);
    expect(to(rest, 'transfer/2', 1, -1)).toBe(1);
  });

  it('passes over rows that are leaving', () => {
    const leaving = rows.map((row) => (row.item.id === 3 ? { ...row, left: { how: 'approved' as const, at: NOON } } : row));
    expect(to(leaving, 'transfer/2', 1, 1)).toBe(4);
    expect(to(leaving, 'transfer/4', 3, -1)).toBe(2);
  });
});

describe('what one cannot decide', () => {
  const carol = { name: 'Carol', role: 'Compliance' as const, level: 2 };

  it('is of another role, of a higher level, or one created oneself, in the order of the server', () => {
    expect(obstacleOf(item(), carol)).toBeNull();
    expect(obstacleOf(item({ level: 3 }), carol)).toEqual({ why: 'level', required: 3, yours: 2 });
    expect(obstacleOf(item({ created_by: 'Carol' }), carol)).toEqual({ why: 'own' });
    expect(obstacleOf(item({ type: 'inquiry', level: 3, status: 'open' }), carol)).toEqual({ why: 'role', role: 'Service' });
  });
});

describe('the record of an item', () => {
  it('is linked for those alone to whom the server shows it', () => {
    const bob = { name: 'Bob', role: 'Compliance' as const, level: 1 };
    expect(mayReadRecord(item(), bob)).toBe(true);
    expect(mayReadRecord(item({ created_by: 'Bob' }), bob)).toBe(true);
    expect(mayReadRecord(item({ level: 2 }), bob)).toBe(false);
    expect(mayReadRecord(item({ type: 'inquiry' }), bob)).toBe(false);
    expect(mayReadRecord(item({ type: 'inquiry', level: 9 }), { name: 'Alice', role: 'Admin', level: 1 })).toBe(true);
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
    expect(clock(899_999)).toBe('14:59');
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
  const rows = queueOf(
    item({ id: 1, created_at: '2026-11-24T09:00:00Z', claimed_by: 'Bob', claimed_until: '2026-11-24T12:10:00Z' }),
    item({ id: 2, created_at: '2026-11-24T11:00:00Z' }),
    item({ id: 3, type: 'document', created_at: '2026-11-24T10:00:00Z' }),
    item({ id: 4, created_at: '2026-11-24T08:00:00Z', created_by: 'Carol' }),
    item({ id: 5, created_at: '2026-11-24T10:30:00Z', claimed_by: 'Carol', claimed_until: '2026-11-24T12:10:00Z' }),
  ).all();
  const asked = (filter: Partial<Filter>, all = rows) =>
    requestsFor({
      ...{ filter: { ...NO_FILTER, ...filter }, rows: select(all, { ...NO_FILTER, ...filter }, reader), types: ['transfer', 'document'] },
      ...{ me: 'Carol', now: NOON, understood: areServers(wordsOf({ ...NO_FILTER, ...filter }), reader) },
    });

  it('is of the type whose oldest item that suits has waited longest', () => {
    expect(asked({})).toEqual([{ type: 'document' }, { type: 'transfer' }]);
    expect(asked({ types: ['transfer'] })).toEqual([{ type: 'transfer' }]);
    expect(asked({}, [])).toEqual([{ type: 'transfer' }, { type: 'document' }]);
  });

  it('is picked by the filters of the list', () => {
    expect(asked({ types: ['transfer'], levels: [2], text: ' GBP  Hopper ' })).toEqual([{ type: 'transfer', words: ['gbp', 'hopper'], levels: [2] }]);
  });

  it('is asked for by itself, the oldest first, where the server has no such filter', () => {
    expect(asked({ held: 'free' })).toEqual([{ type: 'document', id: 3 }, { type: 'transfer', id: 2 }]);
    expect(asked({ held: 'mine' })).toEqual([{ type: 'transfer', id: 5 }]);
    expect(asked({ held: 'others' })).toEqual([]);
    expect(asked({ text: 'transferencia' })).toEqual([{ type: 'transfer', id: 5 }, { type: 'transfer', id: 2 }]);
    expect(asked({ text: 'document' })).toEqual([{ type: 'document', words: ['document'] }, { type: 'transfer', words: ['document'] }]);
    expect(asked({ text: 'a '.repeat(11) }).every(({ id }) => id !== undefined)).toBe(true);
  });

  it('is nothing that waits for its customer', () => {
    const inquiries = queueOf(item({ id: 6, type: 'inquiry', waiting: true }), item({ id: 7, type: 'inquiry' })).all();
    expect(asked({ text: 'inquiry '.repeat(11) }, inquiries)).toEqual([{ type: 'inquiry', id: 7 }]);
  });

  it('obeys no filter that another role has left behind', () => {
    expect(within({ ...NO_FILTER, types: ['inquiry', 'transfer'], levels: [1, 3] }, ['transfer'], 2)).toMatchObject({ types: ['transfer'], levels: [1] });
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
