/** Moments on the board's axes. */
import type { Period } from '../../board/statistics';
import { locale } from '../../state/language.svelte';

/** The time of day, or the day for a week. */
export function shownMoment(seconds: number, period: Period): string {
  const options: Intl.DateTimeFormatOptions =
    period === 'week' ? { weekday: 'short', day: 'numeric' } : { hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(locale(), options).format(new Date(seconds * 1000));
}
