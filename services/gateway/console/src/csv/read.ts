/** CSV read strictly (RFC 4180): what could be meant in two ways is a fault of its record, at its line of the file. */

/** What is wrong with a record.
 *
 *  quote:      a quotation mark stands inside a cell that does not begin with one, or text follows the closing one
 *  unclosed:   a quotation mark is never closed
 *  uncertain:  an earlier record has an odd number of quotation marks, so that this one may be part of it
 *  characters: some cannot be read: the file is not UTF-8, or holds control characters */
export type CsvFault = 'quote' | 'unclosed' | 'uncertain' | 'characters';

export interface CsvRecord {
  /** Where it begins; the file's first line is 1. */
  line: number;
  cells: string[];
  fault: CsvFault | null;
}

/** The text of a file. Bytes that are not UTF-8, nor UTF-16 with its mark, become U+FFFD, which is a fault of a record. */
export function decodeCsv(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

const UNREADABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff\ufffd]/;

/** The records of the text, without those that are empty. */
export function readCsv(text: string, separator: string): CsvRecord[] {
  const reader = new Reader(text.replace(/^\ufeff/, ''), separator);
  const records: CsvRecord[] = [];
  let isCertain = true;
  for (let record = reader.next(); record; record = reader.next()) {
    const { line, cells, quotes } = record;
    const unreadable = cells.some((cell) => UNREADABLE.test(cell)) ? 'characters' : null;
    const fault = isCertain ? (record.fault ?? unreadable) : 'uncertain';
    // With an even number of quotation marks a faulty record ends where its line does, whatever was meant.
    if (record.fault && quotes % 2 === 1) isCertain = false;
    if (fault || cells.some((cell) => cell.trim() !== '')) records.push({ line, cells, fault });
  }
  return records;
}

interface Found extends CsvRecord {
  quotes: number;
}

class Reader {
  private at = 0;
  private line = 1;

  constructor(
    private readonly text: string,
    private readonly separator: string,
  ) {}

  /** The next record; null at the end. */
  next(): Found | null {
    if (this.at >= this.text.length) return null;
    const record: Found = { line: this.line, cells: [], fault: null, quotes: 0 };
    do record.cells.push(this.text[this.at] === '"' ? this.quoted(record) : this.plain(record));
    while (this.skip(this.separator));
    this.endLine();
    return record;
  }

  private plain(record: Found): string {
    const cell = this.upToEnd();
    const quotes = count(cell);
    record.quotes += quotes;
    if (quotes > 0) record.fault ??= 'quote';
    return cell;
  }

  private quoted(record: Found): string {
    let cell = '';
    this.at += 1;
    record.quotes += 1;
    for (;;) {
      const end = this.text.indexOf('"', this.at);
      const part = this.text.slice(this.at, end < 0 ? undefined : end);
      cell += part;
      this.line += part.split(/\r\n|\r|\n/).length - 1;
      if (end < 0) {
        this.at = this.text.length;
        record.fault = 'unclosed';
        return cell;
      }
      this.at = end + 1;
      record.quotes += 1;
      if (this.text[this.at] !== '"') return cell + this.plainAfterQuote(record);
      this.at += 1;
      record.quotes += 1;
      cell += '"';
    }
  }

  private plainAfterQuote(record: Found): string {
    const rest = this.upToEnd();
    record.quotes += count(rest);
    if (rest !== '') record.fault ??= 'quote';
    return rest;
  }

  /** What stands before the next separator or the end of the line. */
  private upToEnd(): string {
    const begin = this.at;
    while (this.at < this.text.length && !this.isEnd(this.text[this.at] as string)) this.at += 1;
    return this.text.slice(begin, this.at);
  }

  private isEnd(char: string): boolean {
    return char === this.separator || char === '\n' || char === '\r';
  }

  private skip(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private endLine(): void {
    const hasReturn = this.skip('\r');
    if (this.skip('\n') || hasReturn) this.line += 1;
  }
}

function count(text: string): number {
  return text.split('"').length - 1;
}
