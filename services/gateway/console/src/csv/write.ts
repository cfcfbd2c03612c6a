/** CSV that spreadsheets open (RFC 4180). */

/** The records as text. Cells that a spreadsheet would take for a formula are defused with an apostrophe. */
export function writeCsv(records: readonly (readonly unknown[])[]): string {
  return records.map((record) => record.map(cell).join(',') + '\r\n').join('');
}

/** What begins a formula in some spreadsheet or other, also in full-width letters and after blanks. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Give the text to the reader as a file. */
export function download(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
