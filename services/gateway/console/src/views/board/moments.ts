/** Moments on the board's axes. */
import type { Period } from '../../board/statistics';
import { language } from '../../state/language.svelte';

/** The time of day, or the day for a week. */
export function shownMoment(seconds: number, period: Period): string {
  const options: Intl.DateTimeFormatOptions =
    period === 'week' ? { weekday: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return new Intl.DateTimeFormat(language(), options).format(new Date(seconds * 1000));
}
