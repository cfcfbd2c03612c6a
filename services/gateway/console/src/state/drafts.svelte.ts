/** Texts that are being written about items, in this tab: they outlast another view, a reload and an ended session. */
import type { Data, ItemType, Task } from '../api/types';
import { t } from './language.svelte';

const PLACE = 'backoffice.draft';
/** The answer to an inquiry, the reason of a rejection, the reason of an escalation. */
export type DraftKind = 'answer' | 'reason' | 'escalation';

/** Which text of which item. */
export interface Subject {
  type: ItemType;
  id: number;
  kind: DraftKind;
}

export interface Draft extends Subject {
  text: string;
}

const NAME = /^backoffice\.draft\.(\d+)\.(document|transfer|inquiry)\/(\d+)(?:\.(reason|escalation))?$/;

/** Grows with each change of a draft. */
const state = $state({ changes: 0 });
/** The question that was open when its session was replaced by another of the same operator. */
let interrupted: string | null = null;

function place(operatorId: number, { type, id, kind }: Subject): string {
  return `${PLACE}.${operatorId}.${type}/${id}${kind === 'answer' ? '' : `.${kind}`}`;
}

/** Reactive. */
export function draft(operatorId: number, subject: Subject): string {
  void state.changes;
  return sessionStorage.getItem(place(operatorId, subject)) ?? '';
}

/** All texts of this operator that were not sent; reactive. */
export function drafts(operatorId: number): Draft[] {
  void state.changes;
  return Object.keys(sessionStorage).flatMap((name) => {
    const [, owner, type, id, kind = 'answer'] = NAME.exec(name) ?? [];
    if (Number(owner) !== operatorId) return [];
    return [{ type: type as ItemType, id: Number(id), kind: kind as DraftKind, text: sessionStorage.getItem(name) ?? '' }];
  });
}

export function keepDraft(operatorId: number, subject: Subject, text: string): void {
  if (!text) return forgetDraft(operatorId, subject);
  sessionStorage.setItem(place(operatorId, subject), text);
  state.changes += 1;
}

export function forgetDraft(operatorId: number, subject: Subject): void {
  sessionStorage.removeItem(place(operatorId, subject));
  state.changes += 1;
}

/** What the text is, and of which item. */
export function draftTitle({ type, id, kind }: Subject): string {
  return t(`draft.${kind}`, { what: t('item.title', { type: t(`type.${type}`), id: String(id) }) });
}

/** What a task has carried out is a draft no longer; what was written since is. */
export function forgetSent(operatorId: number, { status, action, data }: Pick<Task, 'status' | 'action' | 'data'>): void {
  const sent = status === 'succeeded' && action && data ? textOf(action, data) : null;
  if (sent && draft(operatorId, sent).trim() === sent.text.trim()) forgetDraft(operatorId, sent);
}

/** The text that a task carries, and what it is about. */
function textOf(action: string, data: Data): Draft | null {
  const id = Number(data.id);
  if (action === 'respond_inquiry') return { type: 'inquiry', id, kind: 'answer', text: String(data.answer ?? '') };
  if (action === 'escalate_task') return { type: data.type as ItemType, id, kind: 'escalation', text: String(data.reason ?? '') };
  const type = /^review_(document|transfer)$/.exec(action)?.[1] as ItemType | undefined;
  return type ? { type, id, kind: 'reason', text: String(data.reason ?? '') } : null;
}

/** What is typed into a form; it is not listed with the texts about items. */
export function formDraft(operatorId: number, form: string): string {
  return sessionStorage.getItem(`${PLACE}.${operatorId}.${form}`) ?? '';
}

export function keepForm(operatorId: number, form: string, values: string): void {
  if (values) sessionStorage.setItem(`${PLACE}.${operatorId}.${form}`, values);
  else sessionStorage.removeItem(`${PLACE}.${operatorId}.${form}`);
}

/** Who signs out leaves none behind. */
export function forgetDrafts(): void {
  Object.keys(sessionStorage)
    .filter((name) => name.startsWith(`${PLACE}.`))
    .forEach((name) => sessionStorage.removeItem(name));
  interrupted = null;
  state.changes += 1;
}

/** Remember the question that is open while a session ends, so that its writer goes on with it in the next one. */
export function interrupt(operatorId: number, subject: Subject): void {
  interrupted = place(operatorId, subject);
}

/** Whether this question was open when the session before ended; true once. */
export function wasInterrupted(operatorId: number, subject: Subject): boolean {
  const was = interrupted === place(operatorId, subject);
  if (was) interrupted = null;
  return was;
}
