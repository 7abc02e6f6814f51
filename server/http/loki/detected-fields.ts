/** `/loki/api/v1/detected_fields` and `/detected_field/{name}/values`: what the newest lines have of their own. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DetectedField, detectFields } from '../../query/logql/detected-fields.ts';
import { answerLogs } from '../../query/logql/logs.ts';
import { humanBytes, parseBytes } from '../../query/logql/syntax/durations.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { LOGQL_LINES_DEFAULT, LOKI_FIELDS_DEFAULT } from '../../limits.ts';
import { lokiAskerOf } from './asker.ts';
import { JSON_TYPE } from './answers.ts';
import { type Form, LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import { assertLines, assertRange, parseBounds, parsePositive, parseStep } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';

export function registerDetectedFields(app: FastifyInstance, routes: QueryRoutes): void {
  getOrPost(app, '/loki/api/v1/detected_fields', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const limit = parseLimit(form);
    const found = await detected(routes, limit, form, request, reply);
    if (found.length === 0) return {};
    const fields = found.map(({ name, type, values, parsers, jsonPath }) => ({
      label: name,
      type,
      cardinality: values.size,
      parsers: parsers.length === 0 ? null : parsers,
      ...(jsonPath !== undefined && { jsonPath }),
    }));
    return { fields, limit };
  });
  getOrPost(app, '/loki/api/v1/detected_field/:name/values', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const limit = parseLimit(form);
    const { name } = request.params as { name: string };
    const found = await detected(routes, Infinity, form, request, reply);
    const field = found.find((each) => each.name === name);
    if (field === undefined) return {};
    const values = new Set([...field.values].map(askedAs));
    return { values: [...values].toSorted().slice(0, limit), limit };
  });
}

/** Returns a value as Loki gives it: whatever could be a size is rewritten, `3m`, too. */
function askedAs(value: string): string {
  const bytes = /[a-z]$/i.test(value) ? parseBytes(value) : undefined;
  return bytes === undefined ? value : humanBytes(bytes);
}

/** @throws LokiRequestError */
function parseLimit(form: Form): number {
  return parsePositive(form.get('limit') ?? form.get('field_limit'), LOKI_FIELDS_DEFAULT);
}

/** Returns the fields of the newest lines. */
async function detected(
  routes: QueryRoutes,
  limit: number,
  form: Form,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<DetectedField[]> {
  const { engine, discovery, limits, now } = routes;
  const nowMs = now();
  const bounds = parseBounds(form, nowMs);
  const lineCount = parsePositive(form.get('line_limit'), LOGQL_LINES_DEFAULT);
  parseStep(form, bounds, limits);
  const expr = parseQuery(form.get('query') ?? '');
  if (expr.kind !== 'log') throw new LokiRequestError('only log selector is supported');
  assertLines(lineCount, limits);
  assertRange(bounds, limits);
  const question = {
    expr,
    visible: visibleOf(request, bounds, nowMs),
    direction: 'backward',
    limit: lineCount,
    intervalNs: 0n,
    isCategorized: true,
    discovery,
    limits,
    nowMs,
  } as const;
  const { answer } = await engine.run(lokiAskerOf(routes, request, reply), async (view, query) => {
    const { streams } = await answerLogs(question, view, query);
    return detectFields(streams, limit, query);
  });
  return answer;
}
