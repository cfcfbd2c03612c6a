import { describe, expect, it } from 'vitest';
import { decodeCsv, readCsv } from '../../src/csv/read';
import { writeCsv } from '../../src/csv/write';
import { inParallel, planImport } from '../../src/forms/import';
import { dataOf, faultsOf, fieldsOf, serverFaults } from '../../src/forms/schema';
import { Imports } from '../../src/state/imports.svelte';

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
    expect(faultsOf(transfer, { amount: '1.234', currency: 'usd', level: '0' })).toEqual({
      cid: 'required',
      amount: 'decimal',
      currency: 'pattern',
      level: 'minimum',
    });
    expect(faultsOf(transfer, { cid: '1.5', amount: '1', level: '99999999999999999999' })).toEqual({ cid: 'integer', level: 'maximum' });
    expect(faultsOf(fieldsOf('create_customer'), { name: 'x'.repeat(201) })).toEqual({ name: 'too_long' });
    expect(faultsOf(transfer, { cid: '1', amount: '250.00', currency: 'EUR' })).toEqual({});
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

describe('CSV', () => {
  it('is read as spreadsheets write it', () => {
    expect(readCsv('\ufeffcid,amount\r\n1,"1,50"\r\n\r\n2,"say ""hi""\nthere"')).toEqual([
      ['cid', 'amount'],
      ['1', '1,50'],
      ['2', 'say "hi"\nthere'],
    ]);
    expect(readCsv('cid;amount\n1;2.00\n')).toEqual([['cid', 'amount'], ['1', '2.00']]);
    expect(readCsv('cid\tamount\n1\t2')).toEqual([['cid', 'amount'], ['1', '2']]);
    expect(readCsv('')).toEqual([]);
  });

  it('comes back as it was written', () => {
    const records = [['a', 'b'], ['1,2', 'x "y"\nz']];
    expect(readCsv(writeCsv(records))).toEqual(records);
  });

  it('gives a spreadsheet no formula to run', () => {
    expect(writeCsv([['=1+1', '-5.00', '+x', -3, null]])).toBe("'=1+1,-5.00,'+x,-3,\r\n");
  });
});

describe('an import', () => {
  it('plans a row for each record, with its faults and its line', () => {
    const plan = planImport(transfer, readCsv('CID, amount,colour\n1,2.50,red\n,x,\n'));
    expect(plan.unknown).toEqual(['colour']);
    expect(plan.missing).toEqual([]);
    expect(plan.rows.map(({ line, data, faults }) => ({ line, data, faults }))).toEqual([
      { line: 2, data: { cid: 1, amount: '2.50' }, faults: {} },
      { line: 3, data: { amount: 'x' }, faults: { cid: 'required', amount: 'decimal' } },
    ]);
    expect(planImport(transfer, readCsv('cid\n1')).missing).toEqual(['amount']);
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
    imports.choose('create_customer', 'names.csv', planImport(fieldsOf('create_customer'), readCsv(`name\n${'Ada\n'.repeat(lines)}`)));
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

  it('are read as UTF-8 or UTF-16 where they are', () => {
    expect(decodeCsv(new TextEncoder().encode('José 王'), 'es')).toBe('José 王');
    expect(decodeCsv(bytes(0xff, 0xfe, 0x4a, 0, 0xe9, 0), 'en')).toBe('Jé');
  });

  it('are read as spreadsheets of the language write them otherwise', () => {
    expect(decodeCsv(bytes(0x4a, 0x6f, 0x73, 0xe9), 'es')).toBe('José');
    expect(decodeCsv(bytes(0xa4, 0xfd), 'zh-Hant')).toBe('王');
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
