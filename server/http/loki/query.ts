/** `/loki/api/v1/query_range` and `/query`: LogQL over a range of time, and at an instant. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { QueryEngine } from '../../query/engine.ts';
import { answerLogs } from '../../query/logql/logs.ts';
import type { Discovery } from '../../query/logql/select.ts';
import type { LogExpr } from '../../query/logql/syntax/ast.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { parseFilters } from '../../query/parameters.ts';
import type { Predicate } from '../../store/predicate.ts';
import { askerOf } from '../asker.ts';
import { JSON_TYPE, streamsAnswer } from './answers.ts';
import { type Form, LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import {
  assertLines,
  assertRange,
  type Bounds,
  isCategorized,
  parseBounds,
  parseDirection,
  parseInterval,
  parseLines,
  parseStep,
} from './parameters.ts';

export interface QueryRoutes {
  readonly engine: QueryEngine;
  readonly discovery: Discovery;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerQuery(app: FastifyInstance, routes: QueryRoutes): void {
  getOrPost(app, '/loki/api/v1/query_range', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const nowMs = routes.now();
    const bounds = parseBounds(form, nowMs);
    parseStep(form, bounds);
    const expr = parseQuery(form.get('query') ?? '');
    if (expr.kind !== 'log') throw new LokiRequestError('metric queries are not supported yet');
    return answerLines(routes, { expr, bounds, nowMs }, form, request, reply);
  });
}

/** Lines that the asker may see, from the start to before the end. */
export function visibleOf({ namespaces }: FastifyRequest, { start, end }: Bounds, nowMs: number): Predicate {
  return { ...parseFilters({ query: {}, namespaces }, nowMs), from: start, to: end };
}

interface LinesQuestion {
  readonly expr: LogExpr;
  readonly bounds: Bounds;
  readonly nowMs: number;
}

async function answerLines(
  { engine, discovery }: QueryRoutes,
  { expr, bounds, nowMs }: LinesQuestion,
  form: Form,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const limit = parseLines(form);
  assertLines(limit);
  assertRange(bounds);
  const begunMs = performance.now();
  const categorized = isCategorized(request.headers['x-loki-response-encoding-flags']);
  const question = {
    expr,
    visible: visibleOf(request, bounds, nowMs),
    direction: parseDirection(form),
    limit,
    intervalNs: parseInterval(form),
    isCategorized: categorized,
    discovery,
    nowMs,
  };
  const { answer } = await engine.run(askerOf(request, reply), (view, query) => answerLogs(question, view, query));
  const entries = answer.streams.reduce((sum, { lines }) => sum + lines.length, 0);
  const cost = { ...answer.counts, seconds: (performance.now() - begunMs) / 1000, entries };
  return streamsAnswer(answer.streams, categorized, cost);
}
