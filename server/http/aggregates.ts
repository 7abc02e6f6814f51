/** `GET /histogram`, `/aggregate` and `/fields`: counts and measures of matching lines, without the lines. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import {
  AGGREGATE_BY_MAX,
  AGGREGATE_LIMIT_DEFAULT,
  AGGREGATE_LIMIT_MAX,
  AGGREGATE_MEASURES_MAX,
  FACET_TOP_DEFAULT,
  FACET_VALUES_MAX,
} from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { histogram } from '../query/histogram.ts';
import { all, parseCount, parseFilters, single } from '../query/parameters.ts';
import type { QueryString } from '../query/parameters.ts';
import { askerOf } from './asker.ts';
import type { AggregatePlan, Cell, Measure, Measured, OrderBy } from '../store/aggregate-plan.ts';

export interface AggregatesOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

export function registerAggregates(app: FastifyInstance, { engine, now }: AggregatesOptions): void {
  app.get<{ Querystring: QueryString }>('/histogram', async (request, reply) => {
    const nowMs = now();
    const predicate = parseFilters(request, nowMs, ['by', 'step']);
    const asked = { predicate, by: parseBy(request.query, 1), step: single(request.query, 'step'), nowMs };
    const { answer } = await engine.run(askerOf(request, reply), (view, query) =>
      histogram(asked, (plan) => view.aggregate(plan, query)),
    );
    const { stepSeconds, buckets, before, after } = answer;
    return { step_seconds: stepSeconds, buckets, ...(before > 0 && { before }), ...(after > 0 && { after }) };
  });

  app.get<{ Querystring: QueryString }>('/aggregate', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['by', 'of', 'distinct', 'order', 'limit']);
    const by = parseBy(request.query, AGGREGATE_BY_MAX);
    refuseQuantile(request.query);
    const { measures, orderBy } = parseMeasures(request.query);
    const limit = parseCount(request.query, 'limit', 1, AGGREGATE_LIMIT_MAX, AGGREGATE_LIMIT_DEFAULT);
    const plan = { ...predicate, by, measures, orderBy, stepNs: undefined, limit };
    const { answer } = await engine.run(askerOf(request, reply), (view, query) => view.aggregate(plan, query));
    const { cells, groupCount, groupsMin } = answer;
    const groups = cells.map((cell) => ({ by: named(by, cell), rows: cell.rows, ...measuredOf(measures, cell) }));
    return { groups, distinct: groupCount ?? `more than ${groupsMin - 1}` };
  });

  app.get<{ Querystring: QueryString }>('/fields', async (request, reply) => {
    const predicate = parseFilters(request, now(), ['name', 'top']);
    const names = all(request.query, 'name');
    const top = parseCount(request.query, 'top', 0, FACET_VALUES_MAX, FACET_TOP_DEFAULT);
    const asked = names.length === 0 ? undefined : names;
    const { answer } = await engine.run(askerOf(request, reply), (view, query) => view.facets(predicate, asked, query));
    const { facets, valuesMax, isCut } = answer;
    return {
      fields: facets
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

/** What groups may be ordered by, besides their rows. */
const ORDERS: Readonly<Record<string, OrderBy['by']>> = {
  count: 'count',
  sum: 'sum',
  min: 'min',
  max: 'max',
  avg: 'avg',
  p50: 0,
  p90: 1,
  p95: 2,
  p99: 3,
  distinct: 'distinct',
};

/** @throws ParameterError */
function parseMeasures(query: QueryString): Pick<AggregatePlan, 'measures' | 'orderBy'> {
  const numbers = namesOf(query, 'of').map((of): Measure => ({ kind: 'numbers', of, quantiles: QUANTILES }));
  const distinct = namesOf(query, 'distinct').map((of): Measure => ({ kind: 'distinct', of }));
  const measures = [...numbers, ...distinct];
  const order = single(query, 'order') ?? 'rows';
  if (order === 'rows') return { measures, orderBy: undefined };
  const by = Object.hasOwn(ORDERS, order) ? ORDERS[order] : undefined;
  const measure = measures.findIndex(({ kind }) => kind === (by === 'distinct' ? 'distinct' : 'numbers'));
  if (by !== undefined && measure >= 0) return { measures, orderBy: { measure, by } };
  const allowed = `rows, distinct with \`distinct\`, or, with \`of\`, one of ${Object.keys(ORDERS).slice(0, -1).join(', ')}`;
  throw new ParameterError('order', `"${order}" is not measured`, allowed, 'of=latency_ms&order=p99');
}

/** `p=99` would be the filter "field p is 99", which nobody who measures means. @throws ParameterError */
function refuseQuantile(query: QueryString): void {
  if (query['p'] === undefined) return;
  const allowed =
    'p50, p90, p95 and p99 of the numbers of `of`, which are always in the answer, and `\\p` for a field p';
  throw new ParameterError('p', 'it is not a parameter', allowed, 'of=latency_ms&order=p99');
}

/** @throws ParameterError */
function namesOf(query: QueryString, parameter: 'of' | 'distinct'): readonly string[] {
  const names = [...new Set(all(query, parameter))];
  if (names.length > AGGREGATE_MEASURES_MAX || names.includes('')) {
    const allowed = `up to ${AGGREGATE_MEASURES_MAX} names of fields`;
    throw new ParameterError(parameter, `${names.length} names`, allowed, `${parameter}=latency_ms`);
  }
  return names;
}

/** What is measured of one field lies beside the group's rows; of several, by field. */
function measuredOf(measures: readonly Measure[], cell: Cell): object {
  const ofKind = (kind: Measured['kind'], write: (measured: Measured) => unknown): [string, unknown][] =>
    measures.flatMap((measure, i) => {
      const measured = cell.measures[i]!;
      return measure.kind === kind && measure.kind !== 'bytes' ? [[measure.of, write(measured)]] : [];
    });
  const numbers = ofKind('numbers', writeNumbers);
  const distinct = ofKind('distinct', writeDistinct);
  return {
    ...(numbers.length === 1 ? (numbers[0]![1] as object) : numbers.length > 1 && { of: Object.fromEntries(numbers) }),
    ...(distinct.length > 0 && { distinct: Object.fromEntries(distinct) }),
  };
}

/** Of QUANTILES. JSON has no NaN: a group without numbers has only their count. */
function writeNumbers(measured: Measured): object {
  if (measured.kind !== 'numbers') return {};
  const {
    count,
    sum,
    min,
    max,
    quantiles: [p50, p90, p95, p99],
  } = measured;
  return count === 0 ? { count } : { count, sum, min, max, avg: sum / count, p50, p90, p95, p99 };
}

/** Exact, or with how far off it may be. */
function writeDistinct(measured: Measured): unknown {
  if (measured.kind !== 'distinct') return undefined;
  const { distinct, error } = measured;
  return error === 0 ? distinct : { about: distinct, error: Number(error.toPrecision(2)) };
}

function topValues(values: ReadonlyMap<string, number>, top: number): { value: string; rows: number }[] {
  const sorted = [...values].toSorted(([a, aRows], [b, bRows]) => bRows - aRows || (a < b ? -1 : 1));
  return sorted.slice(0, top).map(([value, rows]) => ({ value, rows }));
}
