/**
 * `GET /stats`: how much is stored, its time range, what it costs, how much room is left and for how long; with
 * `by=namespace`, whose lines it is.
 */
import type { FastifyInstance } from 'fastify';
import { ForbiddenError, ParameterError } from '../../shared/errors.ts';
import { formatDurationMs } from '../../shared/duration.ts';
import { formatInstant } from '../../shared/time.ts';
import { STATS_GROUPS_MAX } from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { parseFilters, type QueryString, single } from '../query/parameters.ts';
import { type AggregatePlan, WHOLE_STREAM } from '../store/aggregate-plan.ts';
import { forecastOf, type StoreCapacity } from '../store/capacity.ts';
import type { LogStore } from '../store/log-store.ts';
import type { StoreStats } from '../store/stats.ts';
import { understood } from './advice.ts';

export interface StatsRoutes {
  readonly logs: Pick<LogStore, 'stats' | 'capacity'>;
  readonly engine: QueryEngine;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What an answer by a label or field has of each value. */
const GROUP_NAMES: readonly string[] = ['lines', 'raw', 'stored'];

export function registerStats(app: FastifyInstance, { logs, engine, now }: StatsRoutes): void {
  app.get<{ Querystring: QueryString }>('/stats', async (request, reply) => {
    const by = parseBy(request.query);
    const { namespaces, callerName } = request;
    if (by === undefined) {
      if (namespaces !== 'all') throw aboutAll(callerName, namespaces);
      return { ...storedOf(logs.stats()), ...capacityOf(logs.capacity(), logs.stats().storedBytes) };
    }
    const nowMs = now();
    const plan: AggregatePlan = {
      ...parseFilters(request, nowMs, ['by']),
      by: [by],
      measures: [{ kind: 'bytes' }],
      stepNs: undefined,
      limit: STATS_GROUPS_MAX,
    };
    const { asker, withHints } = await understood(engine, request, reply, { ownNames: ['by'], nowMs });
    const { answer } = await engine.run(asker, (view, query) => view.aggregate(plan, query));
    const groups = answer.cells.map((cell) => {
      const [measured] = cell.measures;
      return { [by]: cell.by[0]!, lines: cell.rows, raw: measured?.kind === 'bytes' ? measured.bytes : 0 };
    });
    const { lineBytes, storedBytes } = logs.stats();
    // How well the lines of others compress is theirs.
    const stored = (raw: number): object =>
      namespaces === 'all' ? { stored: Math.round((raw * storedBytes) / lineBytes) } : {};
    const counts = {
      by: groups.map((group) => ({ ...group, ...stored(group.raw) })),
      ...(answer.groupCount !== groups.length && { truncated: true }),
    };
    const isNameless = groups.length > 0 && answer.cells.every((cell) => cell.by[0] === '');
    return withHints(counts, groups.length === 0, isNameless ? [{ asked: by, wants: 'value' }] : []);
  });
}

function aboutAll(caller: string | undefined, namespaces: readonly string[]): ForbiddenError {
  const message = `${caller} sees only ${String(namespaces)}, and this is about all namespaces; /stats?by=namespace has the lines and bytes of its own`;
  return new ForbiddenError(message);
}

/** @throws ParameterError  filters are for parts of the store, and all else here is about the whole */
function parseBy(query: QueryString): string | undefined {
  const by = single(query, 'by');
  if (by === '' || by === WHOLE_STREAM)
    throw new ParameterError('by', `"${by}" is not a name`, 'a label or field', 'by=namespace');
  if (by !== undefined && GROUP_NAMES.includes(by)) {
    throw new ParameterError('by', `"${by}" is a number of the answer`, 'another label or field', `by=field.${by}`);
  }
  const [other] = by === undefined ? Object.keys(query) : [];
  if (other === undefined) return by;
  const allowed = 'by, and with it filters, since and until';
  throw new ParameterError(other, 'not a parameter of /stats as a whole', allowed, `by=namespace&${other}=…`);
}

function storedOf(stats: StoreStats) {
  return {
    rows: stats.rowCount,
    bytes: { raw: stats.lineBytes, stored: stats.storedBytes, wal: stats.walBytes },
    segments: stats.segmentCount,
    walFiles: stats.walFileCount,
    rowGroups: stats.rowGroupCount,
    streams: stats.streamCount,
    oldest: stats.oldestInstant === undefined ? null : formatInstant(stats.oldestInstant),
    newest: stats.newestInstant === undefined ? null : formatInstant(stats.newestInstant),
    quarantined: stats.quarantinedCount,
    unreadable: stats.unreadableCount,
    clockAheadSeconds: Math.round(stats.clockAheadMs / 1000),
  };
}

function capacityOf(capacity: StoreCapacity, storedBytes: number) {
  const { space, intake, retention } = capacity;
  return {
    room:
      space === undefined ? null : { free: space.freeBytes, total: space.totalBytes, keptFree: space.keptFreeBytes },
    intake: {
      hours: rounded(intake.days * 24),
      lines: intake.rowCount,
      raw: intake.lineBytes,
      stored: intake.storedBytes,
    },
    forecast: forecastAnswer(capacity, storedBytes),
    retention: {
      age: ageText(retention.ageMs),
      maxSize: retention.maxSizeBytes === Infinity ? null : retention.maxSizeBytes,
      rules: retention.rules.map(({ selector, ageMs }) => ({ selector, age: ageText(ageMs) })),
    },
  };
}

function forecastAnswer(capacity: StoreCapacity, storedBytes: number) {
  const forecast = forecastOf(storedBytes, capacity);
  switch (forecast.kind) {
    case 'level':
      return { outlook: forecast.kind, daysLeft: null, bytes: Math.round(forecast.bytes) };
    case 'unknown':
      return { outlook: forecast.kind, daysLeft: null };
    case 'oldest dropped':
    case 'disk full':
      return { outlook: forecast.kind, daysLeft: rounded(forecast.days) };
  }
}

function ageText(ms: number): string {
  return ms === Infinity ? 'forever' : formatDurationMs(ms);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
