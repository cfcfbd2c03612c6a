/** Creating many from a CSV: its columns are the fields of the action, by name. */
import type { Data } from '../api/types';
import { dataOf, faultsOf, type Field, type FieldFault } from './schema';

export interface ImportRow {
  /** The line in the file's own counting, its heading being 1. */
  line: number;
  values: Record<string, string>;
  data: Data;
  faults: Record<string, FieldFault>;
}

export interface ImportPlan {
  rows: ImportRow[];
  /** Columns that are no field. */
  unknown: string[];
  /** Required fields without a column. */
  missing: string[];
}

/** What the records would create, and what is wrong with them. */
export function planImport(fields: readonly Field[], records: readonly (readonly string[])[]): ImportPlan {
  const heading = (records[0] ?? []).map((name) => name.trim().toLowerCase());
  const names = new Set(fields.map(({ name }) => name));
  const rows = records.slice(1).map((record, index) => {
    const values: Record<string, string> = {};
    heading.forEach((name, column) => {
      if (names.has(name)) values[name] = record[column] ?? '';
    });
    return { line: index + 2, values, data: dataOf(fields, values), faults: faultsOf(fields, values) };
  });
  return {
    rows,
    unknown: heading.filter((name) => name !== '' && !names.has(name)),
    missing: fields.filter(({ name, required }) => required && !heading.includes(name)).map(({ name }) => name),
  };
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
