import { beforeEach, describe, expect, it, vi } from 'vitest';
import { draft, drafts, forgetDrafts, forgetSent, interrupt, keepDraft, wasInterrupted } from '../../src/state/drafts.svelte';

/** A storage whose keys are its own properties, as a browser's. */
function storage(): Storage {
  const methods = {
    getItem(this: Record<string, string>, name: string) {
      return Object.hasOwn(this, name) ? this[name] : null;
    },
    setItem(this: Record<string, string>, name: string, text: string) {
      this[name] = text;
    },
    removeItem(this: Record<string, string>, name: string) {
      delete this[name];
    },
  };
  return Object.create(methods) as Storage;
}

const reason = { type: 'transfer', id: 6, kind: 'reason' } as const;
const task = (change: object) => ({ status: 'succeeded', action: 'review_transfer', data: { id: 6, approved: false, reason: 'No.' }, ...change }) as never;

describe('texts that are being written', () => {
  beforeEach(() => void vi.stubGlobal('sessionStorage', storage()));

  it('are kept by operator, item and kind', () => {
    keepDraft(3, reason, 'No.');
    keepDraft(3, { type: 'inquiry', id: 6, kind: 'answer' }, 'Yes.');
    keepDraft(4, reason, 'Of somebody else');
    sessionStorage.setItem('backoffice.filter', '{}');
    expect(drafts(3)).toEqual([
      { ...reason, text: 'No.' },
      { type: 'inquiry', id: 6, kind: 'answer', text: 'Yes.' },
    ]);
    keepDraft(3, reason, '');
    expect(draft(3, reason)).toBe('');
    forgetDrafts();
    expect([...drafts(3), ...drafts(4)]).toEqual([]);
    expect(sessionStorage.getItem('backoffice.filter')).toBe('{}');
  });

  it('are forgotten when the task that carries them has succeeded, and not otherwise', () => {
    keepDraft(3, reason, 'No.');
    for (const change of [{ status: 'failed' }, { status: 'accepted' }, { data: { id: 7, reason: 'No.' } }, { data: { id: 6, reason: 'Other' } }, { action: 'review_document' }, { data: null }]) {
      forgetSent(3, task(change));
      expect(draft(3, reason)).toBe('No.');
    }
    forgetSent(3, task({}));
    expect(draft(3, reason)).toBe('');
    keepDraft(3, { ...reason, kind: 'escalation' }, 'Unusual. ');
    forgetSent(3, task({ action: 'escalate_task', data: { type: 'transfer', id: 6, reason: 'Unusual.' } }));
    expect(drafts(3)).toEqual([]);
  });

  it('tell once which of them was open when the session ended', () => {
    interrupt(3, reason);
    expect(wasInterrupted(3, { ...reason, kind: 'escalation' })).toBe(false);
    expect(wasInterrupted(3, reason)).toBe(true);
    expect(wasInterrupted(3, reason)).toBe(false);
  });
});
