/** `GET /histogram`, `/aggregate` and `/fields`: counts and measures of matching lines, without the lines. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import {
  AGGREGATE_BY_MAX,
  AGGREGATE_LIMIT_DEFAULT,
  AGGREGATE_LIMIT_MAX,
  FACET_TOP_DEFAULT,
  FACET_VALUES_MAX,
} from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { histogram } from '../query/histogram.ts';
import { measuredOf, measureNames, parseMeasures } from '../query/measures.ts';
import { all, parseCount, parseFilters, single } from '../query/parameters.ts';
import { roundedError } from '../query/six-decimals.ts';
import type { QueryString } from '../query/parameters.ts';
import { askerOf } from './asker.ts';
import { nsOf, parseSteps, STEP_NAMES, stepTime } from '../query/steps.ts';
import { type AggregatePlan, type Cell, WHOLE_STREAM } from '../store/aggregate-plan.ts';
import { askedAs } from '../store/asked-name.ts';

export interface AggregatesOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

export function registerAggregates(app: FastifyInstance, { engine, now }: AggregatesOptions): void {
  app.get<{ Querystring: QueryString }>('/histogram', async (request, reply) => {
    const nowMs = now();
    const predicate = parseFilters(request, nowMs, ['by', ...STEP_NAMES]);
    const asked = { predicate, by: parseBy(request.query, 1), steps: parseSteps(request.query), nowMs };
    const { answer } = await engine.run(askerOf(request, reply), (view, query) =>
      histogram(asked, (plan) => view.aggregate(plan, query)),
    );
    const { stepSeconds, buckets, before, after } = answer;
    return { step_seconds: stepSeconds, buckets, ...(before > 0 && { before }), ...(after > 0 && { after }) };
  });

  app.get<{ Querystring: QueryString }>('/aggregate', async (request, reply) => {
    const { query: parameters } = request;
    refuseQuantile(parameters);
    const own = ['by', 'order', 'limit', ...STEP_NAMES, ...measureNames(parameters)];
    const predicate = parseFilters(request, now(), own);
    const by = parseBy(parameters, AGGREGATE_BY_MAX);
    const { order, limit, ...steps } = parseGroups(parameters);
    const measured = parseMeasures(parameters, order === 'time' ? 'rows' : order);
    const { measures, orderBy } = measured;
    const plan: AggregatePlan = { ...predicate, by, measures, orderBy, ...steps, limit };
    const { answer } = await engine.run(askerOf(request, reply), (view, query) => view.aggregate(plan, query));
    const { cells, groupCount, groupCountError } = answer;
    const groups = order === 'time' ? cells.toSorted((a, b) => a.bucket - b.bucket || b.rows - a.rows) : cells;
    return {
      groups: groups.map((cell) => ({
        ...timeOf(cell, steps),
        by: named(by, cell),
        rows: cell.rows,
        ...measuredOf(measured, cell),
      })),
      distinct: groupCount,
      ...(groupCountError > 0 && { distinct_error: roundedError(groupCountError) }),
    };
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
          name: asked === undefined ? askedAs(name) : name,
          rows,
          distinct: values?.size ?? valuesMax + 1,
          ...(values === undefined && { distinct_is_minimum: true }),
          values: topValues(values ?? new Map(), top),
        })),
      ...(isCut && { truncated: true }),
    };
  });
}

function parseBy(query: QueryString, max: number): readonly string[] {
  const by = all(query, 'by');
  if (max === 1 && by.includes(WHOLE_STREAM)) {
    throw new ParameterError('by', 'whole streams are groups of /aggregate', 'one label or field', 'by=pod');
  }
  if (by.length > max || by.includes('')) {
    throw new ParameterError('by', `${by.length} names`, `up to ${max} names of labels or fields`, 'by=level');
  }
  return by;
}

/** A whole stream is all of its labels. */
function named(by: readonly string[], cell: Cell): Record<string, string> {
  const entries = by.flatMap((name, i): [string, string][] =>
    name === WHOLE_STREAM ? (JSON.parse(cell.by[i]!) as [string, string][]) : [[name, cell.by[i]!]],
  );
  return Object.fromEntries(entries);
}

type GroupSteps = Pick<AggregatePlan, 'stepNs' | 'offsetNs' | 'windowSteps'>;

/** `p=99` would be the filter "field p is 99", which nobody who measures means. @throws ParameterError */
function refuseQuantile(query: QueryString): void {
  if (query['p'] === undefined) return;
  const allowed =
    'p50, p90, p95 and p99 of the numbers of `of`, which are always in the answer, and `\\p` for a field p';
  throw new ParameterError('p', 'it is not a parameter', allowed, 'of=latency_ms&order=p99');
}

/** Groups of steps are in the order of time, all of them, unless the largest are asked for. */
function parseGroups(query: QueryString): GroupSteps & { readonly order: string; readonly limit: number | undefined } {
  const { stepMs, offsetMs, windowSteps } = parseSteps(query);
  const limit = parseCount(query, 'limit', 1, AGGREGATE_LIMIT_MAX, AGGREGATE_LIMIT_DEFAULT);
  const hasLimit = single(query, 'limit') !== undefined;
  const order = single(query, 'order') ?? (stepMs === undefined || hasLimit ? 'rows' : 'time');
  if (order === 'time' && (stepMs === undefined || hasLimit)) {
    const allowed = 'order=time with a step and without a limit';
    throw new ParameterError('order', 'by time are all groups of steps', allowed, 'step=5m&order=time');
  }
  return {
    stepNs: stepMs === undefined ? undefined : nsOf(stepMs),
    offsetNs: nsOf(offsetMs),
    windowSteps,
    order,
    limit: order === 'time' ? undefined : limit,
  };
}

function timeOf({ bucket }: Cell, { stepNs, offsetNs = 0n }: GroupSteps): object {
  return stepNs === undefined ? {} : { time: stepTime(bucket, stepNs, offsetNs) };
}

function topValues(values: ReadonlyMap<string, number>, top: number): { value: string; rows: number }[] {
  const sorted = [...values].toSorted(([a, aRows], [b, bRows]) => bRows - aRows || (a < b ? -1 : 1));
  return sorted.slice(0, top).map(([value, rows]) => ({ value, rows }));
}
