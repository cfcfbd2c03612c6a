/** What an operator sent, as a sentence: "You approved transfer 17 of USD 250.00." */
import { itemOf, ITEM_TYPES, type Data, type Item, type Task } from '../api/types';
import type { MessageKey } from '../i18n/en';
import { format, t, tOf } from '../state/language.svelte';

const NAMED = [...ITEM_TYPES, 'operator'] as const;

export type Sent = Pick<Task, 'status' | 'result'> & { action: string; data: Data | null };

interface Operator {
  name: string;
  role: string;
  level: number;
}

/** The sentence: in the past tense once it is done, and as a request before that and where it failed. */
export function sentence(sent: Sent): string {
  const done = sent.status === 'succeeded' && sent.result !== null;
  return t(`sent.${keyOf(sent)}.${done ? 'done' : 'wish'}` as MessageKey, paramsOf(sent));
}

/** The words that were written with it, if there were any. */
export function words({ action, data, result }: Sent): string {
  const item = itemOf(result) as (Item & Record<string, unknown>) | null;
  const written = data?.reason ?? data?.answer ?? data?.reply ?? data?.content ?? data?.problem ?? data?.text;
  const found = written ?? (action === 'get_task' ? (item?.content ?? item?.problem) : null);
  return typeof found === 'string' ? found : '';
}

/** Which of the sentences; some actions have two. */
function keyOf({ action, data, result }: Sent): string {
  if (action.startsWith('review_')) return data?.approved === false ? 'reject' : 'approve';
  if (action === 'respond_inquiry') return isClosed(data, result) ? 'close' : 'answer';
  if (action === 'get_task') return data?.id || itemOf(result) ? 'take' : 'take_next';
  return action;
}

function isClosed(data: Data | null, result: Task['result']): boolean {
  const closed = (itemOf(result) as { closed?: unknown } | null)?.closed ?? data?.closed;
  return closed !== false;
}

function paramsOf({ action, data, result }: Sent): Record<string, string> {
  const item = itemOf(result);
  const operator = result?.operator as Operator | undefined;
  const known: Record<string, unknown> = { ...data, ...item, ...operator };
  const type = String(item?.type ?? data?.type ?? action.replace(/^.*_/, ''));
  return {
    what: named(type, known),
    kind: tOf('sent.kind', type),
    customer: customerOf(result?.customer ?? data, data?.cid ?? item?.cid),
    name: String(operator?.name ?? data?.name ?? named('operator', known)),
    role: known.role ? tOf('role', String(known.role)) : '–',
    level: String(known.level ?? '–'),
    amount: amountOf(known),
  };
}

function customerOf(found: unknown, id: unknown): string {
  const name = (found as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : t('sent.customer', { id: String(id ?? '?') });
}

function named(type: string, known: Record<string, unknown>): string {
  if (!(NAMED as readonly string[]).includes(type)) return '';
  const name = t(`sent.one.${type as (typeof NAMED)[number]}`, { id: String(known.id ?? '?') });
  return known.id && known.amount ? t('sent.of', { what: name, amount: amountOf(known) }) : name;
}

function amountOf({ amount, currency }: Record<string, unknown>): string {
  if (typeof amount !== 'string' || !/^\d+(\.\d+)?$/.test(amount)) return String(amount ?? '');
  return typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) ? format().money(amount, currency) : format().amount(amount);
}
