import { describe, expect, it } from 'vitest';
import { Skew } from '../../src/api/skew';

const NOON = Date.UTC(2026, 10, 24, 12);
const HOUR = 3_600_000;

/** The skew after answers at these moments of a true clock, heard by a browser that is `ahead`. */
function after(ahead: number, moments: number[], travel = 20): number {
  const skew = new Skew();
  for (const moment of moments) {
    const date = Math.floor((NOON + moment) / 1000) * 1000;
    skew.heard(date, NOON + moment + ahead - travel, NOON + moment + ahead + travel);
  }
  return skew.milliseconds;
}

describe('the skew of the clocks', () => {
  it('is nothing before an answer, and while the answers allow that the browser is right', () => {
    expect(new Skew().milliseconds).toBe(0);
    expect(after(0, [0, 333, 999, 12_345])).toBe(0);
    expect(after(15, [500])).toBe(0);
  });

  it('is told within a second by one answer, and better by more of them', () => {
    expect(Math.abs(after(HOUR, [700]) + HOUR)).toBeLessThan(1_000);
    expect(Math.abs(after(-HOUR, [700]) - HOUR)).toBeLessThan(1_000);
    expect(Math.abs(after(HOUR, [10, 5_300, 7_990]) + HOUR)).toBeLessThan(50);
  });

  it('follows a clock that is set', () => {
    const skew = new Skew();
    skew.heard(NOON, NOON + HOUR, NOON + HOUR);
    skew.heard(NOON + 5_000, NOON + 5_000, NOON + 5_000);
    expect(skew.milliseconds).toBe(0);
  });

  it('is not misled by an answer that took long', () => {
    expect(after(0, [500], 60_000)).toBe(0);
  });
});
