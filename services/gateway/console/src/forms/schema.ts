/** Forms made of the actions' own schemas. */
import actions from '../api/generated/actions.json';
import type { Data, Fault } from '../api/types';

interface Schema {
  type?: string;
  anyOf?: Schema[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  default?: unknown;
  enum?: unknown[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  'x-places'?: Record<string, number>;
}

export type FieldKind = 'integer' | 'decimal' | 'places' | 'text' | 'longtext' | 'flag' | 'choice';

export interface Field {
  name: string;
  kind: FieldKind;
  required: boolean;
  /** What the server takes when the field is left out, as text. */
  fallback: string;
  choices: string[];
  pattern: RegExp | null;
  minimum: number | null;
  maximum: number | null;
  maxLength: number | null;
  /** Of an amount: how many decimal places it has by currency, where they are not the usual ones. */
  places: Record<string, number> | null;
}

/** What is wrong with a field, for the reader's language to say. */
export type FieldFault = 'required' | 'integer' | 'decimal' | 'places' | 'name' | 'currency' | 'pattern' | 'minimum' | 'maximum' | 'too_long' | 'choice';

/** What is wrong where the pattern of such a field does not fit. */
const UNFIT: Readonly<Record<string, FieldFault>> = { name: 'name', currency: 'currency' };
const LONG = 500;
const USUAL_PLACES = 2;

/** The fields of an action's data, in the schema's order. */
export function fieldsOf(action: string): Field[] {
  const schema = (actions as unknown as Record<string, Schema>)[action];
  return Object.entries(schema?.properties ?? {}).map(([name, member]) => {
    const kinds = (member.anyOf ?? [member]).filter(({ type }) => type !== 'null');
    const first = kinds[0] ?? {};
    return {
      name,
      kind: kindOf(kinds),
      required: schema?.required?.includes(name) ?? false,
      fallback: member.default === undefined || member.default === null ? '' : String(member.default),
      choices: (first.enum ?? []).map(String),
      pattern: first.pattern ? new RegExp(first.pattern, 'u') : null,
      minimum: first.minimum ?? null,
      maximum: first.maximum ?? null,
      maxLength: first.maxLength ?? null,
      places: member['x-places'] ?? null,
    };
  });
}

function kindOf(kinds: Schema[]): FieldKind {
  const first = kinds[0] ?? {};
  if (first.enum) return 'choice';
  if (first.type === 'boolean') return 'flag';
  if (first.type === 'integer') return 'integer';
  if (kinds.some(({ type }) => type === 'number')) return 'decimal';
  return (first.maxLength ?? 0) > LONG ? 'longtext' : 'text';
}

/** The data that the typed values make; what is left empty is left out. Amounts stay text, so that they stay exact. */
export function dataOf(fields: readonly Field[], values: Readonly<Record<string, string>>): Data {
  const data: Data = {};
  for (const { name, kind } of fields) {
    const value = values[name] ?? '';
    if (value.trim() === '') continue;
    if (kind === 'integer') data[name] = Number(value);
    else if (kind === 'flag') data[name] = value.trim() === 'true';
    else if (kind === 'decimal' || kind === 'choice') data[name] = value.trim();
    else data[name] = value;
  }
  return data;
}

/** What is wrong with the typed values, by field; the server has the last word. */
export function faultsOf(fields: readonly Field[], values: Readonly<Record<string, string>>): Record<string, FieldFault> {
  const faults: Record<string, FieldFault> = {};
  const currency = currencyOf(fields, values);
  for (const field of fields) {
    const fault = faultOf(field, values[field.name] ?? '', currency);
    if (fault) faults[field.name] = fault;
  }
  return faults;
}

/** The currency that is typed, or taken when it is left out. */
export function currencyOf(fields: readonly Field[], values: Readonly<Record<string, string>>): string {
  return values.currency?.trim() || (fields.find(({ name }) => name === 'currency')?.fallback ?? '');
}

function faultOf(field: Field, value: string, currency: string): FieldFault | null {
  const trimmed = value.trim();
  if (trimmed === '') return field.required ? 'required' : null;
  if (field.kind === 'integer') {
    if (!/^-?\d+$/.test(trimmed)) return 'integer';
    if (field.minimum !== null && Number(trimmed) < field.minimum) return 'minimum';
    if (!Number.isSafeInteger(Number(trimmed)) || (field.maximum !== null && Number(trimmed) > field.maximum)) return 'maximum';
    return null;
  }
  if (field.kind === 'choice') return field.choices.includes(trimmed) ? null : 'choice';
  if (field.kind === 'flag') return ['true', 'false'].includes(trimmed) ? null : 'choice';
  if (field.kind === 'decimal') {
    if (field.pattern && !field.pattern.test(trimmed)) return 'decimal';
    return field.places && decimalPlaces(trimmed) > placesOf(field, currency) ? 'places' : null;
  }
  if (field.maxLength !== null && [...value].length > field.maxLength) return 'too_long';
  return field.pattern && !field.pattern.test(value) ? (UNFIT[field.name] ?? 'pattern') : null;
}

/** How many decimal places an amount in the currency has at most. */
export function placesOf(field: Field, currency: string): number {
  return field.places?.[currency] ?? USUAL_PLACES;
}

/** How many there are; zeros at the end do not count. */
function decimalPlaces(amount: string): number {
  return (amount.split('.')[1] ?? '').replace(/0+$/, '').length;
}

/** The server's messages by field: `task.data.amount` belongs to `amount`; the rest is under the empty name. */
export function serverFaults(faults: readonly Fault[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, message } of faults) {
    const name = /^task\.data\.([a-z_]+)/.exec(path)?.[1] ?? '';
    found[name] ??= message;
  }
  return found;
}
