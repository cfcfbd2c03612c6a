/** A value of a task or of an audit entry as the reader's language writes it. */
import { format, tOf } from '../state/language.svelte';

const AMOUNT = /^\d+(\.\d+)?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

export function shownValue(name: string, value: unknown): string {
  if (typeof value === 'string' && TIME.test(value)) return format().dateTime(value);
  if (typeof value === 'string' && (name === 'status' || name === 'role')) return tOf(name, value);
  if (typeof value === 'string' && name === 'amount' && AMOUNT.test(value)) return format().amount(value);
  if (typeof value === 'boolean') return tOf('flag', String(value));
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
}
