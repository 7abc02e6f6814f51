/** `/loki/api/v1/labels`, `/label/{name}/values` and `/series`: the labels of the streams that have lines in a time range. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { selectionOf, type StreamLabels } from '../../query/logql/known-streams.ts';
import type { Labels } from '../../../shared/labels.ts';
import { labelsText } from '../../../shared/labels-text.ts';
import { streamsPredicate } from '../../query/logql/select.ts';
import { Slices } from '../../query/logql/slices.ts';
import type { Matcher } from '../../query/logql/syntax/ast.ts';
import { LABELS_ANSWER_BYTES_MAX, LOKI_SELECTORS_MAX } from '../../limits.ts';
import { lokiAskerOf } from './asker.ts';
import { JSON_TYPE } from './answers.ts';
import { type Form, LokiRequestError } from './form.ts';
import { type Answerer, getOrPost } from './get-or-post.ts';
import { assertRange, parseBounds } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';
import { parseSelector, parseSelectorOrAll } from './selector.ts';

export function registerLabels(app: FastifyInstance, routes: QueryRoutes): void {
  const names = async (form: Form, request: FastifyRequest, reply: FastifyReply): Promise<ReadonlySet<string>> => {
    void reply.type(JSON_TYPE);
    const found = new Set<string>();
    for await (const labels of streamsOf(routes, form, selectors(form.all('query')), request, reply)) {
      for (const name of labels.keys()) found.add(name);
    }
    return found;
  };
  const values = async (form: Form, request: FastifyRequest, reply: FastifyReply): Promise<ReadonlySet<string>> => {
    void reply.type(JSON_TYPE);
    const { name } = request.params as { name: string };
    const found = new Set<string>();
    for await (const labels of streamsOf(routes, form, selectors(form.all('query')), request, reply)) {
      const value = labels.get(name);
      if (value !== undefined) found.add(value);
    }
    return found;
  };
  for (const path of ['/loki/api/v1/labels', '/loki/api/v1/label'])
    getOrPost(app, path, async (...asked) => listed(await names(...asked)));
  getOrPost(app, '/loki/api/v1/label/:name/values', async (...asked) => listed(await values(...asked)));
  getOrPost(app, '/api/prom/label', async (...asked) => listedAsOnce(await names(...asked)));
  getOrPost(app, '/api/prom/label/:name/values', async (...asked) => listedAsOnce(await values(...asked)));
  const series: Answerer = async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const texts = form.given('match', 'match[]');
    const asked = texts.length === 0 ? [[]] : texts.map(parseSelectorOrAll);
    const byText = new Map<string, string>();
    const fits = answerSize();
    for await (const labels of streamsOf(routes, form, asked, request, reply)) {
      const text = labelsText([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      if (byText.has(text)) continue;
      fits(text);
      byText.set(text, JSON.stringify(Object.fromEntries(labels)));
    }
    const found = [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, json]) => json);
    return `{"status":"success","data":[${found.join(',')}]}`;
  };
  for (const path of ['/loki/api/v1/series', '/api/prom/series']) getOrPost(app, path, series);
}

/** @throws LogqlError, LokiRequestError */
function selectors(texts: readonly string[]): (readonly Matcher[])[] {
  return texts.length === 0 ? [[]] : texts.map(parseSelector);
}

/** What Loki says of labels in a range that ends before it starts. */
const NO_LONGER_THERE = 'this data is no longer available, it is past now - max_query_lookback (0s)';

/**
 * Yields the labels of the streams that one of the selectors selects, of one stream at a time: there may be more streams than
 * memory for their labels as Loki has them.
 * @param backwards  what is said of an end before the start
 */
export async function* streamsOf(
  routes: QueryRoutes,
  form: Form,
  asked: readonly (readonly Matcher[])[],
  request: FastifyRequest,
  reply: FastifyReply,
  backwards = NO_LONGER_THERE,
): AsyncGenerator<StreamLabels> {
  const { engine, discovery, limits, now } = routes;
  if (asked.length > LOKI_SELECTORS_MAX) {
    throw new LokiRequestError(`too many selectors: ${asked.length}, at most ${LOKI_SELECTORS_MAX}`);
  }
  const nowMs = now();
  const bounds = parseBounds(form, nowMs, backwards);
  assertRange(bounds, limits);
  const visible = visibleOf(request, bounds, nowMs);
  const asker = lokiAskerOf(routes, request, reply);
  const { answer } = await engine.run(asker, async (view, query) => {
    const slices = new Slices(query.signal);
    const found = new Set<Labels>();
    for (const matchers of asked) {
      const selection = selectionOf(matchers, discovery);
      for (const labels of await view.streams(streamsPredicate(matchers, visible, discovery), query)) {
        if (slices.isOver) await slices.pause();
        if (!found.has(labels) && selection(labels) !== undefined) found.add(labels);
      }
    }
    return found;
  });
  const shown = selectionOf([], discovery);
  const slices = new Slices(asker.signal);
  for (const labels of answer) {
    if (slices.isOver) await slices.pause();
    yield shown(labels)!;
  }
}

/** Writes a list; an empty one is left out of the answer altogether, as Loki does. */
function listed(found: ReadonlySet<string>): unknown {
  const fits = answerSize();
  const data = [...found].toSorted();
  for (const text of data) fits(text);
  return data.length === 0 ? { status: 'success' } : { status: 'success', data };
}

/** Writes a list in the form of Loki before 1.0. */
function listedAsOnce(found: ReadonlySet<string>): unknown {
  const fits = answerSize();
  for (const text of found) fits(text);
  return { values: [...found].toSorted() };
}

/** Returns a check that all texts it is given fit into an answer. It throws LokiRequestError. */
function answerSize(): (text: string) => void {
  let bytes = 0;
  return (text) => {
    bytes += Buffer.byteLength(text);
    if (bytes <= LABELS_ANSWER_BYTES_MAX) return;
    throw new LokiRequestError(
      `the answer is larger than ${LABELS_ANSWER_BYTES_MAX} bytes: narrow the selector or the time`,
    );
  };
}
