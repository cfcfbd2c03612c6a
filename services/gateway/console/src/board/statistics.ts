/** What the API counts for the board, and how it becomes plots. */
import type { ItemType } from '../api/types';

export type Period = 'hour' | 'day' | 'week';

export interface Waiting {
  type: ItemType;
  level: number;
  count: number;
  claimed: number;
  /** Of those that do not wait for their customers. */
  oldest_at: string | null;
  /** No enabled operator may decide items of this level. */
  nobody_has_level: boolean;
}

export interface Counted {
  type: ItemType;
  created: number;
  approved: number;
  rejected: number;
  closed: number;
  median_seconds: number | null;
  p95_seconds: number | null;
}

export interface Reviewer {
  /** None for those whom the reader is not told of. */
  name: string | null;
  type: ItemType;
  approved: number;
  rejected: number;
  closed: number;
  median_seconds: number | null;
  p95_seconds: number | null;
}

export interface Statistics {
  period: Period;
  from: string;
  until: string;
  bucket_seconds: number;
  pending: Waiting[];
  buckets: (Counted & { at: string })[];
  totals: Counted[];
  reviewers: Reviewer[];
}

export const OUTCOMES = ['approved', 'rejected', 'closed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The beginnings of all buckets, seconds since 1970, those in which nothing happened included. */
export function bucketStarts(statistics: Pick<Statistics, 'from' | 'until' | 'bucket_seconds'>): number[] {
  const from = Date.parse(statistics.from) / 1000;
  const until = Date.parse(statistics.until) / 1000;
  const count = Math.max(1, Math.ceil((until - from) / statistics.bucket_seconds));
  return Array.from({ length: count }, (_, index) => from + index * statistics.bucket_seconds);
}

/** Decisions per bucket for each outcome that occurs, of the types in view. */
export function decisions(statistics: Statistics, types: readonly ItemType[]): { outcome: Outcome; counts: number[] }[] {
  const starts = bucketStarts(statistics);
  return OUTCOMES.map((outcome) => ({ outcome, counts: sums(statistics, types, starts, (bucket) => bucket[outcome]) })).filter(
    ({ outcome }) => possible(types).includes(outcome),
  );
}

/** Seconds from creation to decision per bucket, of one type; null where nothing was decided. */
export function waits(statistics: Statistics, type: ItemType): { median: (number | null)[]; p95: (number | null)[] } {
  const found = new Map(statistics.buckets.filter((bucket) => bucket.type === type).map((bucket) => [Date.parse(bucket.at) / 1000, bucket]));
  const starts = bucketStarts(statistics);
  return {
    median: starts.map((at) => found.get(at)?.median_seconds ?? null),
    p95: starts.map((at) => found.get(at)?.p95_seconds ?? null),
  };
}

/** Decisions an hour over the whole period. */
export function perHour(statistics: Statistics, types: readonly ItemType[]): number {
  const all = statistics.totals.filter(({ type }) => types.includes(type)).reduce((sum, each) => sum + decided(each), 0);
  const hours = (Date.parse(statistics.until) - Date.parse(statistics.from)) / 3_600_000;
  return hours > 0 ? all / hours : 0;
}

export function decided(counted: { approved: number; rejected: number; closed: number }): number {
  return counted.approved + counted.rejected + counted.closed;
}

/** Who made the decisions of the types in view, most first. Only an Admin is told of every reviewer: what others decided is a
 *  row of its own, so that the rows add up to the totals. */
export function byReviewer(statistics: Pick<Statistics, 'reviewers' | 'totals'>, types: readonly ItemType[]): Reviewer[] {
  const named = statistics.reviewers.filter(({ type }) => types.includes(type));
  const others = statistics.totals.filter(({ type }) => types.includes(type)).map(({ type, ...total }) => {
    const rest = (outcome: Outcome): number =>
      named.filter((each) => each.type === type).reduce((left, each) => left - each[outcome], total[outcome]);
    return { name: null, type, approved: rest('approved'), rejected: rest('rejected'), closed: rest('closed'), median_seconds: null, p95_seconds: null };
  });
  return [...named.sort((a, b) => decided(b) - decided(a)), ...others.filter((each) => decided(each) > 0)];
}

/** Values on top of one another, for a stacked plot: the last series is the whole. */
export function stacked(series: readonly number[][]): number[][] {
  const running: number[] = [];
  return series.map((counts) => counts.map((count, index) => (running[index] = (running[index] ?? 0) + count)));
}

function sums(
  statistics: Statistics,
  types: readonly ItemType[],
  starts: readonly number[],
  count: (bucket: Counted) => number,
): number[] {
  const found = new Map<number, number>();
  for (const bucket of statistics.buckets) {
    if (!types.includes(bucket.type)) continue;
    const at = Date.parse(bucket.at) / 1000;
    found.set(at, (found.get(at) ?? 0) + count(bucket));
  }
  return starts.map((at) => found.get(at) ?? 0);
}

function possible(types: readonly ItemType[]): Outcome[] {
  const reviewed: Outcome[] = types.some((type) => type !== 'inquiry') ? ['approved', 'rejected'] : [];
  return types.includes('inquiry') ? [...reviewed, 'closed'] : reviewed;
}
