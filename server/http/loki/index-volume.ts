/** `/loki/api/v1/index/stats`, `/index/volume` and `/index/volume_range`: how many lines and bytes streams have. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainFloat } from '../../query/logql/syntax/go-float.ts';
import type { Matcher } from '../../query/logql/syntax/ast.ts';
import { type VolumeSeries, volumeSeries } from '../../query/logql/metrics/volume-series.ts';
import { eachVolume } from '../../query/logql/volumes.ts';
import { LOKI_VOLUME_SERIES_DEFAULT } from '../../limits.ts';
import { lokiAskerOf } from './asker.ts';
import { type Cost, JSON_TYPE, secondsOf, success } from './answers.ts';
import { type Form, LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import { assertRange, type Bounds, parseBounds, parsePositive, parseStep } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';
import { parseSelector, parseSelectorOrAll } from './selector.ts';

export function registerIndex(app: FastifyInstance, routes: QueryRoutes): void {
  getOrPost(app, '/loki/api/v1/index/stats', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const matchers = parseSelector(form.get('query') ?? '');
    return streamStats(routes, matchers, form, request, reply);
  });
  getOrPost(app, '/loki/api/v1/index/volume', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const bounds = parseBounds(form, routes.now());
    return volumes(routes, { bounds, stepNs: undefined }, form, request, reply);
  });
  getOrPost(app, '/loki/api/v1/index/volume_range', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const bounds = parseBounds(form, routes.now());
    return volumes(routes, { bounds, stepNs: parseStep(form, bounds, routes.limits) }, form, request, reply);
  });
}

/** Answers without an envelope. Each stream counts as one chunk. */
export async function streamStats(
  routes: QueryRoutes,
  matchers: readonly Matcher[],
  form: Form,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { engine, discovery, limits, now } = routes;
  const nowMs = now();
  const bounds = parseBounds(form, nowMs);
  assertRange(bounds, limits);
  const visible = visibleOf(request, bounds, nowMs);
  const { answer } = await engine.run(lokiAskerOf(routes, request, reply), async (view, query) => {
    const found = { bytes: 0, entries: 0 };
    const asked = { matchers, visible, names: [], stepNs: undefined, discovery };
    const streams = await eachVolume(asked, view, query, ({ lines, bytes }) => {
      found.entries += lines;
      found.bytes += bytes;
    });
    return { streams, chunks: streams, ...found };
  });
  return answer;
}

interface Times {
  readonly bounds: Bounds;
  readonly stepNs: bigint | undefined;
}

async function volumes(
  routes: QueryRoutes,
  { bounds, stepNs }: Times,
  form: Form,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { engine, discovery, limits, now } = routes;
  assertRange(bounds, limits);
  const begunMs = performance.now();
  const question = {
    matchers: parseSelectorOrAll(form.get('query') ?? ''),
    visible: visibleOf(request, bounds, now()),
    targets: (form.get('targetLabels') ?? '').split(',').filter((name) => name !== ''),
    isByName: parseIsByName(form),
    limit: parseLimit(form),
    stepNs,
    discovery,
  };
  const { answer } = await engine.run(lokiAskerOf(routes, request, reply), (view, query) =>
    volumeSeries(question, view, query),
  );
  const seconds = (performance.now() - begunMs) / 1000;
  return volumesAnswer(answer, { lines: 0, bytes: 0, seconds, entries: answer.length });
}

/** Writes a matrix where a series has several points, and a vector otherwise, as Loki does. */
function volumesAnswer(series: readonly VolumeSeries[], cost: Cost): unknown {
  const all = series.map(({ labels, points }) => ({
    metric: Object.fromEntries(labels),
    values: points.map(({ at, bytes }) => [secondsOf(at), plainFloat(bytes)]),
  }));
  if (all.some(({ values }) => values.length > 1)) return success('matrix', all, cost);
  const vector = all.map(({ metric, values }) => ({ metric, value: values[0] }));
  return success('vector', vector, cost);
}

/** @throws LokiRequestError */
function parseIsByName(form: Form): boolean {
  const text = form.get('aggregateBy') ?? 'series';
  if (text !== 'series' && text !== 'labels') throw new LokiRequestError('invalid aggregation option');
  return text === 'labels';
}

/** Parses the limit; 0 means the default. @throws LokiRequestError */
function parseLimit(form: Form): number {
  const text = form.get('limit');
  return parsePositive(text === '0' ? undefined : text, LOKI_VOLUME_SERIES_DEFAULT);
}
