/** `/loki/api/v1/patterns`: what kinds of lines streams have, and how many when; of all lines that are stored. */
import type { FastifyInstance } from 'fastify';
import { NS_PER_MS } from '../../../shared/time.ts';
import { linePatterns } from '../../query/logql/line-patterns.ts';
import { streamsPredicate } from '../../query/logql/select.ts';
import { LOKI_PATTERN_STEP_MS_MIN } from '../../limits.ts';
import { lokiAskerOf } from './asker.ts';
import { JSON_TYPE, secondsOf } from './answers.ts';
import { getOrPost } from './get-or-post.ts';
import { parseBounds, parseStep } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';
import { parseSelector } from './selector.ts';

const STEP_NS_MIN = BigInt(LOKI_PATTERN_STEP_MS_MIN) * BigInt(NS_PER_MS);

export function registerLinePatterns(app: FastifyInstance, routes: QueryRoutes): void {
  const { engine, discovery, limits, now } = routes;
  getOrPost(app, '/loki/api/v1/patterns', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const nowMs = now();
    const bounds = parseBounds(form, nowMs);
    const askedNs = parseStep(form, bounds, limits);
    const stepNs = askedNs < STEP_NS_MIN ? STEP_NS_MIN : askedNs;
    const matchers = parseSelector(form.get('query') ?? '');
    const predicate = streamsPredicate(matchers, visibleOf(request, bounds, nowMs), discovery);
    const { answer } = await engine.run(lokiAskerOf(routes, request, reply), (view, query) =>
      linePatterns({ predicate, stepNs }, view, query),
    );
    const data = answer.map(({ text, samples }) => ({
      pattern: text,
      samples: samples.map(([bucket, lines]) => [Math.floor(secondsOf(BigInt(bucket) * stepNs)), lines]),
    }));
    return { status: 'success', data };
  });
}
