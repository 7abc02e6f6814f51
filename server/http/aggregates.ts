/** `GET /histogram`, `/aggregate` and `/fields`: counts and measures of matching lines, without the lines. */
import type { FastifyInstance } from 'fastify';
import { counted } from '../../shared/counted.ts';
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
import { facetsWithoutOwn, type OwnFilters } from '../query/own-filters.ts';
import { all, type AuthorizedQuery, parseCount, parseFilters, parseFlag, single } from '../query/parameters.ts';
import { roundedError } from '../query/rounding.ts';
import type { QueryString } from '../query/parameters.ts';
import type { EmptyName } from '../query/hints.ts';
import { hinted, understood } from './advice.ts';
import { sayUntil } from './until.ts';
import { nsOf, parseSteps, STEP_NAMES, stepTime } from '../query/steps.ts';
import { leavesOf, type TimeRange } from '../store/predicate.ts';
import { edgesOf } from '../store/log-buckets.ts';
import { type AggregatePlan, type Cell, type Measured, WHOLE_STREAM } from '../store/aggregate-plan.ts';
import { askedAs, parseName } from '../store/asked-name.ts';

export interface AggregatesOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

export function registerAggregates(app: FastifyInstance, { engine, now }: AggregatesOptions): void {
  app.get<{ Querystring: QueryString }>('/histogram', async (request, reply) => {
    const nowMs = now();
    const ownNames = ['by', ...STEP_NAMES];
    const predicate = parseFilters(request, nowMs, ownNames);
    sayUntil(reply, predicate, nowMs);
    const by = parseBy(request.query, 1);
    const shown = { predicate, by, steps: parseSteps(request.query, predicate, nowMs), nowMs };
    const { asker, withHints } = await understood(engine, request, reply, { ownNames, nowMs });
    const { answer } = await engine.run(asker, (view, query) =>
      histogram(shown, (plan) => view.aggregate(plan, query)),
    );
    const { stepSeconds, buckets, before, after } = answer;
    const counts = { step_seconds: stepSeconds, buckets, ...(before > 0 && { before }), ...(after > 0 && { after }) };
    const isEmpty = before + after === 0 && buckets.every(({ total }) => total === 0);
    const isUngrouped =
      !isEmpty && buckets.every(({ counts: each = {} }) => Object.keys(each).every((value) => value === ''));
    return withHints(counts, isEmpty, isUngrouped ? by.map((asked) => ({ asked, wants: 'value' })) : []);
  });

  app.get<{ Querystring: QueryString }>('/aggregate', async (request, reply) => {
    const { query: parameters } = request;
    refuseQuantile(parameters);
    const ownNames = ['by', 'order', 'sort', 'limit', ...STEP_NAMES, ...measureNames(parameters)];
    const nowMs = now();
    const predicate = parseFilters(request, nowMs, ownNames);
    sayUntil(reply, predicate, nowMs);
    const by = parseBy(parameters, AGGREGATE_BY_MAX);
    const { order, limit, ...steps } = parseGroups(parameters, predicate, nowMs);
    const measured = parseMeasures(parameters, order === 'time' ? 'rows' : order);
    const { measures, orderBy, having } = measured;
    const plan: AggregatePlan = { ...predicate, by, measures, orderBy, having, ...steps, limit };
    const { asker, withHints } = await understood(engine, request, reply, { ownNames, nowMs });
    const { answer } = await engine.run(asker, (view, query) => view.aggregate(plan, query));
    const { cells, groupCount, groupCountError } = answer;
    const groups = order === 'time' ? cells.toSorted((a, b) => a.bucket - b.bucket || b.rows - a.rows) : cells;
    const counts = {
      groups: groups.map((cell) => ({
        ...timeOf(cell, steps),
        by: named(by, cell),
        rows: cell.rows,
        ...measuredOf(measured, cell),
      })),
      distinct: groupCount,
      ...(groupCountError > 0 && { distinct_error: roundedError(groupCountError) }),
    };
    if (having !== undefined && cells.length === 0) {
      const unfiltered: AggregatePlan = { ...plan, measures: [], orderBy: undefined, having: undefined, limit: 1 };
      const { answer: whole } = await engine.run(asker, (view, query) => view.aggregate(unfiltered, query));
      const groupsOfAll = counted(whole.groupCount, 'group');
      const message = `no group has ${all(parameters, 'having').join(' and ')}; without having: ${groupsOfAll}`;
      if (whole.groupCount > 0) return hinted(reply, counts, [{ message }]);
    }
    return withHints(counts, cells.length === 0, emptyNames(plan, cells));
  });

  app.get<{ Querystring: QueryString }>('/fields', async (request, reply) => {
    const nowMs = now();
    const ownNames = ['name', 'top', 'own'];
    const predicate = parseFilters(request, nowMs, ownNames);
    sayUntil(reply, predicate, nowMs);
    const names = all(request.query, 'name');
    const top = parseCount(request.query, 'top', 0, FACET_VALUES_MAX, FACET_TOP_DEFAULT);
    const asked = names.length === 0 ? undefined : names;
    const { asker, withHints } = await understood(engine, request, reply, { ownNames, nowMs });
    const own = parseOwn(request, nowMs, ownNames);
    const { answer } = await engine.run(asker, (view, query) =>
      own === undefined
        ? view.facets(predicate, asked, query)
        : facetsWithoutOwn({ ...predicate, ...own }, asked, view, query),
    );
    const { facets, valuesMax, isCut } = answer;
    const counts = {
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
    const missing = names.filter((name) => !facets.some((each) => each.name === name));
    return withHints(
      counts,
      facets.length === 0,
      missing.map((each) => ({ asked: each, wants: 'value' })),
    );
  });
}

/** Returns the names of a plan for which no group has a value, and those of conditions that no line satisfies. */
function emptyNames({ by, measures }: AggregatePlan, cells: readonly Cell[]): readonly EmptyName[] {
  if (cells.length === 0) return [];
  const groups = by.filter((_, i) => cells.every((cell) => cell.by[i] === ''));
  const empty = measures.filter((_, i) => cells.every((cell) => isUnmeasured(cell.measures[i]!)));
  const measured = empty.flatMap((measure): EmptyName[] =>
    'of' in measure ? [{ asked: measure.of, wants: measure.kind === 'numbers' ? 'number' : 'value' }] : [],
  );
  const conditions = empty.flatMap(({ where }) => (where === undefined ? [] : leavesOf(where)));
  const inConditions = conditions.flatMap((leaf) => (leaf.kind === 'value' ? [askedAs(leaf.name)] : []));
  const ofValue = (asked: string): EmptyName => ({ asked, wants: 'value' });
  return [...groups.map(ofValue), ...measured, ...inConditions.map(ofValue)];
}

function isUnmeasured(measured: Measured): boolean {
  switch (measured.kind) {
    case 'numbers':
      return measured.count === 0;
    case 'distinct':
      return measured.distinct === 0;
    case 'rows':
      return measured.rows === 0;
    case 'bytes':
      return false;
  }
}

/**
 * Undefined where each filter narrows all counts.
 * @throws ParameterError
 */
function parseOwn(authorized: AuthorizedQuery, nowMs: number, ownNames: readonly string[]): OwnFilters | undefined {
  const { query, namespaces } = authorized;
  if (query['own'] === undefined || parseFlag(query, 'own')) return undefined;
  return {
    visible: parseFilters({ query: {}, namespaces }, nowMs).where,
    filters: parseFilters({ query, namespaces: 'all' }, nowMs, ownNames).where,
  };
}

function parseBy(query: QueryString, max: number): readonly string[] {
  const by = all(query, 'by');
  if (max === 1 && by.includes(WHOLE_STREAM)) {
    throw new ParameterError('by', 'whole streams are groups of /aggregate', 'one label or field', 'by=pod');
  }
  const list = by.find((name) => name.includes(',') && !name.startsWith('\\'));
  if (list !== undefined) {
    const names = list.split(',').map((name) => `by=${name.trim()}`);
    const allowed = `one name each time, up to ${max}; a name with a comma has a backslash before it`;
    throw new ParameterError('by', `"${list}" is a list`, allowed, max === 1 ? names[0]! : names.join('&'));
  }
  if (by.length > max || by.includes('')) {
    const problem = by.includes('') ? 'an empty name' : `${by.length} names`;
    throw new ParameterError(
      'by',
      problem,
      `up to ${max} ${max === 1 ? 'name' : 'names'} of labels or fields`,
      'by=level',
    );
  }
  return by;
}

/** A whole stream is all of its labels; a bucket of numbers is its edges, and null where there is no number. */
function named(by: readonly string[], cell: Cell): Record<string, unknown> {
  const entries = by.flatMap((name, i): [string, unknown][] => {
    if (name === WHOLE_STREAM) return JSON.parse(cell.by[i]!) as [string, string][];
    return [[name, parseName(name).isBucket ? (edgesOf(cell.by[i]!) ?? null) : cell.by[i]!]];
  });
  return Object.fromEntries(entries);
}

type GroupSteps = Pick<AggregatePlan, 'stepNs' | 'offsetNs' | 'windowSteps'>;

/** `p=99` would be the filter "field p is 99", which is never meant beside a measure. @throws ParameterError */
function refuseQuantile(query: QueryString): void {
  if (query['p'] === undefined) return;
  const allowed =
    'p50, p90, p95 and p99 of the numbers of `of`, which are always in the answer, and `\\p` for a field p';
  throw new ParameterError('p', 'it is not a parameter', allowed, 'of=latency_ms&order=p99');
}

/** `sort=-p99`, as other tools have it, is `order=p99`: the largest first. @throws ParameterError */
function parseSort(query: QueryString): string | undefined {
  const sort = single(query, 'sort');
  if (sort !== undefined && query['order'] !== undefined) {
    throw new ParameterError('sort', 'not with order', 'one of the two', 'order=p99');
  }
  if (sort === undefined || sort.startsWith('-')) return sort?.slice(1);
  const problem = `"${sort}" would have the smallest first`;
  throw new ParameterError('sort', problem, 'the largest first: - and what order takes', `sort=-${sort}`);
}

/** Groups of steps are in the order of time, all of them, unless the largest are asked for. */
function parseGroups(
  query: QueryString,
  range: TimeRange,
  nowMs: number,
): GroupSteps & { readonly order: string; readonly limit: number | undefined } {
  const { stepMs, offsetMs, windowSteps } = parseSteps(query, range, nowMs);
  const limit = parseCount(query, 'limit', 1, AGGREGATE_LIMIT_MAX, AGGREGATE_LIMIT_DEFAULT);
  const hasLimit = single(query, 'limit') !== undefined;
  const order =
    parseSort(query) ??
    single(query, 'order')?.replace(/^-(?!time$)/, '') ??
    (stepMs === undefined || hasLimit ? 'rows' : 'time');
  if (order === 'time' && (stepMs === undefined || hasLimit)) {
    const problem =
      stepMs === undefined
        ? 'without a step, groups have no time'
        : 'the order of time has all groups, without a limit';
    throw new ParameterError('order', problem, 'order=time with a step and without a limit', 'step=5m&order=time');
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
