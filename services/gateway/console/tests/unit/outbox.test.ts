import { beforeEach, describe, expect, it } from 'vitest';
import { Refused, Unreachable, type Api } from '../../src/api/client';
import type { Data, Problem, Task } from '../../src/api/types';
import { isAbout, Kept, Outbox, randomKey, type Entry } from '../../src/outbox/outbox';

class FakeStorage implements Storage {
  private readonly kept = new Map<string, string>();
  reads = 0;
  get length(): number {
    return this.kept.size;
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }
  getItem(name: string): string | null {
    this.reads += 1;
    return this.kept.get(name) ?? null;
  }
  setItem(name: string, text: string): void {
    this.kept.set(name, text);
  }
  removeItem(name: string): void {
    this.kept.delete(name);
  }
  clear(): void {
    this.kept.clear();
  }
}

const refused = (status: number): Refused => new Refused({ status, code: 'invalid_request', detail: 'no' } as Problem, 0);

describe('the outbox', () => {
  let storage: FakeStorage;
  let online: boolean;
  let answer: () => void;
  let sent: { action: string; key: string | undefined; wait: number | undefined }[];
  let late: [Entry, Task][];
  let given: Entry[];

  function outbox(): Outbox {
    const api = {
      submit: async (action: string, _data: unknown, options: { key?: string; wait?: number } = {}) => {
        sent.push({ action, key: options.key, wait: options.wait });
        if (!online) throw new Unreachable('offline');
        answer();
        return { id: `task-${sent.length}` } as Task;
      },
    } as unknown as Api;
    let number = 0;
    return new Outbox({
      storage,
      operatorId: 1,
      api: () => api,
      onChange: () => undefined,
      onSent: (entry, task) => late.push([entry, task]),
      onRefused: (entry) => given.push(entry),
      newKey: () => `key-${(number += 1)}`,
      now: () => 1_000 + number,
    });
  }

  beforeEach(() => {
    storage = new FakeStorage();
    online = true;
    answer = () => undefined;
    sent = [];
    late = [];
    given = [];
  });

  it('keeps nothing of what the server took', async () => {
    const box = outbox();
    await box.send('create_customer', { name: 'Ada' }, 10);
    expect(sent).toEqual([{ action: 'create_customer', key: 'key-1', wait: 10 }]);
    expect(box.entries()).toEqual([]);
  });

  it('keeps what was asked offline and sends it once, in order, with the same keys', async () => {
    const box = outbox();
    online = false;
    await expect(box.send('create_customer', { name: 'Ada' })).rejects.toBeInstanceOf(Kept);
    await expect(box.send('create_customer', { name: 'Grace' })).rejects.toBeInstanceOf(Kept);
    expect(box.entries().map(({ key, kept }) => [key, kept])).toEqual([['key-1', true], ['key-2', true]]);
    online = true;
    await Promise.all([box.flush(), box.flush()]);
    expect(sent.slice(2).map(({ key }) => key)).toEqual(['key-1', 'key-2']);
    expect(late.map(([entry]) => entry.data.name)).toEqual(['Ada', 'Grace']);
    expect(box.entries()).toEqual([]);
  });

  it('survives a reload of the page', async () => {
    online = false;
    await expect(outbox().send('create_customer', { name: 'Ada' })).rejects.toBeInstanceOf(Kept);
    online = true;
    await outbox().flush();
    expect(sent.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
  });

  it('shows as kept what a closed tab was sending, once it cannot be sent now', async () => {
    for (const key of ['key-8', 'key-9']) {
      storage.setItem(`backoffice.outbox.1.${key}`, JSON.stringify({ key, action: 'a', data: {}, at: 1, kept: false }));
    }
    const box = outbox();
    online = false;
    await box.flush();
    expect(box.entries().map(({ kept }) => kept)).toEqual([true, true]);
    online = true;
    await box.flush();
    expect(box.entries()).toEqual([]);
  });

  it('stops at what cannot be sent yet, and keeps it and the rest', async () => {
    const box = outbox();
    online = false;
    await expect(box.send('a', {})).rejects.toBeInstanceOf(Kept);
    await expect(box.send('b', {})).rejects.toBeInstanceOf(Kept);
    await box.flush();
    expect(sent).toHaveLength(3);
    expect(box.entries()).toHaveLength(2);
  });

  it('keeps what a busy server or an ended session refused, and gives up what was wrong', async () => {
    const box = outbox();
    for (const status of [503, 429, 401]) {
      answer = () => {
        throw refused(status);
      };
      await expect(box.send('create_customer', {})).rejects.toBeInstanceOf(Kept);
    }
    answer = () => {
      throw refused(422);
    };
    await expect(box.send('create_customer', {})).rejects.toBeInstanceOf(Refused);
    expect(box.entries()).toHaveLength(3);
    await box.flush();
    expect(given).toHaveLength(3);
    expect(box.entries()).toEqual([]);
  });

  it('lets an operator give an entry up', async () => {
    const box = outbox();
    online = false;
    await expect(box.send('a', {})).rejects.toBeInstanceOf(Kept);
    box.discard('key-1');
    expect(box.entries()).toEqual([]);
  });

  it('keeps the order of asking, whichever answer fails first', async () => {
    const box = outbox();
    online = false;
    await Promise.allSettled([box.send('a', {}), box.send('b', {})]);
    expect(box.entries().map(({ action }) => action)).toEqual(['a', 'b']);
  });

  it('sends nothing that was given up, or sent by another tab, while it was sending', async () => {
    const box = outbox();
    online = false;
    for (const action of ['a', 'b', 'c']) await expect(box.send(action, {})).rejects.toBeInstanceOf(Kept);
    online = true;
    answer = () => {
      box.discard('key-2');
      storage.removeItem('backoffice.outbox.1.key-3');
    };
    sent = [];
    await box.flush();
    expect(sent.map(({ action }) => action)).toEqual(['a']);
  });

  it('knows what another tab keeps and sends', async () => {
    const [here, there] = [outbox(), outbox()];
    online = false;
    await expect(there.send('a', {})).rejects.toBeInstanceOf(Kept);
    here.changedElsewhere('backoffice.outbox.2.key-1');
    expect(here.entries()).toEqual([]);
    here.changedElsewhere('backoffice.outbox.1.key-1');
    expect(here.entries()).toHaveLength(1);
    online = true;
    await there.flush();
    here.changedElsewhere('backoffice.outbox.1.key-1');
    expect(here.entries()).toEqual([]);
  });

  it('reads none of what is kept anew for what is kept after it', async () => {
    const box = outbox();
    online = false;
    for (let number = 0; number < 20; number += 1) await expect(box.send('a', {})).rejects.toBeInstanceOf(Kept);
    const before = storage.reads;
    await expect(box.send('a', {})).rejects.toBeInstanceOf(Kept);
    expect(storage.reads).toBe(before);
  });

  it('makes keys that the API takes', () => {
    expect(randomKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomKey()).not.toBe(randomKey());
  });
});

describe('what an entry is about', () => {
  const entry = (action: string, data: Data) => ({ key: 'k', action, data, at: 0, kept: true });

  it('is told by its type, or by the name of its action', () => {
    expect(isAbout(entry('review_transfer', { id: 7, approved: true }), 'transfer', 7)).toBe(true);
    expect(isAbout(entry('review_transfer', { id: 7, approved: true }), 'document', 7)).toBe(false);
    expect(isAbout(entry('respond_inquiry', { id: 7, answer: 'Yes' }), 'inquiry', 7)).toBe(true);
    expect(isAbout(entry('escalate_task', { type: 'document', id: 7, level: 2 }), 'document', 7)).toBe(true);
    expect(isAbout(entry('escalate_task', { type: 'document', id: 7, level: 2 }), 'document', 8)).toBe(false);
  });
});
