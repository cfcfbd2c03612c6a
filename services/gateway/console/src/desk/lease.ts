/** The lease on an item that one holds: how long it lasts, and when it is time to renew it. */

export interface Lease {
  /** Milliseconds left, never negative. */
  left: number;
  /** Little is left: say so. */
  ending: boolean;
}

const ENDING = 60_000;

export function lease(until: string | null, now: number): Lease | null {
  if (!until) return null;
  const left = Math.max(0, Date.parse(until) - now);
  return { left, ending: left <= ENDING };
}

/** Whether to renew: work was done since the lease began, and half of it has gone.
 *
 *  takenAt, lastWorkAt, now: milliseconds; the lease began at `takenAt` and ends at `until`. */
export function shouldRenew(takenAt: number, until: string | null, lastWorkAt: number, now: number): boolean {
  if (!until) return false;
  const end = Date.parse(until);
  return now < end && lastWorkAt > takenAt && now >= takenAt + (end - takenAt) / 2;
}

/** As `14:59`: the whole seconds that are left for sure. */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
