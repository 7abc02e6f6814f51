/** `/loki/api/v1/query_range` and `/query`: LogQL over a range of time, and at an instant. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { IMPORT_HEADER } from '../../../shared/import-headers.ts';
import { instantOfMs } from '../../../shared/time.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { AUDITED_LINES_MIN } from '../../limits.ts';
import type { QueryEngine } from '../../query/engine.ts';
import { answerLogs, type LogStream } from '../../query/logql/logs.ts';
import { answerMetric } from '../../query/logql/metrics/evaluate.ts';
import type { MetricQuestion } from '../../query/logql/metrics/evaluation.ts';
import type { LogqlLimits } from '../../query/logql/query-limits.ts';
import { type Discovery, predicateOf } from '../../query/logql/select.ts';
import type { LogExpr } from '../../query/logql/syntax/ast.ts';
import { longestRangeNs } from '../../query/logql/syntax/longest-range.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import type { TimedPredicate } from '../../query/logql/time-parts.ts';
import { parseFilters } from '../../query/parameters.ts';
import { namesOf } from '../../store/erasure-status.ts';
import { by } from '../asker.ts';
import { type Cost, instantAnswer, JSON_TYPE, rangeAnswer, streamsAnswer } from './answers.ts';
import { lokiAskerOf } from './asker.ts';
import { type Form, LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import {
  assertLines,
  assertRange,
  assertReach,
  type Bounds,
  isCategorized,
  parseBounds,
  parseDirection,
  parseInterval,
  parseLines,
  parseStep,
  parseTime,
} from './parameters.ts';

export interface QueryRoutes {
  readonly engine: QueryEngine;
  readonly discovery: Discovery;
  readonly limits: LogqlLimits;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface LinesRoutes extends QueryRoutes {
  readonly audit: Pick<AuditLog, 'record'>;
}

export function registerQuery(app: FastifyInstance, routes: LinesRoutes): void {
  getOrPost(app, '/loki/api/v1/query_range', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const nowMs = routes.now();
    const bounds = parseBounds(form, nowMs);
    const stepNs = parseStep(form, bounds, routes.limits);
    const expr = parseQuery(form.get('query') ?? '');
    if (expr.kind === 'log') {
      const {
        streams,
        isCategorized: isApart,
        cost,
      } = await linesOf(routes, { expr, bounds, nowMs }, form, request, reply);
      return streamsAnswer(streams, isApart, cost);
    }
    parseLines(form);
    parseDirection(form);
    parseInterval(form);
    assertRange(bounds, routes.limits);
    assertReach(bounds, longestRangeNs(expr), routes.limits);
    const { start, end } = bounds;
    const steps = { start, stepNs, count: Number((end - start) / stepNs) + 1 };
    return answerNumbers(routes, { expr, steps, isInstant: false, nowMs }, request, reply);
  });
  getOrPost(app, '/loki/api/v1/query', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const nowMs = routes.now();
    const start = parseTime(form, 'time', instantOfMs(nowMs));
    parseLines(form);
    parseDirection(form);
    const expr = parseQuery(form.get('query') ?? '');
    if (expr.kind === 'log') throw new LokiRequestError(LOG_AT_INSTANT);
    const steps = { start, stepNs: 1n, count: 1 };
    return answerNumbers(routes, { expr, steps, isInstant: true, nowMs }, request, reply);
  });
}

const LOG_AT_INSTANT =
  'log queries are not supported as an instant query type, please change your query to a range query type';

type NumbersQuestion = Pick<MetricQuestion, 'expr' | 'steps' | 'isInstant' | 'nowMs'>;

async function answerNumbers(
  routes: QueryRoutes,
  asked: NumbersQuestion,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { engine, discovery, limits } = routes;
  const { steps, isInstant, nowMs } = asked;
  const begunMs = performance.now();
  const visible = visibleOf(request, { start: steps.start, end: steps.start }, nowMs);
  const question = { ...asked, visible, discovery, limits };
  const asker = lokiAskerOf(routes, request, reply);
  const { answer } = await engine.run(asker, (view, query) => answerMetric(question, view, query));
  const { result, counts } = answer;
  const entries = result.kind === 'scalar' ? 1 : result.series.length;
  const cost = { ...counts, seconds: (performance.now() - begunMs) / 1000, entries };
  return isInstant ? instantAnswer(result, steps.start, cost) : rangeAnswer(result, steps, cost);
}

/** Lines that the asker may see, from the start to before the end. */
export function visibleOf(
  { namespaces }: Pick<FastifyRequest, 'namespaces'>,
  { start, end }: Bounds,
  nowMs: number,
): TimedPredicate {
  return { ...parseFilters({ query: {}, namespaces }, nowMs), from: start, to: end };
}

interface LinesQuestion {
  readonly expr: LogExpr;
  readonly bounds: Bounds;
  readonly nowMs: number;
}

/** What an import reads is stored again, and what podlog makes would be made again. */
const ONLY_STORED = { isServiceNameHidden: true, logLevels: false };

export interface FoundLines {
  readonly streams: readonly LogStream[];
  readonly isCategorized: boolean;
  readonly cost: Cost;
}

/** Returns the lines that a query finds. @throws LogqlError, LokiRequestError */
export async function linesOf(
  routes: LinesRoutes,
  { expr, bounds, nowMs }: LinesQuestion,
  form: Form,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FoundLines> {
  const { engine, discovery, limits, audit } = routes;
  const limit = parseLines(form);
  assertLines(limit, limits);
  assertRange(bounds, limits);
  const begunMs = performance.now();
  const categorized = isCategorized(request.headers['x-loki-response-encoding-flags']);
  const question = {
    expr,
    visible: visibleOf(request, bounds, nowMs),
    direction: parseDirection(form),
    limit,
    intervalNs: parseInterval(form),
    isCategorized: categorized,
    discovery: request.headers[IMPORT_HEADER] === 'true' ? { ...discovery, ...ONLY_STORED } : discovery,
    limits,
    nowMs,
  };
  const asker = lokiAskerOf(routes, request, reply);
  // Whoever exports lines asks for as many as there may be, page by page.
  if (limit >= Math.min(AUDITED_LINES_MIN, limits.linesMax)) {
    const filters = namesOf(predicateOf(expr, question.visible, discovery));
    await audit.record({ action: 'lines exported', ...by(request), details: { filters, limit, format: 'loki' } });
  }
  const { answer } = await engine.run(asker, (view, query) => answerLogs(question, view, query));
  const entries = answer.streams.reduce((sum, { lines }) => sum + lines.length, 0);
  const cost = { ...answer.counts, seconds: (performance.now() - begunMs) / 1000, entries };
  return { streams: answer.streams, isCategorized: categorized, cost };
}
