/** Creating many from a CSV: its columns are the fields of the action, by name. */
import type { Data } from '../api/types';
import { readCsv, type CsvFault, type CsvRecord } from '../csv/read';
import { dataOf, faultsOf, type Field, type FieldFault } from './schema';

/** What is wrong with a row as a whole.
 *
 *  cells_many, cells_few: it has not as many cells as there are columns
 *  formula:               a cell holds a formula or a spreadsheet's error instead of a value */
export type RowFault = CsvFault | 'cells_many' | 'cells_few' | 'formula';

export interface ImportRow {
  /** The line in the file's own counting, its first being 1. */
  line: number;
  values: Record<string, string>;
  data: Data;
  fault: RowFault | null;
  faults: Record<string, FieldFault>;
}

/** What is wrong with the file as a whole: no row of it is certain then. */
export type FileFault = 'empty' | 'too_large' | 'heading';

export interface ImportPlan {
  rows: ImportRow[];
  /** How many columns there are. */
  columns: number;
  fault: FileFault | null;
  /** Columns that are no field. */
  unknown: string[];
  /** Names that stand twice. */
  twice: string[];
  /** Required fields without a column. */
  missing: string[];
}

/** Characters of a file; more are for a script. */
export const LARGEST = 10_000_000;

/** Whether the meaning of the row is certain. */
export function isGood(row: ImportRow): boolean {
  return row.fault === null && Object.keys(row.faults).length === 0;
}

/** Whether the heading leaves no doubt, except for columns that are no field. */
export function isUnderstood({ fault, twice, missing }: ImportPlan): boolean {
  return fault === null && twice.length === 0 && missing.length === 0;
}

/** What the text of a file would create, and what is wrong with it. */
export function planImport(fields: readonly Field[], text: string): ImportPlan {
  if (text.length > LARGEST) return unusable('too_large');
  const names = new Set(fields.map(({ name }) => name));
  const [first, ...records] = readCsv(text, separatorOf(text, names));
  if (!first || records.length === 0) return unusable('empty');
  const heading = first.cells.map((name) => name.trim().toLowerCase());
  const twice = heading.filter((name, column) => name !== '' && heading.indexOf(name) !== column);
  return {
    rows: records.map((record) => rowOf(fields, heading, record)),
    columns: heading.length,
    fault: first.fault ? 'heading' : null,
    unknown: heading.flatMap((name, column) => (names.has(name) || isBlank(name, column, records) ? [] : [name || `#${column + 1}`])),
    twice: [...new Set(twice)],
    missing: fields.filter(({ name, required }) => required && !heading.includes(name)).map(({ name }) => name),
  };
}

function unusable(fault: FileFault): ImportPlan {
  return { rows: [], columns: 0, fault, unknown: [], twice: [], missing: [] };
}

function rowOf(fields: readonly Field[], heading: readonly string[], record: CsvRecord): ImportRow {
  const { line, cells } = record;
  const values = Object.fromEntries(heading.map((name, column) => [name, cells[column] ?? '']));
  const known = Object.fromEntries(fields.map(({ name }) => [name, values[name] ?? '']));
  const fault = record.fault ?? widthFault(heading.length, cells) ?? (cells.some(isFormula) ? 'formula' : null);
  return { line, values: known, data: dataOf(fields, known), fault, faults: faultsOf(fields, known) };
}

/** Cells beyond the last column are no fault while they are empty: some spreadsheets write them. */
function widthFault(columns: number, cells: readonly string[]): RowFault | null {
  if (cells.slice(columns).some((cell) => cell.trim() !== '')) return 'cells_many';
  return cells.length < columns ? 'cells_few' : null;
}

function isFormula(cell: string): boolean {
  return /^\s*'?[=＝]|^\s*#(REF|N\/A|VALUE|NAME|DIV\/0|NUM|NULL|SPILL|CALC)[!?]?\s*$|^\s*#{3,}\s*$/i.test(cell);
}

/** Whether a column has neither a name nor anything else. */
function isBlank(name: string, column: number, records: readonly CsvRecord[]): boolean {
  return name === '' && records.every(({ cells }) => (cells[column] ?? '').trim() === '');
}

/** The separator that makes most names of fields of the first line; a comma where none is better. */
function separatorOf(text: string, names: ReadonlySet<string>): string {
  const line = text.replace(/^[\ufeff\s]+/, '').split(/[\r\n]/, 1)[0] ?? '';
  const found = (separator: string): number =>
    line.split(separator).filter((name) => names.has(name.replaceAll('"', '').trim().toLowerCase())).length;
  return [',', ';', '\t'].reduce((best, each) => (found(each) > found(best) ? each : best));
}

/** Call `work` for each, at most `width` at a time, in order of beginning. */
export async function inParallel<T>(all: readonly T[], width: number, work: (each: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < all.length) {
      const each = all[next] as T;
      next += 1;
      await work(each);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, lane));
}
