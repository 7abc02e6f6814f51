/** `GET /histogram`, `/aggregate` and `/fields`: counts and measures of matching lines, without the lines. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import {
  AGGREGATE_BY_MAX,
  AGGREGATE_LIMIT_DEFAULT,
  AGGREGATE_LIMIT_MAX,
  FACET_TOP_DEFAULT,
  FACET_VALUES_MAX,
} from '../limits.ts';
import { histogram } from '../query/histogram.ts';
import { all, parseCount, parseFilters, single } from '../query/parameters.ts';
import type { QueryString } from '../query/parameters.ts';
import type { QuerySlots } from '../query/query-slots.ts';
import { inSlot } from './slot.ts';
import type { Cell } from '../store/aggregate/aggregate.ts';
import { aggregate, type AggregateContext, facets } from '../store/aggregate/run.ts';
import type { RowGroupRef, Snapshot } from '../store/snapshot.ts';

export interface AggregatesOptions {
  readonly store: { snapshot(): Snapshot };
  readonly slots: QuerySlots;
  /** What one query is run with. */
  readonly newQuery: () => AggregateContext;
  readonly now: () => number;
}

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

export function registerAggregates(app: FastifyInstance, options: AggregatesOptions): void {
  const { newQuery, now } = options;

  app.get<{ Querystring: QueryString }>('/histogram', async (request, reply) => {
    const nowMs = now();
    const predicate = parseFilters(request, nowMs, ['by', 'step']);
    const asked = { predicate, by: parseBy(request.query, 1), step: single(request.query, 'step'), nowMs };
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const { stepSeconds, buckets, before, after } = await histogram(rowGroups, asked, newQuery(), signal);
      return { step_seconds: stepSeconds, buckets, ...(before > 0 && { before }), ...(after > 0 && { after }) };
    });
  });

  app.get<{ Querystring: QueryString }>('/aggregate', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['by', 'of', 'limit']);
    const by = parseBy(request.query, AGGREGATE_BY_MAX);
    const of = single(request.query, 'of');
    const limit = parseCount(request.query, 'limit', 1, AGGREGATE_LIMIT_MAX, AGGREGATE_LIMIT_DEFAULT);
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const plan = { ...predicate, by, of, quantiles: QUANTILES, stepNs: undefined, limit };
      const { cells, groupCount, groupsMin } = await aggregate(rowGroups, plan, newQuery(), signal);
      const groups = cells.map((cell) => ({ by: named(by, cell), rows: cell.rows, ...(of && measures(cell)) }));
      return { groups, distinct: groupCount ?? `more than ${groupsMin - 1}` };
    });
  });

  app.get<{ Querystring: QueryString }>('/fields', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['name', 'top']);
    const names = all(request.query, 'name');
    const top = parseCount(request.query, 'top', 0, FACET_VALUES_MAX, FACET_TOP_DEFAULT);
    return withSnapshot(options, request, reply, async (rowGroups, signal) => {
      const {
        facets: found,
        valuesMax,
        isCut,
      } = await facets(rowGroups, predicate, names.length === 0 ? undefined : names, newQuery(), signal);
      return {
        fields: found
          .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
          .map(({ name, rows, values }) => ({
            name,
            rows,
            distinct: values?.size ?? `more than ${valuesMax}`,
            values: topValues(values ?? new Map(), top),
          })),
        ...(isCut && { truncated: true }),
      };
    });
  });
}

function parseBy(query: QueryString, max: number): readonly string[] {
  const by = all(query, 'by');
  if (by.length > max || by.includes('')) {
    throw new ParameterError('by', `${by.length} names`, `up to ${max} names of labels or fields`, 'by=level');
  }
  return by;
}

function named(by: readonly string[], cell: Cell): Record<string, string> {
  return Object.fromEntries(by.map((name, i) => [name, cell.by[i]!]));
}

/** Of QUANTILES. JSON has no NaN: a group without numbers has only their count. */
function measures({ count, sum, min, max, quantiles: [p50, p90, p95, p99] }: Cell): object {
  return count === 0 ? { count } : { count, sum, min, max, avg: sum / count, p50, p90, p95, p99 };
}

function topValues(values: ReadonlyMap<string, number>, top: number): { value: string; rows: number }[] {
  const sorted = [...values].toSorted(([a, aRows], [b, bRows]) => bRows - aRows || (a < b ? -1 : 1));
  return sorted.slice(0, top).map(([value, rows]) => ({ value, rows }));
}

/** Holds a slot and a snapshot while `run` works, whose signal is aborted when the client is gone. */
async function withSnapshot<T>(
  { store, slots }: AggregatesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  run: (rowGroups: readonly RowGroupRef[], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return inSlot(slots, request, reply, async (signal) => {
    const snapshot = store.snapshot();
    try {
      return await run(snapshot.rowGroups, signal);
    } finally {
      snapshot.release();
    }
  });
}
