/** What the view of endpoints asks: which fields there are, the endpoints with their measures, and these over time. */
import type { AggregateAnswer, AggregateGroup } from '../../shared/client/answers.ts';
import { askJson, askLines, type Parameters } from '../../shared/client/client.ts';
import { PATH_NAMES } from '../../shared/request-names.ts';
import { rowView } from '../state/row-view.ts';
import { append, quoted, termText, without } from '../search/edit.ts';
import { literal } from '../search/literal.ts';
import type { Endpoint } from '../state/address.ts';
import { askFields } from '../state/facets.ts';
import { connection } from '../state/session.ts';
import type { Span } from './heat-layout.ts';
import { operandOf, pathNames, type RequestFields, requestFields } from './fields.ts';

/** The newest lines from whose values fields are guessed. */
const SAMPLE_LINES = 50;
const PATH_VALUES = 5;
const ENDPOINTS_MAX = 100;
const APPS_MAX = 100;
export const SLOW_MS = 500;

/** What a search and the choices in the address come to. */
export interface Asked {
  /** The search text and the range. */
  readonly filters: Parameters;
  readonly fields: RequestFields;
  readonly slowMs: number;
}

export interface Known {
  readonly fields: RequestFields;
  /** Other names under which lines have paths. */
  readonly otherPaths: readonly string[];
}

export interface App {
  readonly namespace: string;
  readonly container: string;
  readonly lines: number;
}

export interface EndpointRow extends Endpoint {
  readonly app: App;
  readonly requests: number;
  readonly bad: number;
  readonly failed: number;
  /** In milliseconds, or in what the lines have where no unit is known. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

export const ORDERS = ['bad', 'share', 'failed', 'requests', 'p50', 'p95', 'p99'] as const;
export type Order = (typeof ORDERS)[number];

export const searchOf = (filters: Parameters): string => String(filters['search'] ?? '');

export async function askKnown(
  filters: Parameters,
  own: Readonly<Record<string, string>>,
  ended: AbortSignal,
): Promise<Known> {
  const text = searchOf(filters);
  const counts = await askFields(PATH_NAMES, filters, ended, PATH_VALUES);
  const names = pathNames(counts);
  const path = own['path'] ?? names[0];
  if (path === undefined) return { fields: requestFields(undefined, [], own), otherPaths: [] };
  const search = append(text, `${path}:*`);
  const sample = await askLines(connection(), { ...filters, search, limit: SAMPLE_LINES }, ended);
  const fields = requestFields(
    path,
    sample.rows.map((row) => rowView(row).fields),
    own,
  );
  return { fields, otherPaths: names.filter((name) => name !== path) };
}

function withPath(text: string, names: readonly string[]): string {
  const conditions = names.map((name) => `${name}:*`);
  return append(text, conditions.length === 1 ? conditions[0]! : `(${conditions.join(' or ')})`);
}

export function withoutApp(text: string): string {
  return without(without(text, 'container'), 'namespace');
}

export function withApp(text: string, { namespace, container }: App): string {
  const own = [
    ...(namespace === '' ? [] : [termText('namespace', [namespace], false)]),
    termText('container', [container === '' ? '*' : container], container === ''),
  ];
  return own.reduce(append, withoutApp(text));
}

/** The apps whose lines have paths, which are offered beside what they hold: nothing waits for them. */
export async function askApps(
  filters: Parameters,
  { fields: { path }, otherPaths }: Known,
  ended: AbortSignal,
): Promise<readonly App[]> {
  if (path === undefined) return [];
  const search = withPath(withoutApp(searchOf(filters)), [path, ...otherPaths]);
  const by = ['namespace', 'container'];
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    { ...filters, search, by, limit: APPS_MAX, order: 'rows' },
    ended,
  );
  return answer.groups.map(({ by: { namespace = '', container = '' }, rows }) => ({
    namespace,
    container,
    lines: rows,
  }));
}

/** Where there is no status, a request failed if its line says an error. */
export function failedText({ status }: RequestFields): string {
  return status === undefined ? 'level>=error' : `${status}>=500`;
}

export function slowText({ duration, unit }: RequestFields, slowMs: number): string | undefined {
  return duration === undefined ? undefined : `${duration}>=${operandOf(slowMs, unit)}`;
}

export function badText(fields: RequestFields, slowMs: number): string {
  const slow = slowText(fields, slowMs);
  return slow === undefined ? failedText(fields) : `(${failedText(fields)} or ${slow})`;
}

/** The lines of an endpoint's requests, as a search text. */
export function endpointText({ method, path }: RequestFields, endpoint: Endpoint): string {
  const shape = `${path}.shape:${quoted(endpoint.shape)}`;
  if (method === undefined) return shape;
  return `${endpoint.method === '' ? `-${method}:*` : `${method}:${quoted(endpoint.method)}`} ${shape}`;
}

/** @returns the endpoints that hurt most, and how many there are */
export async function askEndpoints(
  { filters, fields, slowMs }: Asked,
  order: Order,
  ended: AbortSignal,
): Promise<{ readonly rows: readonly EndpointRow[]; readonly total: number }> {
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    {
      ...filters,
      search: append(searchOf(filters), `${fields.path}:*`),
      by: byOf(fields),
      of: fields.duration,
      'where.bad': `search=${badText(fields, slowMs)}`,
      'where.failed': `search=${failedText(fields)}`,
      order: serverOrder(order, fields),
      limit: ENDPOINTS_MAX,
    },
    ended,
  );
  const rows = answer.groups.map((group) => rowOf(group, fields));
  return { rows: rows.toSorted((a, b) => valueBy(b, order) - valueBy(a, order)), total: answer.distinct };
}

function byOf({ path, method }: RequestFields): string[] {
  return ['namespace', 'container', ...(method === undefined ? [] : [method]), `${path}.shape`];
}

/** The largest shares are found among the endpoints with most bad requests. */
function serverOrder(order: Order, { duration }: RequestFields): string {
  if (order === 'requests') return 'rows';
  if (order === 'failed') return 'where.failed';
  return order === 'bad' || order === 'share' || duration === undefined ? 'where.bad' : order;
}

function valueBy(row: EndpointRow, order: Order): number {
  return order === 'share' ? row.bad / row.requests : (row[order] ?? -1);
}

function rowOf({ by, rows, where = {}, ...measured }: AggregateGroup, fields: RequestFields): EndpointRow {
  return {
    method: fields.method === undefined ? '' : (by[fields.method] ?? ''),
    shape: by[`${fields.path}.shape`] ?? '',
    app: { namespace: by['namespace'] ?? '', container: by['container'] ?? '', lines: rows },
    requests: rows,
    bad: where['bad'] ?? 0,
    failed: where['failed'] ?? 0,
    p50: inMs(measured.p50, fields),
    p95: inMs(measured.p95, fields),
    p99: inMs(measured.p99, fields),
  };
}

export function inMs(value: number | undefined, { unit }: RequestFields): number | undefined {
  return value === undefined ? undefined : value * (unit.ms ?? 1);
}

export function rowKey({ app: { namespace, container }, method, shape }: EndpointRow): string {
  return JSON.stringify([namespace, container, method, shape]);
}

export interface Trend {
  readonly requests: readonly number[];
  readonly bad: readonly number[];
}

/** The endpoints in sight over time, by their keys. */
export async function askTrends(
  { filters, fields, slowMs }: Asked,
  rows: readonly EndpointRow[],
  { fromMs, toMs, stepMs }: Span,
  ended: AbortSignal,
): Promise<ReadonlyMap<string, Trend>> {
  const shapes = [...new Set(rows.map(({ shape }) => shape))];
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    {
      ...filters,
      [`${fields.path}.shape`]: shapes.map(literal),
      by: byOf(fields),
      step: `${stepMs / 1e3}s`,
      'where.bad': `search=${badText(fields, slowMs)}`,
    },
    ended,
  );
  const first = Math.floor(fromMs / stepMs);
  const steps = Math.max(1, Math.ceil(toMs / stepMs) - first);
  const trends = new Map<string, { requests: number[]; bad: number[] }>();
  for (const group of answer.groups) {
    const key = rowKey(rowOf(group, fields));
    let trend = trends.get(key);
    if (trend === undefined) {
      trend = { requests: new Array<number>(steps).fill(0), bad: new Array<number>(steps).fill(0) };
      trends.set(key, trend);
    }
    const at = Math.floor(Date.parse(group.time!) / stepMs) - first;
    if (at < 0 || at >= steps) continue;
    trend.requests[at] = group.rows;
    trend.bad[at] = group.where?.['bad'] ?? 0;
  }
  return trends;
}
