import { describe, expect, it } from 'vitest';
import { createApi, Refused, Unreachable } from '../../src/api/client';
import { Failed, Pending, resultOf, run } from '../../src/api/run';
import { itemOf, type Task } from '../../src/api/types';
import { byReviewer } from '../../src/board/statistics';
import { en } from '../../src/i18n/en';
import { es } from '../../src/i18n/es';
import { createFormat } from '../../src/i18n/format';
import { bestLanguage, regional } from '../../src/i18n/languages';
import { fill, isolated } from '../../src/i18n/translate';
import { zh } from '../../src/i18n/zh';
import { newToken, tokenHash } from '../../src/operators/token';
import { changesOf } from '../../src/record/changes';
import { Keys, Typing } from '../../src/state/keys';
import { viewsOf } from '../../src/state/roles';
import { address, parseRoute } from '../../src/state/route';

describe('the API', () => {
  function answering(response: () => Response) {
    const calls: { url: string; init: RequestInit }[] = [];
    const api = createApi({
      token: '56ty',
      language: () => 'es',
      fetch: (async (url: string, init: RequestInit) => {
        calls.push({ url, init });
        return response();
      }) as typeof fetch,
    });
    return { api, calls };
  }

  it('is sent the token in a header, and never in an address or a body', async () => {
    const { api, calls } = answering(() => Response.json({ task: { id: 'x', status: 'succeeded', result: { a: 1 } } }));
    expect(await run(api, 'get_customer', { id: 1 }, 'key')).toEqual({ a: 1 });
    const { url, init } = calls[0]!;
    expect(url).toBe('/api/v1');
    expect(init.body).toBe('{"task":{"action":"get_customer","data":{"id":1}}}');
    expect(init.headers).toMatchObject({ Authorization: 'Bearer 56ty', 'Accept-Language': 'es', Prefer: 'wait=20', 'Idempotency-Key': 'key' });
  });

  it('is not waited for longer than the network lasts', async () => {
    const network = new AbortController();
    const never = ((_url: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))) as typeof fetch;
    const api = createApi({ token: '56ty', language: () => 'es', fetch: never, network: () => network.signal });
    const asked = api.submit('get_customer', { id: 1 });
    network.abort();
    await expect(asked).rejects.toBeInstanceOf(Unreachable);
  });

  it('writes a login as the contract has it', async () => {
    const { api, calls } = answering(() => Response.json({ task: {} }));
    await api.submit('login', { name: 'Carol' });
    expect(calls[0]!.init.body).toBe('{"task":{"action":"login","name":"Carol"}}');
  });

  it('tells refusals, failures and silence apart', async () => {
    const problem = { status: 503, code: 'unavailable', detail: 'later' };
    const { api } = answering(() => Response.json(problem, { status: 503, headers: { 'Retry-After': '2' } }));
    await expect(run(api, 'get_customer')).rejects.toMatchObject({ retryAfter: 2, passing: true });
    await expect(run(api, 'get_customer')).rejects.toBeInstanceOf(Refused);
    const cut = answering(() => {
      throw new TypeError('Failed to fetch');
    });
    await expect(run(cut.api, 'get_customer')).rejects.toBeInstanceOf(Unreachable);
    expect(() => resultOf({ status: 'failed', error: { code: 'nothing_to_do', message: 'none' } } as Task)).toThrow(Failed);
    expect(() => resultOf({ status: 'accepted' } as Task)).toThrow(Pending);
  });

  it('hands over the item of whatever type', () => {
    expect(itemOf({ type: 'transfer', transfer: { id: 7 } })).toEqual({ type: 'transfer', id: 7 });
    expect(itemOf({ customer: {} })).toBeNull();
    expect(itemOf(null)).toBeNull();
  });
});

describe('the languages', () => {
  it('suit the reader', () => {
    expect(bestLanguage(['fr-CA', 'es-MX'])).toBe('es');
    expect(bestLanguage(['zh-TW'])).toBe('zh-Hant');
    expect(bestLanguage(['zh-HK', 'en'])).toBe('zh-Hant');
    expect(bestLanguage(['zh-CN', 'es'])).toBe('es');
    expect(bestLanguage(['de'])).toBe('en');
  });

  it('have every sentence, with the same parameters', () => {
    const names = (sentence: string): string[] => [...new Set([...sentence.matchAll(/\{(\w+)[,}]/g)].map(([, name]) => name!))].sort();
    for (const other of [es, zh]) {
      expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort());
      for (const [key, sentence] of Object.entries(en)) expect([key, names(other[key as keyof typeof en])]).toEqual([key, names(sentence)]);
    }
  });

  it('choose plurals and write numbers their way', () => {
    const sentence = '{count, plural, one {# item} other {# items}} of {name}';
    expect(fill(sentence, { count: 1, name: 'Ada' }, 'en')).toBe('1 item of Ada');
    expect(fill(sentence, { count: 12_345, name: 'Ada' }, 'en')).toBe('12,345 items of Ada');
    expect(fill(sentence, { count: 12_345 }, 'es')).toBe('12.345 items of {name}');
  });

  it('write money exactly, times and ages', () => {
    const format = createFormat('en', 'UTC');
    expect(format.money('12345678901234567.89', 'USD').replace(/\s/g, ' ')).toBe('USD 12,345,678,901,234,567.89');
    expect(format.amount('12345678901234567.80')).toBe('12,345,678,901,234,567.80');
    const shown = (amount: string, currency: string) => format.money(amount, currency).replace(/\s/g, ' ');
    expect([shown('1000', 'JPY'), shown('1.230', 'KWD'), shown('0.0001', 'UYW'), shown('100.50', 'JPY')]).toEqual([
      ...['JPY 1,000', 'KWD 1.230', 'UYW 0.0001', 'JPY 100.50'],
    ]);
    expect([format.amount('1000'), format.amount('1.230')]).toEqual(['1,000', '1.230']);
    expect(format.dateTime('2026-11-24T14:05:00Z').replace(/\s/g, ' ')).toBe('Nov 24, 2026, 2:05 PM');
    expect(format.age(59_000)).toBe('59 sec');
    expect(format.age(3 * 3_600_000)).toBe('3 hr');
    expect(format.age(-5)).toBe('0 sec');
    expect(format.duration(90)).toBe('1 min');
  });
});

describe('the address', () => {
  it('says which view and item is shown', () => {
    expect(parseRoute('#/desk/transfer/7')).toEqual({ view: 'desk', subject: { type: 'transfer', id: 7 }, rest: ['transfer', '7'] });
    expect(parseRoute('')).toEqual({ view: null, subject: null, rest: [] });
    expect(parseRoute('#/nowhere/transfer/0').subject).toBeNull();
    expect(address('desk', 'transfer', 7)).toBe('#/desk/transfer/7');
    expect(address('board')).toBe('#/board');
  });
});

describe('what a role sees', () => {
  it('follows from what it may do', () => {
    expect(viewsOf(['list_tasks', 'get_task', 'get_statistics', 'get_history'])).toEqual(['desk', 'tasks', 'board', 'record']);
    expect(viewsOf(['create_customer', 'get_statistics', 'get_history', 'list_operators'])).toEqual(['counter', 'tasks', 'board', 'record', 'operators']);
  });
});

describe('keys', () => {
  it('stand alone or follow one another', () => {
    const keys = new Keys(new Set(['g']));
    expect(keys.press('t', 0)).toBe('t');
    expect(keys.press('g', 100)).toBeNull();
    expect(keys.press('d', 1_300)).toBe('g d');
    expect(keys.press('g', 2_000)).toBeNull();
    expect(keys.press('d', 3_201)).toBe('d');
  });
});

describe('typing', () => {
  it('goes on for a moment where the field has gone, and ends when the field is left', () => {
    const [typing, field] = [new Typing(), { isConnected: true }];
    expect(typing.goesOn('a', null, 0)).toBe(false);
    expect(typing.goesOn('a', field, 100)).toBe(false);
    expect(typing.goesOn('a', null, 200)).toBe(false);
    for (const left of ['Enter', 'Escape', 'Tab']) {
      const gone = { isConnected: false };
      expect(typing.goesOn('a', gone, 300)).toBe(false);
      expect(typing.goesOn('a', null, 1_500)).toBe(true);
      expect(typing.goesOn('Shift', null, 2_700)).toBe(true);
      expect(typing.goesOn('a', null, 3_901)).toBe(false);
      expect(typing.goesOn('a', gone, 4_000)).toBe(false);
      expect(typing.goesOn(left, gone, 4_100)).toBe(false);
      expect(typing.goesOn('a', null, 4_200)).toBe(false);
    }
  });
});

describe('the record', () => {
  it('shows what changed, before and after', () => {
    const before = { id: 1, level: 1, version: 1, status: 'pending', claimed_by: 'Bob' };
    const after = { id: 1, level: 2, version: 2, status: 'pending', claimed_by: null };
    expect(changesOf(before, after)).toEqual([
      { name: 'level', before: 1, after: 2 },
      { name: 'claimed_by', before: 'Bob', after: null },
    ]);
    expect(changesOf(before, after, true)).toEqual([{ name: 'level', before: 1, after: 2 }]);
    expect(changesOf(null, { level: 1 })).toEqual([{ name: 'level', before: null, after: 1 }]);
  });
});

describe('a token', () => {
  it('has 128 random bits, and is told to the server as its hash', async () => {
    expect(newToken()).toMatch(/^[\w-]{22}$/);
    expect(newToken()).not.toBe(newToken());
    expect(await tokenHash('12qw')).toBe('536567b9a9c52a330727e5108c7dddc62f7175f9fc2508ac06864f642aaaafe9');
  });
});

describe('words that turn the direction of writing', () => {
  it('do so within themselves, not in the sentence', () => {
    expect(fill('for {name} now', { name: 'Ada' }, 'en')).toBe('for Ada now');
    expect(fill('for {name} now', { name: '\u202eadA' }, 'en')).toBe('for \u2068\u202eadA\u2069 now');
    expect(isolated('שלום')).toBe('\u2068שלום\u2069');
  });
});

describe('the region of the reader', () => {
  it('is the browser\'s, in whichever language the page is', () => {
    expect(regional('en', ['en-GB', 'en-US'])).toBe('en-GB');
    expect(regional('en', ['de-DE', 'en'])).toBe('en-DE');
    expect(regional('es', ['en-US', 'es-MX'])).toBe('es-MX');
    expect(regional('zh-Hant', ['zh-TW'])).toBe('zh-Hant-TW');
    expect(regional('en', ['en', '*'])).toBe('en');
    expect(regional('en', [])).toBe('en');
    expect(createFormat(regional('en', ['en-GB']), 'UTC').dateTime('2026-12-01T16:05:00Z')).toMatch(/^1 Dec 2026, 16:05$/);
    expect(createFormat(regional('en', ['en-US']), 'UTC').day('2026-12-01T16:05:00Z')).toBe('Dec 1, 2026');
  });
});

describe('who decided', () => {
  const none = { created: 0, median_seconds: null, p95_seconds: null };
  const transfers = { type: 'transfer' as const, approved: 4, rejected: 1, closed: 0, ...none };

  it('adds up to the decisions, though only an Admin is told of every reviewer', () => {
    const mine = { name: 'Bob', type: 'transfer' as const, approved: 1, rejected: 1, closed: 0, median_seconds: 3, p95_seconds: 3 };
    expect(byReviewer({ totals: [transfers], reviewers: [] }, ['transfer']).map(({ name, approved, rejected }) => [name, approved, rejected])).toEqual([[null, 4, 1]]);
    expect(byReviewer({ totals: [transfers], reviewers: [mine] }, ['transfer']).map(({ name, approved, rejected }) => [name, approved, rejected])).toEqual([
      ['Bob', 1, 1],
      [null, 3, 0],
    ]);
    expect(byReviewer({ totals: [transfers], reviewers: [{ ...mine, approved: 4 }] }, ['transfer']).map(({ name }) => name)).toEqual(['Bob']);
    expect(byReviewer({ totals: [transfers], reviewers: [mine] }, ['document'])).toEqual([]);
  });
});
