import { describe, expect, it } from 'vitest';
import { fold, marksOf, plainAmount } from '../../src/desk/text';

describe('a folded text', () => {
  it.each([
    ['José', 'JOSÉ'],
    ['José', 'jose'],
    ['José', 'Jose\u0301'],
    ['Müller', 'MÜLLER'],
    ['Müller', 'muller'],
    ['Οδυσσευς', 'ΟΔΥΣΣΕΥΣ'],
    ['Οδυσσεύς', 'οδυσσευσ'],
    ['Łukasz', 'lukasz'],
    ['Søren', 'SOREN'],
    ['Straße', 'STRASSE'],
    ['İstanbul', 'istanbul'],
    ['ISPARTA', 'ısparta'],
    ['Ёлкин', 'елкин'],
    ['O’Brien', "o'brien"],
    ['１7', '17'],
    ['Pass\u00adport,\n page\u00a02', 'passport, page 2'],
    ['轉帳 17', '轉帳 17'],
  ])('of %s is that of %s, as on the server', (text, searched) => {
    expect(fold(text)).toBe(fold(searched));
  });

  it.each([
    ['José', 'Josa'],
    ['が', 'か'],
    ['가', '각'],
    ['कि', 'क'],
    ['張', '章'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(fold(one)).not.toBe(fold(other));
  });
});

describe('an amount as it is displayed', () => {
  it('is found as it is kept, in the way of each region', () => {
    expect(plainAmount('1,250,000.00', marksOf('en-GB'))).toBe('1250000.00');
    expect(plainAmount('1.250.000,00', marksOf('es-ES'))).toBe('1250000.00');
    expect(plainAmount('1,250,000.00', marksOf('zh-Hant-TW'))).toBe('1250000.00');
    expect(plainAmount('1,250', marksOf('en'))).toBe('1250');
    expect(plainAmount('250,5', marksOf('es-ES'))).toBe('250.5');
  });

  it('is not made of what is none', () => {
    for (const word of ['1,2', '12,34,56', 'a1,000', '17', '1250000.00', '1,,000']) expect(plainAmount(word, marksOf('en'))).toBe(word);
  });
});
