/** CSV as spreadsheets write it (RFC 4180), also with semicolons or tabs. */

/** The text of a file: UTF-8 or UTF-16 where it is, or else what spreadsheets of that language write. */
export function decodeCsv(bytes: Uint8Array, language: string): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return new TextDecoder(utf16 ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder(language.startsWith('zh') ? 'big5' : 'windows-1252').decode(bytes);
  }
}

/** The records of the text; empty lines are left out. */
export function readCsv(text: string): string[][] {
  const source = text.replace(/^\ufeff/, '');
  const separator = separatorOf(source);
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  const endField = (): void => {
    record.push(field);
    field = '';
  };
  const endRecord = (): void => {
    endField();
    if (record.some((each) => each.trim() !== '')) records.push(record);
    record = [];
  };
  for (let index = 0; index < source.length; index += 1) {
    const char = source[index] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (source[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === separator) endField();
    else if (char === '\n') endRecord();
    else if (char !== '\r') field += char;
  }
  endRecord();
  return records;
}

function separatorOf(text: string): string {
  const line = text.slice(0, text.indexOf('\n') + 1 || text.length);
  const count = (separator: string): number => line.split(separator).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
