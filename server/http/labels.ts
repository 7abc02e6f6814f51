/** `GET /labels` and `GET /labels/{name}/values`: the labels of the streams that have lines in a time range. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { type Labels, labelOf } from '../../shared/labels.ts';
import { parseFilters } from '../query/parameters.ts';
import type { QueryString } from '../query/parameters.ts';
import type { Plan, ValueFilter } from '../store/scan/plan.ts';
import { mayMatch } from '../store/scan/match-rows.ts';
import { labelVerdict } from '../store/scan/value-filter.ts';
import type { Store } from '../store/store.ts';

export interface LabelsOptions {
  readonly store: Pick<Store, 'snapshot'>;
  readonly now: () => number;
}

export function registerLabels(app: FastifyInstance, { store, now }: LabelsOptions): void {
  app.get<{ Querystring: QueryString }>('/labels', (request) => {
    const streams = matchingStreams(store, parseLabelFilters(request.query, now()));
    return { labels: sortedSet(streams.flatMap((labels) => Object.keys(labels))) };
  });

  app.get<{ Querystring: QueryString; Params: { name: string } }>('/labels/:name/values', (request) => {
    const { name } = request.params;
    const streams = matchingStreams(store, parseLabelFilters(request.query, now()));
    return { values: sortedSet(streams.flatMap((labels) => labelOf(labels, name) ?? [])) };
  });
}

/** As for /logs, but without text: that would mean to read every line. */
function parseLabelFilters(query: QueryString, nowMs: number): Plan {
  const filters = parseFilters(query, nowMs);
  if (filters.text.any.length + filters.text.none.length > 0) {
    throw new ParameterError('q', 'labels do not depend on text', 'labels, since and until', 'namespace=default');
  }
  return { ...filters, order: 'newest', limit: 1 };
}

/** Streams of row groups in the time range whose labels satisfy every filter. */
function matchingStreams(store: LabelsOptions['store'], plan: Plan): Labels[] {
  const snapshot = store.snapshot();
  try {
    const inRange = snapshot.rowGroups.filter((group) => mayMatch(group, plan));
    const streams = new Set(inRange.flatMap((group) => group.streams));
    return [...streams].filter((labels) => plan.values.every((filter) => passes(filter, labels)));
  } finally {
    snapshot.release();
  }
}

/** A label that is absent has none of the values: it satisfies a filter that only refuses some. */
function passes(filter: ValueFilter, labels: Labels): boolean {
  const verdict = labelVerdict(filter, labels);
  return verdict === 'pass' || (verdict === 'field' && filter.any.length === 0);
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}
