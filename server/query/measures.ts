/**
 * The measures of `/aggregate` for each group, from parameters to a plan and from cells to an answer:
 *
 *     of=latency_ms                     count, sum, min, max, avg and quantiles of a field's numbers
 *     stddev=… first=… last=…           of a field's numbers, too; the first and the last are those in time
 *     distinct=user_id                  how many different values
 *     line_bytes=true                   bytes of the lines
 *     where.errors=status>=500          how many rows satisfy a condition, a filter as in any query, by a name for it
 *     of=latency_ms@errors              any of these of the rows that satisfy it; line_bytes=@errors
 *     having=distinct>1                 only groups of which this is true, by the names that `order` has
 */
import { ParameterError } from '../../shared/errors.ts';
import { AGGREGATE_MEASURES_MAX, FILTERS_MAX } from '../limits.ts';
import type { AggregatePlan, Cell, Measure, Measured, OrderBy } from '../store/aggregate-plan.ts';
import { parseName } from '../store/asked-name.ts';
import { allOf, normalised, type Where } from '../store/predicate.ts';
import type { Reading } from './conditions.ts';
import { parseHaving } from './having.ts';
import { roundedError, sixDecimals } from './rounding.ts';
import { all, isFilter, parseFilter, parseFlag, parseReading, type QueryString } from './parameters.ts';

const QUANTILES = [0.5, 0.9, 0.95, 0.99];
const QUANTILE_NAMES = ['p50', 'p90', 'p95', 'p99'];

type NumbersMeasure = Measure & { readonly kind: 'numbers' };

/** A part of an answer: its place, and its measure. */
interface Shown {
  readonly under: 'of' | 'stddev' | 'first' | 'last' | 'distinct' | 'line_bytes' | 'where';
  /** As in the query: a field, with its condition. */
  readonly asked: string;
  /** Index into measures. */
  readonly measure: number;
}

export interface AskedMeasures extends Pick<AggregatePlan, 'measures' | 'orderBy' | 'having'> {
  readonly shown: readonly Shown[];
}

const WHERE = 'where.';
const OF_NUMBERS = ['of', 'stddev', 'first', 'last'] as const;
/** Orders of groups, by the first `of`. */
const OF_ORDERS: Readonly<Record<string, OrderBy['by']>> = {
  count: 'count',
  sum: 'sum',
  min: 'min',
  max: 'max',
  avg: 'avg',
  ...Object.fromEntries(QUANTILE_NAMES.map((name, i) => [name, i])),
};
const ORDERS: Readonly<Record<Exclude<Shown['under'], 'of' | 'where'>, OrderBy['by']>> = {
  stddev: 'stddev',
  first: 'first',
  last: 'last',
  distinct: 'distinct',
  line_bytes: 'bytes',
};

/** Names of the parameters that `parseMeasures` reads. */
export function measureNames(query: QueryString): readonly string[] {
  const conditions = Object.keys(query).filter((name) => name.startsWith(WHERE));
  return [...OF_NUMBERS, 'distinct', 'line_bytes', 'having', ...conditions];
}

/**
 * @param order  `rows`, or another measure by which groups are ordered
 * @throws ParameterError
 */
export function parseMeasures(query: QueryString, order: string): AskedMeasures {
  const conditions = parseConditions(query);
  const measures: Measure[] = [];
  const shown: Shown[] = [];
  for (const under of OF_NUMBERS) {
    const names = namesOf(query, under);
    assertFields(under, names);
    for (const asked of names) {
      shown.push({ under, asked, measure: addNumbers(measures, under, ofCondition(asked, conditions)) });
    }
  }
  for (const asked of namesOf(query, 'distinct')) {
    shown.push({ under: 'distinct', asked, measure: measures.length });
    measures.push({ kind: 'distinct', ...ofCondition(asked, conditions) });
  }
  for (const asked of all(query, 'line_bytes')) {
    const where = asked.startsWith('@') ? conditions.get(asked.slice(1)) : undefined;
    if (where === undefined && !parseFlag({ line_bytes: asked }, 'line_bytes')) continue;
    shown.push({ under: 'line_bytes', asked: where === undefined ? '' : asked, measure: measures.length });
    measures.push({ kind: 'bytes', where });
  }
  for (const [asked, where] of conditions) {
    shown.push({ under: 'where', asked, measure: measures.length });
    measures.push({ kind: 'rows', where });
  }
  const having = parseHaving(all(query, 'having'), measures, (name) => rankedBy(name, shown), rankedNames(shown));
  return {
    measures,
    shown,
    orderBy: order === 'rows' ? undefined : orderOf(order, shown),
    having: having.length === 0 ? undefined : having,
  };
}

/**
 * Numbers of the same field under the same condition are measured once.
 * @returns their index
 */
function addNumbers(measures: Measure[], under: Shown['under'], { of, where }: Asked): number {
  const known = measures.findIndex((each) => each.kind === 'numbers' && each.of === of && each.where === where);
  const before: NumbersMeasure = { kind: 'numbers', of, where, quantiles: [] };
  const at = known < 0 ? measures.length : known;
  measures[at] = {
    ...(measures[at] ?? before),
    ...(under === 'of' && { quantiles: QUANTILES }),
    ...(under === 'stddev' && { stddev: true }),
    ...((under === 'first' || under === 'last') && { ends: true }),
  };
  return at;
}

/** A field, and a condition on rows. */
interface Asked {
  readonly of: string;
  readonly where: Where | undefined;
}

/** A label has no numbers. @throws ParameterError */
function assertFields(parameter: string, names: readonly string[]): void {
  const label = names.find((name) => parseName(name).only === 'label');
  if (label === undefined) return;
  throw new ParameterError(parameter, `${label} is a label, and has no numbers`, 'fields', `${parameter}=latency_ms`);
}

/** A name may contain an `@` of its own. */
function ofCondition(asked: string, conditions: ReadonlyMap<string, Where>): Asked {
  const at = asked.lastIndexOf('@');
  const where = at > 0 ? conditions.get(asked.slice(at + 1)) : undefined;
  return where === undefined ? { of: asked, where } : { of: asked.slice(0, at), where };
}

/** @throws ParameterError */
function orderOf(order: string, shown: readonly Shown[]): OrderBy {
  const ranked = rankedBy(order, shown);
  if (ranked !== undefined) return ranked;
  const ofFields = Object.keys(OF_ORDERS).join(', ');
  const allowed = `rows, with \`of\` one of ${ofFields}, or ${Object.keys(ORDERS).join(', ')}, where.<name> as asked for`;
  throw new ParameterError('order', `"${order}" is not measured`, allowed, 'of=latency_ms&order=p99');
}

/** Returns what groups are compared by under a name: `p99` of the first `of`, `p99.latency_ms` of that field. */
function rankedBy(name: string, shown: readonly Shown[]): OrderBy | undefined {
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const asked = dot < 0 ? undefined : name.slice(dot + 1);
  const [under, by] = rankingOf(head) ?? [];
  if (under === undefined || (under === 'where' && asked === undefined)) return undefined;
  const found = shown.find((each) => each.under === under && (asked === undefined || each.asked === asked));
  return found && { measure: found.measure, by: by! };
}

/** Returns the names by which groups of an answer can be compared. */
function rankedNames(shown: readonly Shown[]): readonly string[] {
  const names = shown.flatMap(({ under, asked }) => {
    if (under === 'where') return `${WHERE}${asked}`;
    return under === 'of' ? Object.keys(OF_ORDERS) : under;
  });
  return [...new Set(names)];
}

function rankingOf(head: string): readonly [Shown['under'], OrderBy['by']] | undefined {
  if (`${head}.` === WHERE) return ['where', 'rows'];
  if (Object.hasOwn(OF_ORDERS, head)) return ['of', OF_ORDERS[head]!];
  const under = head as keyof typeof ORDERS;
  return Object.hasOwn(ORDERS, head) ? [under, ORDERS[under]] : undefined;
}

/**
 * By name.
 * @throws ParameterError
 */
function parseConditions(query: QueryString): ReadonlyMap<string, Where> {
  const names = Object.keys(query).filter((name) => name.startsWith(WHERE));
  if (names.length > AGGREGATE_MEASURES_MAX || names.includes(WHERE)) {
    const allowed = `up to ${AGGREGATE_MEASURES_MAX}, each with a name`;
    throw new ParameterError('where', `${names.length} conditions`, allowed, 'where.errors=status>=500');
  }
  const reading = parseReading(query);
  return new Map(names.map((name) => [name.slice(WHERE.length), parseWhere(name, all(query, name), reading)]));
}

/** Filters as in a query: those of one name are alternatives, those of several must all be satisfied. */
function parseWhere(parameter: string, filters: readonly string[], reading: Reading): Where {
  const byName = Map.groupBy(filters, (filter) =>
    filter.includes('=') ? filter.slice(0, filter.indexOf('=')) : filter,
  );
  const parts = [...byName].map(([name, own]): Where => {
    const isOne = name !== '' && isFilter(name) && (own[0] !== name || /[<>]/.test(name));
    if (!isOne) {
      throw new ParameterError(
        parameter,
        `"${own[0]}" is not a filter`,
        'a filter as in a query',
        `${parameter}=level=error`,
      );
    }
    const values = own.map((filter) => filter.slice(name.length + 1));
    return parseFilter(name, values, reading);
  });
  if (parts.length > FILTERS_MAX) {
    throw new ParameterError(parameter, `${parts.length} names`, `up to ${FILTERS_MAX}`, `${parameter}=level=error`);
  }
  return normalised(allOf(parts));
}

/** @throws ParameterError */
function namesOf(query: QueryString, parameter: string): readonly string[] {
  const names = [...new Set(all(query, parameter))];
  if (names.length > AGGREGATE_MEASURES_MAX || names.includes('')) {
    const allowed = `up to ${AGGREGATE_MEASURES_MAX} names of fields`;
    throw new ParameterError(parameter, `${names.length} names`, allowed, `${parameter}=latency_ms`);
  }
  const call = names.find((name) => /^\w+\(.*\)$/.test(name));
  if (call === undefined) return names;
  const problem = `"${call}" is not the name of a field`;
  const allowed = 'a field: the answer has count, sum, min, max, avg and quantiles of its numbers';
  throw new ParameterError(parameter, problem, allowed, `${parameter}=${call.slice(call.indexOf('(') + 1, -1)}`);
}

/**
 * Measures of the numbers of a single field are beside the group's rows; all others under their parameter, by field.
 */
export function measuredOf({ shown }: AskedMeasures, cell: Cell): object {
  const parts: Record<string, unknown> = {};
  for (const [under, own] of Map.groupBy(shown, (each) => each.under)) {
    const written = own.map(({ asked, measure }) => [asked, write(under, cell.measures[measure]!)] as const);
    const [only] = written;
    if (under === 'of' && written.length === 1) Object.assign(parts, only![1]);
    else if (under === 'line_bytes') for (const [asked, bytes] of written) parts[`line_bytes${asked}`] = bytes;
    else parts[under] = Object.fromEntries(written);
    if (under === 'distinct') Object.assign(parts, distinctError(own, cell));
  }
  return parts;
}

/** Returns the error of values that are too many to count exactly. */
function distinctError(shown: readonly Shown[], { measures }: Cell): object {
  const errors = shown.flatMap(({ asked, measure }) => {
    const measured = measures[measure]!;
    return measured.kind === 'distinct' && measured.error > 0 ? [[asked, roundedError(measured.error)]] : [];
  });
  return errors.length === 0 ? {} : { distinct_error: Object.fromEntries(errors) as object };
}

function write(under: Shown['under'], measured: Measured): unknown {
  switch (measured.kind) {
    case 'rows':
      return measured.rows;
    case 'bytes':
      return measured.bytes;
    case 'distinct':
      return measured.distinct;
    case 'numbers':
      if (under === 'of') return writeNumbers(measured);
      if (measured.count === 0) return null;
      return under === 'stddev' ? sixDecimals(measured.stddev) : measured[under as 'first' | 'last'];
  }
}

/** By QUANTILES. JSON has no NaN: a group without numbers has only their count. */
function writeNumbers({ count, sum, min, max, quantiles }: Measured & { readonly kind: 'numbers' }): object {
  if (count === 0) return { count };
  return {
    count,
    sum: sixDecimals(sum),
    min,
    max,
    avg: sixDecimals(sum / count),
    ...Object.fromEntries(QUANTILE_NAMES.map((name, i) => [name, sixDecimals(quantiles[i]!)])),
  };
}
