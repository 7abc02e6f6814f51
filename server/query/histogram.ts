/**
 * Lines counted over time: the time range shown, the step, and the counts. By default, the range is derived from the
 * lines that match and from nothing else: the row groups that hold them also have other lines, whose times not every
 * caller may learn.
 */
import { ParameterError } from '../../shared/errors.ts';
import { floorDivided, instantOfMs, MS_PER_DAY, NS_PER_MS, NS_PER_SECOND } from '../../shared/time.ts';
import {
  AGGREGATE_LIMIT_MAX,
  HISTOGRAM_BUCKETS_AUTO,
  HISTOGRAM_BUCKETS_MAX,
  HISTOGRAM_LEAD_DAYS,
  HISTOGRAM_PAST_DAYS,
  HISTOGRAM_STRAY_SHARE_MAX,
} from '../limits.ts';
import type { AggregatePlan, Aggregation, Cell } from '../store/aggregate-plan.ts';
import type { Predicate } from '../store/predicate.ts';
import { alignedOffsetMs, nsOf, type Steps, stepTime } from './steps.ts';

/** Steps that people can read off a chart; beyond the last, multiples of it. */
const STEPS_SECONDS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 86_400, 604_800];
/** The step of an answer without lines. */
const STEP_MS_DEFAULT = 60_000;

const MINUTE_NS = 60_000_000_000n;
const DAY_NS = BigInt(MS_PER_DAY * NS_PER_MS);

export interface HistogramQuery {
  readonly predicate: Predicate;
  /** One label or field at most. */
  readonly by: readonly string[];
  readonly steps: Steps;
  readonly nowMs: number;
  /** The step is chosen so that there are at most this many buckets. */
  readonly bucketsWanted?: number;
}

export interface Histogram {
  readonly stepSeconds: number;
  /** Without gaps, so including empty ones: a chart needs them. */
  readonly buckets: readonly HistogramBucket[];
  /** Number of matching lines before and after the range, if the query did not set it. */
  readonly before: number;
  readonly after: number;
}

export interface HistogramBucket {
  readonly time: string;
  readonly total: number;
  /** By value; only with `by`. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Both ends belong to it. */
interface InclusiveRange {
  readonly first: bigint;
  readonly last: bigint;
}

interface ChosenRange {
  /** Undefined where no line is found. */
  readonly range: InclusiveRange | undefined;
  readonly before: number;
  readonly after: number;
}

/** Counts lines, always in the same view. */
type Count = (predicate: Predicate, by: readonly string[], stepNs: bigint, limit?: number) => Promise<readonly Cell[]>;

/** @throws ParameterError, QueryTooLargeError, UnavailableError */
export async function histogram(
  { predicate, by, steps, nowMs, bucketsWanted = HISTOGRAM_BUCKETS_AUTO }: HistogramQuery,
  aggregate: (plan: AggregatePlan) => Promise<Aggregation>,
): Promise<Histogram> {
  const { stepMs: asked, windowSteps } = steps;
  const count: Count = async (within, names, stepNs, limit) => {
    const plan = { ...within, by: names, measures: [], stepNs, limit };
    return (await aggregate(plan)).cells;
  };
  const { range, before, after } = await chooseRange(predicate, nowMs, count);
  if (range === undefined) return { stepSeconds: (asked ?? STEP_MS_DEFAULT) / 1000, buckets: [], before, after };
  const { stepNs, offsetNs } = stepFor(range, steps, bucketsWanted);
  const within = { ...predicate, from: range.first, to: range.last + 1n };
  const plan = { ...within, by, measures: [], stepNs, offsetNs, windowSteps, limit: undefined };
  const { cells } = await aggregate(plan);
  const shown = shownBuckets(predicate, bucketRange(range, stepNs, offsetNs), cells);
  const buckets = bucketsOf(cells, shown, (bucket) => stepTime(bucket, stepNs, offsetNs), by);
  return { stepSeconds: Number(stepNs) / NS_PER_SECOND, buckets, before, after };
}

/** @throws ParameterError  the step that was asked for gives too many buckets */
function stepFor(
  range: InclusiveRange,
  { stepMs: askedMs, offsetMs, zoneOffsetMs = 0 }: Steps,
  bucketsWanted: number,
): { readonly stepNs: bigint; readonly offsetNs: bigint } {
  const fittingMs = fittingStep(range, bucketsWanted);
  const stepMs = askedMs ?? fittingMs;
  const stepNs = nsOf(stepMs);
  const offsetNs = nsOf(askedMs === undefined ? alignedOffsetMs(zoneOffsetMs, stepMs) : offsetMs);
  const { first, last } = bucketRange(range, stepNs, offsetNs);
  if (last - first < HISTOGRAM_BUCKETS_MAX) return { stepNs, offsetNs };
  // Long enough for any alignment of the buckets.
  const neededSeconds = Math.ceil(lengthMs(range) / (HISTOGRAM_BUCKETS_MAX - 1) / 1000);
  const allowed = `up to ${HISTOGRAM_BUCKETS_MAX} buckets; this range wants at least ${neededSeconds}s`;
  throw new ParameterError(
    'step',
    `"${stepMs / 1000}s" is too short for the time range`,
    allowed,
    `step=${fittingMs / 1000}s`,
  );
}

function fittingStep(range: InclusiveRange, bucketsWanted: number): number {
  const neededSeconds = lengthMs(range) / 1000 / bucketsWanted;
  const longest = STEPS_SECONDS.at(-1)!;
  const seconds = STEPS_SECONDS.find((each) => each >= neededSeconds) ?? Math.ceil(neededSeconds / longest) * longest;
  return seconds * 1000;
}

function lengthMs({ first, last }: InclusiveRange): number {
  return Number(last - first) / NS_PER_MS;
}

interface Buckets {
  readonly first: number;
  readonly last: number;
}

function bucketRange({ first, last }: InclusiveRange, stepNs: bigint, offsetNs: bigint): Buckets {
  return {
    first: Number(floorDivided(first - offsetNs, stepNs)),
    last: Number(floorDivided(last - offsetNs, stepNs)),
  };
}

/**
 * From `since` to `until`, or to now. Without `since`, from the first matching line to the last, within the last year
 * if there are any, and without those that a wrong clock may have put far from all others.
 */
async function chooseRange(predicate: Predicate, nowMs: number, count: Count): Promise<ChosenRange> {
  const { from, to } = predicate;
  const now = instantOfMs(nowMs);
  if (from !== undefined) {
    const end = to ?? now + 1n;
    return { range: { first: from, last: end > from ? end - 1n : from }, before: 0, after: 0 };
  }
  const days = (await count(predicate, [], DAY_NS, AGGREGATE_LIMIT_MAX)).toSorted((a, b) => a.bucket - b.bucket);
  const end = to ?? now;
  const endDay = Number(floorDivided(end, DAY_NS)) + (to === undefined ? HISTOGRAM_LEAD_DAYS : 0);
  const { start, stop } = withoutStrays(days, endDay);
  const kept = days.slice(start, stop);
  if (kept.length === 0) return { range: undefined, before: 0, after: 0 };
  const first = BigInt(kept[0]!.bucket) * DAY_NS;
  const last = BigInt(kept.at(-1)!.bucket + 1) * DAY_NS - 1n;
  const range = { first, last: to !== undefined && to <= last ? to - 1n : last };
  return {
    range: kept.at(-1)!.bucket - kept[0]!.bucket > 1 ? range : await toTheMinute(predicate, range, count),
    before: rowsOf(days.slice(0, start)),
    after: rowsOf(days.slice(stop)),
  };
}

/** A short range of days, cut to the minutes that have lines. */
async function toTheMinute(predicate: Predicate, range: InclusiveRange, count: Count): Promise<InclusiveRange> {
  const within = { ...predicate, from: range.first, to: range.last + 1n };
  const minutes = (await count(within, [], MINUTE_NS)).map(({ bucket }) => bucket);
  // Row groups may have been quarantined since the days were counted.
  if (minutes.length === 0) return range;
  const last = BigInt(Math.max(...minutes) + 1) * MINUTE_NS - 1n;
  return { first: BigInt(Math.min(...minutes)) * MINUTE_NS, last: last < range.last ? last : range.last };
}

/**
 * Returns the days to show, as indices from `start` to before `stop`: those of the last year where any are, and among
 * these not the few lines at either end that are farther from the rest than the rest is long.
 * @param days  with lines, oldest first
 */
function withoutStrays(days: readonly Cell[], endDay: number): { start: number; stop: number } {
  let start = days.findIndex(({ bucket }) => bucket > endDay - HISTOGRAM_PAST_DAYS);
  let stop = days.findLastIndex(({ bucket }) => bucket <= endDay) + 1;
  if (start < 0 || start >= stop) [start, stop] = [0, days.length];
  const straysMax = HISTOGRAM_STRAY_SHARE_MAX * rowsOf(days.slice(start, stop));
  for (let isCut = true; isCut;) {
    isCut = false;
    for (let at = start + 1, rows = 0; at < stop; at++) {
      rows += days[at - 1]!.rows;
      if (rows > straysMax) break;
      const restDays = days[stop - 1]!.bucket - days[at]!.bucket + 1;
      if (days[at]!.bucket - days[at - 1]!.bucket <= restDays) continue;
      [start, rows, isCut] = [at, 0, true];
    }
    for (let at = stop - 1, rows = 0; at > start; at--) {
      rows += days[at]!.rows;
      if (rows > straysMax) break;
      const restDays = days[at - 1]!.bucket - days[start]!.bucket + 1;
      if (days[at]!.bucket - days[at - 1]!.bucket <= restDays) continue;
      [stop, rows, isCut] = [at, 0, true];
    }
  }
  return { start, stop };
}

function rowsOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { rows }) => sum + rows, 0);
}

/** A range without `since` is that of the lines. Undefined: no lines. */
function shownBuckets({ from }: Predicate, asked: Buckets, cells: readonly Cell[]): Buckets | undefined {
  if (from !== undefined) return asked;
  if (cells.length === 0) return undefined;
  const found = cells.map(({ bucket }) => bucket);
  return { first: Math.min(...found), last: Math.max(...found) };
}

function bucketsOf(
  cells: readonly Cell[],
  shown: Buckets | undefined,
  timeOf: (bucket: number) => string,
  by: readonly string[],
): HistogramBucket[] {
  if (shown === undefined) return [];
  const byBucket = Map.groupBy(cells, ({ bucket }) => bucket);
  const list: HistogramBucket[] = [];
  for (let bucket = shown.first; bucket <= shown.last; bucket++) {
    const inBucket = byBucket.get(bucket) ?? [];
    const counts = Object.fromEntries(inBucket.map(({ by: [value = ''], rows }) => [value, rows]));
    list.push({ time: timeOf(bucket), total: rowsOf(inBucket), ...(by.length > 0 && { counts }) });
  }
  return list;
}
