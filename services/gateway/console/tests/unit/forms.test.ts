import { describe, expect, it } from 'vitest';
import { decodeCsv, readCsv } from '../../src/csv/read';
import { writeCsv } from '../../src/csv/write';
import { inParallel, LARGEST, planImport } from '../../src/forms/import';
import { dataOf, faultsOf, fieldsOf, serverFaults } from '../../src/forms/schema';
import { Import, Imports } from '../../src/state/imports.svelte';

const transfer = fieldsOf('create_transfer');

describe('forms made of the schemas', () => {
  it('have the fields of the action, with their kinds and defaults', () => {
    expect(transfer.map(({ name, kind, required, fallback }) => [name, kind, required, fallback])).toEqual([
      ['cid', 'integer', true, ''],
      ['amount', 'decimal', true, ''],
      ['currency', 'text', false, 'USD'],
      ['level', 'integer', false, '1'],
    ]);
    expect(fieldsOf('create_document').find(({ name }) => name === 'content')?.kind).toBe('longtext');
    expect(fieldsOf('create_customer').map(({ name, kind }) => [name, kind])).toEqual([['name', 'text']]);
    expect(fieldsOf('review_transfer').find(({ name }) => name === 'approved')?.kind).toBe('flag');
    expect(fieldsOf('no_such_action')).toEqual([]);
  });

  it('send what was typed: integers as numbers, amounts as exact text, nothing for an empty field', () => {
    expect(dataOf(transfer, { cid: ' 7', amount: '0.10', currency: '', level: '' })).toEqual({ cid: 7, amount: '0.10' });
    expect(dataOf(fieldsOf('respond_inquiry'), { id: '1', answer: ' OK', closed: 'true' })).toEqual({ id: 1, answer: ' OK', closed: true });
  });

  it('say what is wrong with a field before it is sent', () => {
    expect(faultsOf(transfer, { amount: '1.23456', currency: 'usd', level: '0' })).toEqual({
      cid: 'required',
      amount: 'decimal',
      currency: 'currency',
      level: 'minimum',
    });
    expect(faultsOf(transfer, { cid: '1.5', amount: '1', level: '99999999999999999999' })).toEqual({ cid: 'integer', level: 'maximum' });
    expect(faultsOf(fieldsOf('create_customer'), { name: 'x'.repeat(201) })).toEqual({ name: 'too_long' });
    expect(faultsOf(fieldsOf('create_customer'), { name: 'Ali\u200bce' })).toEqual({ name: 'name' });
    expect(faultsOf(transfer, { cid: '1', amount: '250.00', currency: 'EUR' })).toEqual({});
  });

  it('know how many decimal places each currency has, and which currencies there are', () => {
    const fault = (amount: string, currency: string) => faultsOf(transfer, { cid: '1', amount, currency });
    for (const [amount, currency] of [['100', 'JPY'], ['100.00', 'JPY'], ['1.234', 'KWD'], ['1.23', ''], ['0.0001', 'UYW']]) {
      expect(fault(amount!, currency!)).toEqual({});
    }
    for (const [amount, currency] of [['100.5', 'JPY'], ['1.2345', 'KWD'], ['1.234', ''], ['1.234', 'EUR']]) {
      expect(fault(amount!, currency!)).toEqual({ amount: 'places' });
    }
    for (const currency of ['ZZZ', 'XXX', 'XAU', 'CLF', 'HRK', 'usd']) expect(fault('1', currency)).toEqual({ currency: 'currency' });
  });

  it('put the words of the server beside the field they belong to', () => {
    expect(
      serverFaults([
        { path: 'task.data.amount', message: 'first' },
        { path: 'task.data.amount', message: 'second' },
        { path: 'task', message: 'all' },
      ]),
    ).toEqual({ amount: 'first', '': 'all' });
  });
});

const cells = (text: string, separator = ','): string[][] => readCsv(text, separator).map((record) => record.cells);
const faults = (text: string): [number, string | null][] => readCsv(text, ',').map(({ line, fault }) => [line, fault]);

describe('CSV', () => {
  it('is read as spreadsheets write it', () => {
    expect(cells('\ufeffcid,amount\r\n1,"1,50"\r\n\r\n2,"say ""hi""\nthere"')).toEqual([
      ['cid', 'amount'],
      ['1', '1,50'],
      ['2', 'say "hi"\nthere'],
    ]);
    expect(cells('cid;amount\n1;2.00\n', ';')).toEqual([['cid', 'amount'], ['1', '2.00']]);
    expect(cells('')).toEqual([]);
  });

  it('comes back as it was written', () => {
    const records = [['a', 'b'], ['1,2', 'x "y"\nz'], ['"', 'x\r\ny'], ['', 'z']];
    expect(cells(writeCsv(records))).toEqual(records);
  });

  it('gives a spreadsheet no formula to run', () => {
    expect(writeCsv([['=1+1', '-5.00', '+x', -3, null]])).toBe("'=1+1,-5.00,'+x,-3,\r\n");
  });

  it('names the line at which a record begins, after blank lines and line breaks in cells, whatever ends a line', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = ['', 'a,b', '', '1,"x', '', 'y"', ',', '2,z'].join(end);
      expect(readCsv(text, ',').map(({ line }) => line)).toEqual([2, 4, 8]);
    }
  });

  it('has a fault where a quotation mark stands after a space or inside a cell, and where text follows the closing one', () => {
    expect(faults('a,b\n1, "Passport, page 2"\n2,x')).toEqual([[1, null], [2, 'quote'], [3, null]]);
    expect(faults('1,5"" pipe\n2,x')).toEqual([[1, 'quote'], [2, null]]);
    expect(faults('1,"a" b\n2,x')).toEqual([[1, 'quote'], [2, null]]);
    expect(faults('1,"a"b"c"\n2,x')).toEqual([[1, 'quote'], [2, null]]);
  });

  it('is certain of no record after one whose quotation marks do not come in pairs', () => {
    expect(faults('1, "Passport\n2,x\n3,page 2"\n4,y')).toEqual([[1, 'quote'], [2, 'uncertain'], [3, 'uncertain'], [4, 'uncertain']]);
    expect(faults('1,"a\n2,b\n3,"c\n4,d')).toEqual([[1, 'quote'], [4, null]]);
  });

  it('has a fault where a quotation mark is opened and never closed', () => {
    expect(faults('a,b\n1,x\n2,"y\n3,z\n')).toEqual([[1, null], [2, null], [3, 'unclosed']]);
    expect(faults('"')).toEqual([[1, 'unclosed']]);
  });

  it('has a fault where a character cannot be read', () => {
    expect(faults('a,b\n1,Jos\ufffd\n2,\u0000\n3,\u001b[2J\n4,\ufeffx\n5,tab\there')).toEqual([
      [1, null],
      [2, 'characters'],
      [3, 'characters'],
      [4, 'characters'],
      [5, 'characters'],
      [6, null],
    ]);
  });

  it('of a hundred thousand quotation marks, separators or line ends is one record or none', () => {
    for (const [hostile, count] of [['"', 1], ['",', 1], [' "', 1], ['x,', 1], ['\r', 0], [',', 0]] as const) {
      expect([hostile, readCsv(hostile.repeat(100_000), ',').length]).toEqual([hostile, count]);
    }
  });
});

describe('an import', () => {
  /** Line, fault and faults of each row. */
  const found = (text: string, fields = transfer): unknown[] =>
    planImport(fields, text).rows.map(({ line, fault, faults: each }) => [line, fault, ...Object.values(each)]);

  it('plans a row for each record, with its faults and its line', () => {
    const plan = planImport(transfer, 'CID, amount,colour\n1,2.50,red\n,x,\n');
    expect(plan.unknown).toEqual(['colour']);
    expect(plan.missing).toEqual([]);
    expect(plan.rows.map(({ line, data, faults: each }) => ({ line, data, faults: each }))).toEqual([
      { line: 2, data: { cid: 1, amount: '2.50' }, faults: {} },
      { line: 3, data: { amount: 'x' }, faults: { cid: 'required', amount: 'decimal' } },
    ]);
    expect(planImport(transfer, 'cid\n1').missing).toEqual(['amount']);
  });

  it('has a fault where a line has more or fewer cells than there are columns', () => {
    expect(found('cid,amount\n1,1,250.00\n1\n1,2.00,,\n')).toEqual([
      [2, 'cells_many'],
      [3, 'cells_few', 'required'],
      [4, null],
    ]);
  });

  it('has a fault where an amount is written in the way of a language, or a cell holds a formula', () => {
    expect(found('cid;amount\n1;250,00\n2;1.250,00\n3;"1,250"\n4;=A1*2\n5;#REF!\n6;3.00')).toEqual([
      [2, null, 'decimal'],
      [3, null, 'decimal'],
      [4, null, 'decimal'],
      [5, 'formula', 'decimal'],
      [6, 'formula', 'decimal'],
      [7, null],
    ]);
    const customer = fieldsOf('create_customer');
    expect(found('name\n=HYPERLINK("x")\n#N/A\n#1 Plumbing\n########', customer)).toEqual([[2, 'quote'], [3, 'formula'], [4, null], [5, 'formula']]);
    expect(found(`name\n${'x'.repeat(100_000)}\n`, customer)).toEqual([[2, null, 'too_long']]);
  });

  it('takes for separator what makes the names of its fields', () => {
    for (const text of ['cid,amount\n1,2.00', 'cid;amount\r\n1;2.00', '\ufeff\n"cid"\t"amount"\n1\t2.00']) {
      expect(planImport(transfer, text).rows.map(({ data }) => data)).toEqual([{ cid: 1, amount: '2.00' }]);
    }
    expect(planImport(fieldsOf('create_customer'), 'name\nDoe; Jane').rows[0]?.data).toEqual({ name: 'Doe; Jane' });
  });

  it('creates nothing while two columns have one name, one is missing, or the heading or the file cannot be read', () => {
    for (const text of ['cid,amount,Amount\n1,2.00,3.00', 'cid\n1', 'cid,"amount\n1,2.00', 'cid,am\ufffdunt\n1,2.00', '', 'cid,amount\n']) {
      const file = new Import('create_transfer', 'x.csv', planImport(transfer, text));
      file.leavesOut = true;
      expect(file.good, text).toEqual([]);
    }
    expect(planImport(transfer, 'cid,amount,Amount\n1,2.00,3.00').twice).toEqual(['amount']);
    expect(planImport(transfer, 'x'.repeat(LARGEST + 1)).fault).toBe('too_large');
  });

  it('leaves a column that is no field out only where the reader says so: it may be a field misspelt', () => {
    const file = new Import('create_transfer', 'x.csv', planImport(transfer, 'cid,amount,curency\n1,2.00,EUR'));
    expect(file.good).toEqual([]);
    file.leavesOut = true;
    expect(file.good.map(({ data }) => data)).toEqual([{ cid: 1, amount: '2.00' }]);
    expect(planImport(transfer, 'cid,amount,\n1,2.00,').unknown).toEqual([]);
    expect(planImport(transfer, 'cid,amount,\n1,2.00,x').unknown).toEqual(['#3']);
  });

  it('works on a few rows at a time', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, async (each) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(each);
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });
});

describe('an import', () => {
  function begun(lines: number): { imports: Imports; made: string[]; answer: () => void; ended: Promise<void> } {
    const imports = new Imports();
    imports.choose('create_customer', 'names.csv', planImport(fieldsOf('create_customer'), `name\n${'Ada\n'.repeat(lines)}`));
    const made: string[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const ended = imports.get('create_customer')!.start(async (action, { line }) => {
      made.push(`${action} ${line}`);
      await answered;
      return { good: line % 2 === 0, text: '' };
    });
    return { imports, made, answer, ended };
  }

  it('counts what was created and what was not', async () => {
    const { imports, answer, ended } = begun(20);
    answer();
    await ended;
    const { results, succeeded, running, finished } = imports.get('create_customer')!;
    expect([results.size, succeeded, running, finished]).toEqual([20, 10, false, true]);
  });

  it('begins no further row once the session has ended', async () => {
    const { imports, made, answer, ended } = begun(20);
    const before = [...made];
    expect(before.length).toBeLessThan(20);
    imports.stop();
    answer();
    await ended;
    expect(made).toEqual(before);
    expect(made[0]).toBe('create_customer 2');
  });
});

describe('the bytes of a CSV', () => {
  const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

  it('are read as UTF-8, or as UTF-16 where its mark stands', () => {
    expect(decodeCsv(new TextEncoder().encode('José 王'))).toBe('José 王');
    expect(decodeCsv(bytes(0xef, 0xbb, 0xbf, 0x4a))).toBe('J');
    expect(decodeCsv(bytes(0xff, 0xfe, 0x4a, 0, 0xe9, 0))).toBe('Jé');
    expect(decodeCsv(bytes(0xfe, 0xff, 0, 0x4a, 0, 0xe9))).toBe('Jé');
  });

  it('are not guessed: rows that are not UTF-8 have a fault at their line, and the others have none', () => {
    const rows = (...values: number[]): unknown[] =>
      planImport(fieldsOf('create_customer'), decodeCsv(bytes(...values))).rows.map(({ line, fault }) => [line, fault]);
    const name = [...new TextEncoder().encode('name\nAda\n')];
    expect(rows(...name, 0x4a, 0x6f, 0x73, 0xe9)).toEqual([[2, null], [3, 'characters']]);
    expect(rows(...name, 0xa4, 0xfd)).toEqual([[2, null], [3, 'characters']]);
    const wide = planImport(fieldsOf('create_customer'), decodeCsv(bytes(...name.flatMap((byte) => [byte, 0]))));
    expect([wide.fault, wide.rows[0]?.fault]).toEqual(['heading', 'characters']);
  });
});

describe('a cell that a spreadsheet would take for a formula', () => {
  it('is defused whatever it begins with, and a number stays one', () => {
    for (const cell of ['=1', '+1', '-1+x', '@SUM(A1)', '\t=1', ' =1', '＝1', '＋1', '－1', '＠x']) {
      expect(writeCsv([[cell]]).replaceAll('"', '')).toBe(`'${cell}\r\n`);
    }
    expect(writeCsv([['-12.50', -3, '\n=1']])).toBe('-12.50,-3,"\'\n=1"\r\n');
  });
});
