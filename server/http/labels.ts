/** `GET /labels` and `GET /labels/{name}/values`: the labels of the streams that have lines in a time range. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { type Labels, labelOf } from '../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../shared/levels.ts';
import { didYouMean } from '../../shared/nearest.ts';
import { HINT_FILTERS_MAX, LABELS_ANSWER_BYTES_MAX } from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import type { Hint } from '../query/hint.ts';
import { isNameOfSome } from '../query/mistaken-names.ts';
import { parseFilters } from '../query/parameters.ts';
import type { AuthorizedQuery, QueryString } from '../query/parameters.ts';
import { parametersOf } from '../query/question-text.ts';
import type { LogView } from '../store/log-store.ts';
import { isOfLines, leavesOf, type Predicate } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { hinted, understood, wantsHints } from './advice.ts';

export interface LabelsOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

export function registerLabels(app: FastifyInstance, { engine, now }: LabelsOptions): void {
  const streamsOf = async (
    request: FastifyRequest<{ Querystring: QueryString }>,
    reply: FastifyReply,
    name?: string,
  ) => {
    const nowMs = now();
    const filters = parseLabelFilters(request, nowMs);
    const { asker, withHints } = await understood(engine, request, reply, { ownNames: [], nowMs });
    const { answer: streams } = await engine.run(asker, (view, query) => view.streams(filters, query));
    if (streams.length > 0 || !wantsHints(request.query)) return { streams, withHints };
    const { since, until, tz } = request.query;
    const visible = parseFilters({ query: { since, until, tz }, namespaces: request.namespaces }, nowMs);
    const { answer: field } = await engine.run(asker, (view, query) => fieldIn(filters, visible, view, query));
    const of = field === undefined ? undefined : fieldFilter(field, request.query, name);
    const withOwnHints: typeof withHints = async (answer, ...rest) =>
      of === undefined ? withHints(answer, ...rest) : hinted(reply, answer, [of]);
    return { streams, withHints: withOwnHints };
  };

  app.get<{ Querystring: QueryString }>('/labels', async (request, reply) => {
    const names = new Set<string>();
    const { streams, withHints } = await streamsOf(request, reply);
    for (const labels of streams) for (const name of Object.keys(labels)) names.add(name);
    const { list, cut } = listed(names);
    return withHints({ labels: list, ...cut }, list.length === 0);
  });

  app.get<{ Querystring: QueryString; Params: { name: string } }>('/labels/:name/values', async (request, reply) => {
    const { name } = request.params;
    const values = new Set<string>();
    const { streams, withHints } = await streamsOf(request, reply, name);
    for (const labels of streams) {
      const value = labelOf(labels, name);
      if (value !== undefined) values.add(name === LEVEL ? canonical(value) : value);
    }
    const { list, cut } = listed(values);
    if (list.length > 0 || streams.length === 0) return withHints({ values: list, ...cut }, list.length === 0);
    return hinted(reply, { values: list }, [unknownLabel(name, streams)]);
  });
}

/** Returns a name in the filters that some line has as a field, and no stream as a label: no stream satisfies such a filter. */
async function fieldIn(
  { where }: Predicate,
  visible: Predicate,
  view: LogView,
  query: Query,
): Promise<string | undefined> {
  const labels = new Set((await view.streams(visible, query)).flatMap((each) => Object.keys(each)));
  for (const leaf of leavesOf(where).slice(0, HINT_FILTERS_MAX)) {
    if (leaf.kind !== 'value' || leaf.labelOnly === true || labels.has(leaf.name)) continue;
    if (await isNameOfSome(leaf.name, visible, view, query)) return leaf.name;
  }
  return undefined;
}

function fieldFilter(field: string, query: QueryString, name: string | undefined): Hint {
  const parameters = parametersOf(name === undefined ? query : { ...query, name });
  const message = `"${field}" is a field, and streams are found by their labels; /fields?${parameters} has the values in lines`;
  return { message, parameters };
}

function unknownLabel(name: string, streams: readonly Labels[]): Hint {
  const meant = didYouMean(name, new Set(streams.flatMap((labels) => Object.keys(labels))));
  const message = `no line has a label "${name}"${meant}${meant === '' ? `; /fields?name=${name} has the values of a field` : ''}`;
  return { message };
}

/** Parses the filters of /logs, but without text: that would require reading every line. */
function parseLabelFilters(authorized: AuthorizedQuery, nowMs: number): Predicate {
  const filters = parseFilters(authorized, nowMs);
  const wrong = leavesOf(filters.where).find((leaf) => leaf.kind !== 'value' || isOfLines(leaf));
  if (wrong !== undefined) {
    const [name, of] = wrong.kind === 'value' ? [wrong.name, 'what differs from line to line'] : ['q', 'text'];
    throw new ParameterError(
      name,
      `labels cannot be filtered by ${of}`,
      'labels, since and until',
      'namespace=default',
    );
  }
  return filters;
}

function canonical(level: string): string {
  const bytes = Buffer.from(level);
  return canonicalLevel(bytes, 0, bytes.length)?.toString() ?? level;
}

/** Sorted, up to the limit; `cut` says so if there are more. */
function listed(texts: ReadonlySet<string>): { list: readonly string[]; cut: { truncated?: true } } {
  const list = [...texts].toSorted();
  let bytes = 0;
  const end = list.findIndex((text) => (bytes += Buffer.byteLength(text)) > LABELS_ANSWER_BYTES_MAX);
  return end < 0 ? { list, cut: {} } : { list: list.slice(0, end), cut: { truncated: true } };
}
