/** `GET /histogram`, `/aggregate` and `/fields`: counts and measures of matching lines, without the lines. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { formatInstant, instantOf, instantOfMs, NS_PER_MS } from '../../shared/time.ts';
import {
  AGGREGATE_BY_MAX,
  AGGREGATE_GROUPS_HELD_MAX,
  AGGREGATE_LIMIT_DEFAULT,
  AGGREGATE_LIMIT_MAX,
  FACET_TOP_DEFAULT,
  FACET_VALUES_MAX,
  HISTOGRAM_BUCKETS_MAX,
} from '../limits.ts';
import { all, parseCount, parseFilters, single } from '../query/parameters.ts';
import type { QueryString } from '../query/parameters.ts';
import { callerOf } from './guard.ts';
import type { QuerySlots } from '../query/query-slots.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import type { Cell } from '../store/aggregate/aggregate.ts';
import { aggregate, type AggregateContext, facets } from '../store/aggregate/run.ts';
import { mayMatch, streamMatcher } from '../store/scan/match-rows.ts';
import type { Predicate } from '../store/scan/plan.ts';
import type { RowGroupRef, Snapshot } from '../store/snapshot.ts';

export interface AggregatesOptions {
  readonly store: { snapshot(): Snapshot };
  readonly slots: QuerySlots;
  /** What one query is run with. */
  readonly newQuery: () => AggregateContext;
  readonly now: () => number;
}

/** Steps that people read off a chart: the first that gives at most HISTOGRAM_BUCKETS_AUTO buckets is taken. */
const STEPS_MS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 86_400, 604_800].map((s) => s * 1000);
const HISTOGRAM_BUCKETS_AUTO = 100;
const STEP_MS_MIN = 1;

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

export function registerAggregates(app: FastifyInstance, options: AggregatesOptions): void {
  const { newQuery, now } = options;

  app.get<{ Querystring: QueryString }>('/histogram', async (request, reply) => {
    const own = ['by', 'step'];
    const predicate = parseFilters(request, now(), own);
    const by = parseBy(request.query, 1);
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const mayMatchStream = streamMatcher(predicate);
      const range = timeRange(
        predicate,
        rowGroups.filter((group) => mayMatch(group, predicate, mayMatchStream)),
        now(),
      );
      const stepNs = parseStep(request.query, range);
      const plan = { ...predicate, by, of: undefined, quantiles: [], stepNs, limit: undefined };
      const { cells } = await aggregate(rowGroups, plan, newQuery(), signal);
      const shown = shownRange(predicate, range, cells, stepNs);
      const list = shown === undefined ? [] : buckets(cells, shown, stepNs, by.length > 0);
      return { step_seconds: Number(stepNs) / 1e9, buckets: list };
    });
  });

  app.get<{ Querystring: QueryString }>('/aggregate', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['by', 'of', 'limit']);
    const by = parseBy(request.query, AGGREGATE_BY_MAX);
    const of = single(request.query, 'of');
    const limit = parseCount(request.query, 'limit', 1, AGGREGATE_LIMIT_MAX, AGGREGATE_LIMIT_DEFAULT);
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const plan = { ...predicate, by, of, quantiles: QUANTILES, stepNs: undefined, limit };
      const { cells, groupCount } = await aggregate(rowGroups, plan, newQuery(), signal);
      const groups = cells.map((cell) => ({ by: named(by, cell), rows: cell.rows, ...(of && measures(cell)) }));
      return { groups, distinct: groupCount ?? `more than ${AGGREGATE_GROUPS_HELD_MAX}` };
    });
  });

  app.get<{ Querystring: QueryString }>('/fields', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['name', 'top']);
    const names = all(request.query, 'name');
    const top = parseCount(request.query, 'top', 0, FACET_VALUES_MAX, FACET_TOP_DEFAULT);
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const {
        facets: found,
        valuesMax,
        isCut,
      } = await facets(rowGroups, predicate, names.length === 0 ? undefined : names, newQuery(), signal);
      return {
        fields: found
          .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
          .map(({ name, rows, values }) => ({
            name,
            rows,
            distinct: values?.size ?? `more than ${valuesMax}`,
            values: topValues(values ?? new Map(), top),
          })),
        ...(isCut && { truncated: true }),
      };
    });
  });
}

interface TimeRange {
  /** Both within it. */
  readonly first: bigint;
  readonly last: bigint;
}

/** From the query where it says so, else from what is there. */
function timeRange(predicate: Predicate, rowGroups: readonly RowGroupRef[], nowMs: number): TimeRange {
  let first: bigint | undefined;
  let last: bigint | undefined;
  for (const { baseDay, minTimeNs, maxTimeNs } of rowGroups) {
    const min = instantOf(baseDay, minTimeNs);
    const max = instantOf(baseDay, maxTimeNs);
    if (first === undefined || min < first) first = min;
    if (last === undefined || max > last) last = max;
  }
  const now = instantOfMs(nowMs);
  const from = predicate.from ?? first ?? now;
  const to = predicate.to === undefined ? (last ?? now) : predicate.to - 1n;
  return { first: from, last: to < from ? from : to };
}

function parseStep(query: QueryString, { first, last }: TimeRange): bigint {
  const text = single(query, 'step');
  const rangeMs = Number(last - first) / NS_PER_MS;
  const fitting = STEPS_MS.find((ms) => rangeMs / ms <= HISTOGRAM_BUCKETS_AUTO) ?? STEPS_MS.at(-1)!;
  const stepMs = text === undefined ? fitting : parseDurationMs(text);
  if (stepMs === undefined || !Number.isInteger(stepMs) || stepMs < STEP_MS_MIN) {
    throw new ParameterError('step', `"${text}" is no step`, 'a duration of whole milliseconds', 'step=5m');
  }
  if (rangeMs / stepMs > HISTOGRAM_BUCKETS_MAX) {
    const allowed = `up to ${HISTOGRAM_BUCKETS_MAX} buckets; this range wants at least ${Math.ceil(rangeMs / HISTOGRAM_BUCKETS_MAX / 1000)}s`;
    throw new ParameterError('step', `"${text}" is too short for the time range`, allowed, `step=${fitting / 1000}s`);
  }
  return BigInt(stepMs) * BigInt(NS_PER_MS);
}

function parseBy(query: QueryString, max: number): readonly string[] {
  const by = all(query, 'by');
  if (by.length > max || by.includes('')) {
    throw new ParameterError('by', `${by.length} names`, `up to ${max} names of labels or fields`, 'by=level');
  }
  return by;
}

/**
 * Where the query says nothing, from the first line that was found to the last; undefined when none was. A row group has
 * lines of others, too, and when these were written is not everybody's business.
 */
function shownRange(
  { from, to }: Predicate,
  { first, last }: TimeRange,
  cells: readonly Cell[],
  stepNs: bigint,
): TimeRange | undefined {
  if (from !== undefined && to !== undefined) return { first, last };
  if (cells.length === 0) return undefined;
  let firstBucket = Infinity;
  let lastBucket = -Infinity;
  for (const { bucket } of cells) {
    firstBucket = Math.min(firstBucket, bucket);
    lastBucket = Math.max(lastBucket, bucket);
  }
  return {
    first: from ?? BigInt(firstBucket) * stepNs,
    last: to === undefined ? BigInt(lastBucket) * stepNs : last,
  };
}

/** All buckets of the range, empty ones too: a chart wants them. */
function buckets(cells: readonly Cell[], { first, last }: TimeRange, stepNs: bigint, byValue: boolean): object[] {
  const byBucket = Map.groupBy(cells, ({ bucket }) => bucket);
  const list: object[] = [];
  for (let bucket = Number(first / stepNs); bucket <= Number(last / stepNs); bucket++) {
    const inBucket = byBucket.get(bucket) ?? [];
    const total = inBucket.reduce((sum, { rows }) => sum + rows, 0);
    const counts = Object.fromEntries(inBucket.map(({ by, rows }) => [by[0] ?? '', rows]));
    list.push({ time: formatInstant(BigInt(bucket) * stepNs), total, ...(byValue && { counts }) });
  }
  return list;
}

function named(by: readonly string[], cell: Cell): Record<string, string> {
  return Object.fromEntries(by.map((name, i) => [name, cell.by[i]!]));
}

/** Of QUANTILES. JSON has no NaN: a group without numbers has only their count. */
function measures({ count, sum, min, max, quantiles: [p50, p90, p95, p99] }: Cell): object {
  return count === 0 ? { count } : { count, sum, min, max, avg: sum / count, p50, p90, p95, p99 };
}

function topValues(values: ReadonlyMap<string, number>, top: number): { value: string; rows: number }[] {
  const sorted = [...values].toSorted(([a, aRows], [b, bRows]) => bRows - aRows || (a < b ? -1 : 1));
  return sorted.slice(0, top).map(([value, rows]) => ({ value, rows }));
}

/** Holds a slot and a snapshot while `run` works, which is told when the client is gone. */
async function withSnapshot<T>(
  { store, slots }: AggregatesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  run: (rowGroups: readonly RowGroupRef[], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return slots.run(callerOf(request), gone.signal, async () => {
    const snapshot = store.snapshot();
    try {
      return await run(snapshot.rowGroups, gone.signal);
    } finally {
      snapshot.release();
    }
  });
}
