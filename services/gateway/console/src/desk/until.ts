/** Days until which an answered inquiry waits, as a date field writes them: `2026-12-05`. */

const DAY = 86_400_000;

/** As far ahead as the server takes. */
export const MOST_DAYS = 365;

/** The day that is so many days from now, where the reader is. */
export function dayFromNow(now: number, days: number): string {
  const date = new Date(now + days * DAY);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The moment in which that day begins where the reader is, as the API writes times. */
export function startOf(day: string): string {
  return new Date(`${day}T00:00`).toISOString().replace(/\.\d+Z$/, 'Z');
}
