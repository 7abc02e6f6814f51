/** `GET /labels` and `GET /labels/{name}/values`: the labels of the streams that have lines in a time range. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { labelOf } from '../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../shared/levels.ts';
import { parseFilters } from '../query/parameters.ts';
import type { Asked, QueryString } from '../query/parameters.ts';
import type { LogStore } from '../store/log-store.ts';
import type { Predicate } from '../store/scan/plan.ts';

export interface LabelsOptions {
  readonly logs: Pick<LogStore, 'streams'>;
  readonly now: () => number;
}

export function registerLabels(app: FastifyInstance, { logs, now }: LabelsOptions): void {
  app.get<{ Querystring: QueryString }>('/labels', async (request) => {
    const streams = await logs.streams(parseLabelFilters(request, now()));
    return { labels: sortedSet(streams.flatMap((labels) => Object.keys(labels))) };
  });

  app.get<{ Querystring: QueryString; Params: { name: string } }>('/labels/:name/values', async (request) => {
    const { name } = request.params;
    const streams = await logs.streams(parseLabelFilters(request, now()));
    const values = streams.flatMap((labels) => labelOf(labels, name) ?? []);
    return { values: sortedSet(name === LEVEL ? values.map(canonical) : values) };
  });
}

/** As for /logs, but without text: that would mean to read every line. */
function parseLabelFilters(asked: Asked, nowMs: number): Predicate {
  const filters = parseFilters(asked, nowMs);
  if (filters.text.any.length + filters.text.none.length > 0) {
    throw new ParameterError('q', 'labels do not depend on text', 'labels, since and until', 'namespace=default');
  }
  return filters;
}

function canonical(level: string): string {
  const bytes = Buffer.from(level);
  return canonicalLevel(bytes, 0, bytes.length)?.toString() ?? level;
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}
