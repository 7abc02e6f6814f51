/** `/loki/api/v1/labels`, `/label/{name}/values` and `/series`: the labels of the streams that have lines in a time range. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { KnownStreams, type StreamLabels } from '../../query/logql/known-streams.ts';
import { labelsText } from '../../../shared/labels-text.ts';
import { streamsPredicate } from '../../query/logql/select.ts';
import type { Matcher } from '../../query/logql/syntax/ast.ts';
import { LABELS_ANSWER_BYTES_MAX } from '../../limits.ts';
import { lokiAskerOf } from './asker.ts';
import { JSON_TYPE } from './answers.ts';
import { type Form, LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import { assertRange, parseBounds } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';
import { parseSelector, parseSelectorOrAll } from './selector.ts';

export function registerLabels(app: FastifyInstance, routes: QueryRoutes): void {
  const names = async (form: Form, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    void reply.type(JSON_TYPE);
    const found = new Set<string>();
    for (const labels of await streamsOf(routes, form, selectors(form.all('query')), request, reply)) {
      for (const name of labels.keys()) found.add(name);
    }
    return listed(found);
  };
  getOrPost(app, '/loki/api/v1/labels', names);
  getOrPost(app, '/loki/api/v1/label', names);
  getOrPost(app, '/loki/api/v1/label/:name/values', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const { name } = request.params as { name: string };
    const found = new Set<string>();
    for (const labels of await streamsOf(routes, form, selectors(form.all('query')), request, reply)) {
      const value = labels.get(name);
      if (value !== undefined) found.add(value);
    }
    return listed(found);
  });
  getOrPost(app, '/loki/api/v1/series', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const texts = form.given('match', 'match[]');
    const asked = texts.length === 0 ? [[]] : texts.map(parseSelectorOrAll);
    const byText = new Map<string, StreamLabels>();
    for (const labels of await streamsOf(routes, form, asked, request, reply)) {
      byText.set(labelsText([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1))), labels);
    }
    const data = bounded(
      [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ([text]) => text,
    );
    return { status: 'success', data: data.map(([, labels]) => Object.fromEntries(labels)) };
  });
}

/** @throws LogqlError, LokiRequestError */
function selectors(texts: readonly string[]): (readonly Matcher[])[] {
  return texts.length === 0 ? [[]] : texts.map(parseSelector);
}

/** What Loki says of labels in a range that ends before it starts. */
const NO_LONGER_THERE = 'this data is no longer available, it is past now - max_query_lookback (0s)';

/**
 * Returns the labels of streams that one of the selectors selects.
 * @param backwards  what is said of an end before the start
 */
export async function streamsOf(
  routes: QueryRoutes,
  form: Form,
  asked: readonly (readonly Matcher[])[],
  request: FastifyRequest,
  reply: FastifyReply,
  backwards = NO_LONGER_THERE,
): Promise<StreamLabels[]> {
  const { engine, discovery, limits, now } = routes;
  const nowMs = now();
  const bounds = parseBounds(form, nowMs, backwards);
  assertRange(bounds, limits);
  const visible = visibleOf(request, bounds, nowMs);
  const predicates = asked.map((matchers) => streamsPredicate(matchers, visible, discovery));
  const { answer } = await engine.run(lokiAskerOf(routes, request, reply), (view, query) =>
    Promise.all(predicates.map((predicate) => view.streams(predicate, query))),
  );
  return answer.flatMap((streams, i) => {
    const known = new KnownStreams(asked[i]!, discovery);
    return streams.flatMap((labels) => known.labelsOf(labels) ?? []);
  });
}

/** Writes a list; an empty one is left out of the answer altogether, as Loki does. */
function listed(found: ReadonlySet<string>): unknown {
  const data = bounded([...found].toSorted(), (text) => text);
  return data.length === 0 ? { status: 'success' } : { status: 'success', data };
}

/** Checks that a list fits into an answer. @throws LokiRequestError */
function bounded<T>(list: readonly T[], textOf: (each: T) => string): readonly T[] {
  const bytes = list.reduce((sum, each) => sum + Buffer.byteLength(textOf(each)), 0);
  if (bytes <= LABELS_ANSWER_BYTES_MAX) return list;
  throw new LokiRequestError(
    `the answer is larger than ${LABELS_ANSWER_BYTES_MAX} bytes: narrow the selector or the time`,
  );
}
