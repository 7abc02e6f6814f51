/** `GET /explain`: what a query of LogQL is turned into, and what is read for it. It runs the query, and gives the cost instead of the answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseDurationMs } from '../../../shared/duration.ts';
import { ParameterError } from '../../../shared/errors.ts';
import { formatInstant, instantOfMs, NS_PER_MS } from '../../../shared/time.ts';
import { LOGQL_LINES_DEFAULT } from '../../limits.ts';
import { conditionsOf, type Selection, selectionsOf } from '../../query/logql/explain/selections.ts';
import { answerLogs } from '../../query/logql/logs.ts';
import { answerMetric } from '../../query/logql/metrics/evaluate.ts';
import { type Cost, type Read, recordedView } from '../../query/logql/explain/recorded-view.ts';
import { longestRangeNs } from '../../query/logql/syntax/longest-range.ts';
import type { Query } from '../../query/logql/syntax/ast.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { printQuery } from '../../query/logql/syntax/print.ts';
import {
  oneOf,
  parseCount,
  parseFlag,
  parseInstantParameter,
  type QueryString,
  single,
} from '../../query/parameters.ts';
import type { LogView } from '../../store/log-store.ts';
import { allOf, normalised } from '../../store/predicate.ts';
import type { Query as StoreQuery } from '../../store/query.ts';
import { lokiAskerOf } from './asker.ts';
import { assertRange, assertReach, type Bounds } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';

const HOUR_MS = 3_600_000;
const STEPS_DEFAULT = 240;

export function registerExplain(app: FastifyInstance, routes: QueryRoutes): void {
  app.get<{ Querystring: QueryString }>('/explain', async (request, reply) => {
    const nowMs = routes.now();
    const { query } = request;
    const expr = parseQuery(single(query, 'query') ?? '');
    const bounds = parseBounds(query, nowMs);
    const { limits } = routes;
    assertRange(bounds, limits);
    const isForward = oneOf(query, 'order', ['newest', 'oldest'], 'newest') === 'oldest';
    const isOfLines = expr.kind === 'log';
    const stepNs = parseStep(query, bounds, limits.pointsMax);
    const limit = parseCount(query, 'limit', 1, limits.linesMax, LOGQL_LINES_DEFAULT);
    const selections = await planned(routes, expr, bounds, request, reply);
    const plan = {
      query: printQuery(expr),
      kind: isOfLines ? 'lines' : 'metric',
      since: formatInstant(bounds.start),
      until: formatInstant(bounds.end),
      ...(!isOfLines && { step_seconds: Number(stepNs) / 1e9 }),
      selections,
    };
    if (query['run'] !== undefined && !parseFlag(query, 'run')) return plan;
    const asked = { expr, bounds, stepNs, limit, isForward, nowMs };
    return { ...plan, ...(await carriedOut(routes, asked, request, reply)) };
  });
}

/** What labels of streams decide is of those that the caller may see; conditions on these are not shown. */
async function planned(
  routes: QueryRoutes,
  expr: Query,
  bounds: Bounds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Selection[]> {
  const [own, all] = [request, { namespaces: 'all' } as const].map((who) => visibleOf(who, bounds, routes.now()));
  const { answer } = await routes.engine.run(lokiAskerOf(routes, request, reply), (view, query) =>
    selectionsOf(expr, all!, routes.discovery, (asked) =>
      view.streams({ ...asked, where: normalised(allOf([own!.where, asked.where])) }, query),
    ),
  );
  return answer;
}

interface Asked {
  readonly expr: Query;
  readonly bounds: Bounds;
  readonly stepNs: bigint;
  readonly limit: number;
  readonly isForward: boolean;
  readonly nowMs: number;
}

/** Runs the query. A caller who may not see every namespace gets no sizes: they would reveal how much others store. */
async function carriedOut(
  routes: QueryRoutes,
  asked: Asked,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const reads: Read[] = [];
  const begunMs = performance.now();
  const asker = lokiAskerOf(routes, request, reply);
  const { answer, statistics } = await routes.engine.run(asker, (view, query) =>
    answered(routes, asked, request, recordedView(view, reads), query),
  );
  const seesAll = request.namespaces === 'all';
  return {
    reads: reads.map((read) => ({
      what: read.what,
      ...(read.from !== undefined && { since: formatInstant(read.from) }),
      ...(read.to !== undefined && { until: formatInstant(read.to) }),
      conditions: conditionsOf(read.where),
      ...costOf(read.cost, seesAll),
    })),
    total: { ...costOf({ ...statistics, ms: performance.now() - begunMs }, seesAll), ...answer },
  };
}

async function answered(
  { discovery, limits }: QueryRoutes,
  { expr, bounds, stepNs, limit, isForward, nowMs }: Asked,
  request: FastifyRequest,
  view: LogView,
  query: StoreQuery,
): Promise<object> {
  const { start, end } = bounds;
  if (expr.kind === 'log') {
    const visible = visibleOf(request, bounds, nowMs);
    const direction = isForward ? 'forward' : 'backward';
    const shown = { direction, limit, intervalNs: 0n, isCategorized: true } as const;
    const { streams, counts } = await answerLogs({ expr, visible, ...shown, discovery, limits, nowMs }, view, query);
    const found = streams.reduce((sum, { lines }) => sum + lines.length, 0);
    return { lines_read: counts.lines, line_bytes_read: counts.bytes, lines: found };
  }
  assertReach(bounds, longestRangeNs(expr), limits);
  const count = Number((end - start) / stepNs);
  const first = end - BigInt(count) * stepNs;
  const steps = { start: first, stepNs, count: count + 1 };
  const visible = visibleOf(request, { start: first, end: first }, nowMs);
  const question = { expr, steps, isInstant: false, visible, discovery, limits, nowMs };
  const { result, counts } = await answerMetric(question, view, query);
  const series = result.kind === 'scalar' ? 1 : result.series.length;
  return { lines_read: counts.lines, line_bytes_read: counts.bytes, series };
}

function costOf(cost: Cost, seesAll: boolean): object {
  return {
    ...(seesAll && {
      row_groups: { considered: cost.rowGroupsConsidered, read: cost.rowGroupsRead },
      bytes: { considered: cost.bytesConsidered, read: cost.bytesRead },
    }),
    rows_matched: cost.rowsMatched,
    took_ms: Math.round(cost.ms * 10) / 10,
  };
}

/** The last hour by default. @throws ParameterError */
function parseBounds(query: QueryString, nowMs: number): Bounds {
  const end = query['until'] === undefined ? instantOfMs(nowMs) : parseInstantParameter(query, 'until', nowMs);
  const start =
    query['since'] === undefined ? end - instantOfMs(HOUR_MS) : parseInstantParameter(query, 'since', nowMs);
  if (start < end) return { start, end };
  throw new ParameterError('until', 'it is not after since', 'a later time', 'since=2h&until=1h');
}

/** @throws ParameterError */
function parseStep(query: QueryString, { start, end }: Bounds, pointsMax: number): bigint {
  const text = single(query, 'step');
  const rangeMs = Number((end - start) / BigInt(NS_PER_MS));
  const ms = text === undefined ? Math.max(1, Math.ceil(rangeMs / STEPS_DEFAULT)) : parseDurationMs(text);
  if (ms !== undefined && ms > 0 && rangeMs / ms <= pointsMax) return BigInt(ms) * BigInt(NS_PER_MS);
  const problem = `"${text ?? ''}" is not a step of this range`;
  throw new ParameterError('step', problem, `a duration of which the range has up to ${pointsMax}`, 'step=1m');
}
