/**
 * From HTTP parameters to a plan. A few names are the query's own; every other name is a label or a field of the line:
 *
 *     user_id=7&user_id=8      7 or 8
 *     level=!debug             not debug
 *     path=/api/*              * is any run of characters; \* and \! are the characters themselves
 *     path=~^/api/v\d/         a regular expression; path=!~…: it does not match
 *     status>=500              the value is such a number; or a duration (took>1.5s), or a size (size<10MiB)
 *     q=timeout                the line contains "timeout"; q=!health: it does not; q=~…: an expression has a match
 *     q.raw=caf\u00e9          the same, of the bytes of the line alone; q finds what they mean, too, see ../store/read-text.ts
 *     search=level:error -x    a search text, see search-text/
 *     ignore_case=true         in values, texts and expressions
 *     match=all                several values of a name, or several texts, must all match
 *     restart=0, previous=true the first run of a container; the one before its newest
 *     samples=false            without samples of CPU and memory, unless a filter names the source of lines
 *     hints=false              without advice, see hints.ts
 *     field.by=x, label.pod=y  only the field, only the label; see ../store/asked-name.ts
 */
import { BOOLEANS, parseBoolean } from '../../shared/boolean.ts';
import { ParameterError } from '../../shared/errors.ts';
import { FILTERS_MAX, FOLLOW_LIMIT_DEFAULT, LIMIT_DEFAULT, LIMIT_MAX } from '../limits.ts';
import { parseCursor } from '../store/cursor.ts';
import {
  allOf,
  EVERYTHING,
  type Leaf,
  leafOf,
  leavesOf,
  normalised,
  not,
  type Predicate,
  PREVIOUS_RUN,
  type Where,
} from '../store/predicate.ts';
import type { Direction, Plan } from '../store/search-plan.ts';
import { parseCondition, parseText, type Reading } from './conditions.ts';
import { isOfPreviousRun } from './previous-runs.ts';
import { parseSearch } from './search-condition.ts';
import { parseInstant } from './time-parameter.ts';
import { parseTimeZone, type TimeZone, UTC } from '../store/time-zone.ts';

/** A parsed query string: a name that is repeated has an array. */
export type QueryString = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The parameters of a request that the guard has let in, and what its caller may see. */
export interface AuthorizedQuery {
  readonly query: QueryString;
  /** Namespaces; only callers that may see all see lines without a namespace. */
  readonly namespaces: 'all' | readonly string[];
}

export interface LogsRequest {
  readonly plan: Plan;
  readonly follow: boolean;
  /** What each gets the lines of the plan, see per.ts. */
  readonly per?: string;
}

/** Parameters of every route. */
export const COMMON_NAMES: readonly string[] = [
  'q',
  'q.raw',
  'search',
  'previous',
  'ignore_case',
  'match',
  'samples',
  'hints',
  'since',
  'until',
  'tz',
];

/**
 * Names that are not filters on any route: one that a route does not understand is refused there, so that a query that is
 * moved from one route to another keeps its meaning or fails. `name`, which `/fields` understands, is missing, as events have
 * a field of this name; so are `offset`, `window`, `first` and `last`.
 */
const OWN_NAMES: readonly string[] = [
  ...COMMON_NAMES,
  'query',
  'limit',
  'order',
  'cursor',
  'around',
  'per',
  'format',
  'csv',
  'columns',
  'color',
  'follow',
  'by',
  'step',
  'of',
  'distinct',
  'stddev',
  'line_bytes',
  'top',
];
/** Parameters of every route that are filters. */
const OWN_FILTERS: readonly string[] = ['q', 'q.raw', 'search', 'previous'];
/** Values of the parameter `order`. */
const DIRECTIONS: Readonly<Record<'newest' | 'oldest', Direction>> = { newest: 'backward', oldest: 'forward' };

/** Parameters of /logs. */
export const LOGS_NAMES: readonly string[] = [
  'per',
  'limit',
  'order',
  'cursor',
  'format',
  'csv',
  'columns',
  'color',
  'follow',
];

const CURSOR_EXAMPLE = 'gFEsMSlqF7Qxy1tKxUIjQmWx0w0rzV3aPA';

/**
 * @param cursorKey  of the store
 * @throws ParameterError
 */
export function parseLogsRequest(authorized: AuthorizedQuery, nowMs: number, cursorKey: Uint8Array): LogsRequest {
  const { query } = authorized;
  if (query['query'] !== undefined) {
    throw new ParameterError(
      'query',
      'not a parameter of this route',
      'for LogQL, /loki/api/v1/query_range?query=…; here, labels and fields as parameters, q and search',
      'q=timeout',
    );
  }
  const follow = parseFlag(query, 'follow');
  const per = parsePer(query, follow);
  const plan = {
    ...parseFilters(authorized, nowMs, LOGS_NAMES),
    direction: DIRECTIONS[oneOf(query, 'order', ['newest', 'oldest'], 'newest')],
    limit: parseLimit(query, follow),
    ...parseAfter(query, cursorKey),
  };
  if (follow && plan.to !== undefined) {
    throw new ParameterError('until', 'a live tail has no end', 'follow without until', 'follow=true&since=5m');
  }
  if (follow && plan.direction === 'backward' && query['order'] !== undefined) {
    const problem = 'a live tail has the oldest lines first';
    throw new ParameterError('order', problem, 'follow without order', 'follow=true&limit=20');
  }
  if (follow && isOfPreviousRun(plan.where)) {
    const problem = 'a run that has ended writes nothing more';
    throw new ParameterError('previous', problem, 'previous without follow', 'previous=true&pod=api-1');
  }
  return { plan, follow, ...per };
}

function parsePer(query: QueryString, follow: boolean): Pick<LogsRequest, 'per'> {
  const per = single(query, 'per');
  if (per === undefined) return {};
  const example = 'per=container&limit=20';
  if (per === '') throw new ParameterError('per', 'empty', 'container, pod, stream or the name of a label', example);
  const other = follow ? 'follow' : query['cursor'] === undefined ? undefined : 'cursor';
  if (other !== undefined) throw new ParameterError('per', `not with ${other}`, `per without ${other}`, example);
  return { per };
}

/**
 * Parses time range, filters and text, which every route of the query API has. The only way to a predicate, so that
 * each is limited to what the caller may see.
 * @param ownNames  further parameters of the route
 * @throws ParameterError
 */
export function parseFilters(
  { query, namespaces }: AuthorizedQuery,
  nowMs: number,
  ownNames: readonly string[] = [],
): Predicate {
  const unknown = OWN_NAMES.find(
    (name) => query[name] !== undefined && !COMMON_NAMES.includes(name) && !ownNames.includes(name),
  );
  if (unknown !== undefined) {
    const allowed = ['labels', 'fields', ...COMMON_NAMES, ...ownNames].join(', ');
    const example = `user_id=123&since=1h, or field.${unknown}=123 for a field of this name`;
    throw new ParameterError(unknown, 'not a parameter of this route', allowed, example);
  }
  // Refused if it is wrong, also where no time is given.
  timeZoneOf(query);
  const until = single(query, 'until');
  const from = query['since'] === undefined ? undefined : parseInstantParameter(query, 'since', nowMs);
  const to = until === undefined ? undefined : parseInstantParameter(query, 'until', nowMs);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new ParameterError(
      'until',
      `"${until}" is not after since "${single(query, 'since')}"`,
      'a later time',
      'since=2h&until=1h',
    );
  }
  const reading = parseReading(query);
  const filters: Where[] = namespaces === 'all' ? [] : [ofNamespaces(namespaces)];
  for (const name of Object.keys(query))
    if (isFilter(name) && !ownNames.includes(name)) filters.push(parseFilter(name, all(query, name), reading));
  if (filters.length > FILTERS_MAX) {
    throw new ParameterError(
      'filters',
      `${filters.length} names`,
      `up to ${FILTERS_MAX}`,
      'namespace=shop&level=error',
    );
  }
  if (!withSamples(query) && !leavesOf(allOf(filters)).some(isOfSource)) filters.push(NO_SAMPLES);
  return { from, to, where: normalised(allOf(filters)) };
}

/** Samples are lines, one a minute of each pod: see ../kubernetes/usage-samples.ts. */
const NO_SAMPLES = not(leafOf('label.source', [{ kind: 'equals', text: Buffer.from('metrics') }]));

function withSamples(query: QueryString): boolean {
  return query['samples'] === undefined || parseFlag(query, 'samples');
}

function isOfSource(leaf: Leaf): boolean {
  return leaf.kind === 'value' && leaf.name === 'source';
}

/** Parses a point in time, in the time zone of the query. @throws ParameterError */
export function parseInstantParameter(query: QueryString, name: string, nowMs: number): bigint {
  return parseInstant(name, single(query, name) ?? '', nowMs, timeZoneOf(query));
}

/** How the filters of a query are read. @throws ParameterError */
export function parseReading(query: QueryString): Reading {
  const matchAll = oneOf(query, 'match', ['any', 'all'], 'any') === 'all';
  return { ignoreCase: parseFlag(query, 'ignore_case'), matchAll };
}

/** @throws ParameterError */
export function parseFilter(name: string, values: readonly string[], reading: Reading): Where {
  switch (name) {
    case 'q':
    case 'q.raw':
      return parseText(name, values, reading);
    case 'previous':
      return parseFlag({ previous: values }, name) ? PREVIOUS_RUN : EVERYTHING;
    case 'search':
      return allOf(values.map((text) => parseSearch(text, reading)));
    default:
      return parseCondition(name, values, reading);
  }
}

/** Returns the zone in which a query's days and times are meant; UTC where it names none. @throws ParameterError */
export function timeZoneOf(query: QueryString): TimeZone {
  const text = single(query, 'tz');
  return text === undefined ? UTC : parseTimeZone(text);
}

/** Whether a parameter is a filter, unless the route understands something else by it. */
export function isFilter(name: string): boolean {
  return OWN_FILTERS.includes(name) || !OWN_NAMES.includes(name);
}

function ofNamespaces(namespaces: readonly string[]): Where {
  const tests = namespaces.map((namespace) => ({ kind: 'equals', text: Buffer.from(namespace) }) as const);
  // Without namespaces, no line matches.
  return leafOf('label.namespace', tests);
}

/** @returns Infinity for all */
function parseLimit(query: QueryString, follow: boolean): number {
  if (!follow && single(query, 'limit') === 'all') return Infinity;
  return parseCount(query, 'limit', follow ? 0 : 1, LIMIT_MAX, follow ? FOLLOW_LIMIT_DEFAULT : LIMIT_DEFAULT);
}

function parseAfter(query: QueryString, cursorKey: Uint8Array): Pick<Plan, 'after'> {
  const text = single(query, 'cursor');
  if (text === undefined) return {};
  const after = parseCursor(text, cursorKey);
  if (after !== undefined) return { after };
  const allowed = 'the cursor of a line, or the URL of the Link header of an answer, unchanged';
  throw new ParameterError('cursor', `"${text}" is not a cursor of this server`, allowed, `cursor=${CURSOR_EXAMPLE}`);
}

/** Parses a whole number within a range. */
export function parseCount(query: QueryString, name: string, min: number, max: number, fallback: number): number {
  const text = single(query, name);
  if (text === undefined) return fallback;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (count < min || count > max) {
    throw new ParameterError(name, `"${text}" is out of range`, `${min} to ${max}`, `${name}=${Math.min(500, max)}`);
  }
  return count;
}

/** A name without a value, as in `?follow`, is true. */
export function parseFlag(query: QueryString, name: string): boolean {
  const text = single(query, name);
  if (text === undefined || text === '') return text === '';
  const value = parseBoolean(text);
  if (value !== undefined) return value;
  throw new ParameterError(name, `"${text}" is not a boolean`, BOOLEANS, `${name}=true`);
}

export function oneOf<T extends string>(query: QueryString, name: string, allowed: readonly T[], fallback: T): T {
  const text = single(query, name);
  if (text === undefined) return fallback;
  const known = allowed.find((value) => value === text);
  if (known === undefined) {
    throw new ParameterError(name, `"${text}" is unknown`, allowed.join(', '), `${name}=${fallback}`);
  }
  return known;
}

export function single(query: QueryString, name: string): string | undefined {
  const values = all(query, name);
  if (values.length > 1) throw new ParameterError(name, 'given more than once', 'one value', `${name}=${values[0]}`);
  return values[0];
}

export function all(query: QueryString, name: string): readonly string[] {
  const value = query[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
