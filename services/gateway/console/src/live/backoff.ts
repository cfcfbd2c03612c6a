/** How long to wait before the next attempt. */

/** Milliseconds before attempt number `attempt` (0 is the first): doubling, capped, with full jitter above a floor. */
export function delay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(30_000, 500 * 2 ** attempt);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
