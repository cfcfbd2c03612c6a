/** The server's time, for ages and countdowns: what it says of claims is compared with its own clock. */
import { Skew } from '../api/skew';

const skew = new Skew();
const state = $state({ now: Date.now() });

/** The time, reactive: it moves once a second, and stands still while nobody looks. */
export function now(): number {
  return state.now;
}

/** The time at this moment, milliseconds. */
export function current(): number {
  return Date.now() + skew.milliseconds;
}

/** An answer of the server told its time. */
export function heardDate(date: number, sentAt: number, receivedAt: number): void {
  const before = skew.milliseconds;
  skew.heard(date, sentAt, receivedAt);
  if (skew.milliseconds !== before) state.now = current();
}

export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') state.now = current();
  }, 1_000);
  document.addEventListener('visibilitychange', () => (state.now = current()));
}
