/** What the view of one endpoint asks: its latencies over time, its slowest requests, and why they failed. */
import type { AggregateAnswer, LogRow, PatternsAnswer } from '../../shared/client/answers.ts';
import { askJson, askLines } from '../../shared/client/client.ts';
import { measuredOf } from '../../shared/quantity.ts';
import { ERROR_NAMES, REQUEST_ID_NAMES, TRACE_ID_NAMES } from '../../shared/request-names.ts';
import { rowView } from '../state/row-view.ts';
import { append, quoted } from '../search/edit.ts';
import { literal } from '../search/literal.ts';
import { askRange } from '../state/asked-range.ts';
import { askFields } from '../state/facets.ts';
import { connection } from '../state/session.ts';
import { type Heat, type HeatGroup, heatOf, type Span } from './heat-layout.ts';
import { type Asked, failedText, inMs, searchOf } from './questions.ts';
import { stepSeconds } from '../state/time-range.ts';

const COLUMNS_MAX = 60;
const SLOWEST = 10;
/** Apps that log the same request may each have a duration of their own for it. */
const SLOWEST_DURATIONS = 3 * SLOWEST;
/** Lines that are looked at for the slowest: several may be equally slow. */
const SLOWEST_LINES_MAX = 50;
const ERRORS_MAX = 8;
/** The newest failed requests, of which other lines say why. */
const FAILED_LINES = 100;
export const REQUEST_IDS = [...REQUEST_ID_NAMES, ...TRACE_ID_NAMES];

export interface HeatAnswer {
  readonly heat: Heat;
  readonly span: Span;
}

/** @param asked  its search text is that of the endpoint */
export async function askHeat({ filters, fields }: Asked, ended: AbortSignal): Promise<HeatAnswer> {
  const range = await askRange(filters, ended);
  const span = { ...range, stepMs: stepSeconds(range.toMs - range.fromMs, COLUMNS_MAX) * 1e3 };
  const by = `${fields.duration}.log10`;
  const answer = await askJson<{ readonly groups: readonly HeatGroup[] }>(
    connection(),
    '/aggregate',
    { ...filters, by, step: `${span.stepMs / 1e3}s`, 'where.failed': `search=${failedText(fields)}` },
    ended,
  );
  return { heat: heatOf(answer.groups, by, span), span };
}

export interface SlowRequest {
  readonly row: LogRow;
  readonly ms: number;
}

/**
 * Lines are found by time, not by how long they took: so the durations of the slowest are asked first, then the lines that took
 * at least so long.
 */
export async function askSlowest(
  { filters, fields }: Asked,
  { heat }: HeatAnswer,
  ended: AbortSignal,
): Promise<readonly SlowRequest[]> {
  const { duration, unit } = fields;
  const enough = slowRowsOf(heat);
  if (duration === undefined || enough === undefined) return [];
  const text = (least: number): string =>
    append(searchOf(filters), `${duration}>=${unit.isText ? `${least}s` : least}`);
  const { groups } = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    { ...filters, search: text(enough), by: duration, of: duration, order: 'max', limit: SLOWEST_DURATIONS },
    ended,
  );
  const least = Math.min(...groups.flatMap(({ max }) => max ?? []));
  if (!Number.isFinite(least)) return [];
  const { rows } = await askLines(connection(), { ...filters, search: text(least), limit: SLOWEST_LINES_MAX }, ended);
  const slowest = rows
    .map((row) => ({ row, ms: inMs(measuredOf(fieldOf(row, duration) ?? ''), fields) ?? 0 }))
    .toSorted((a, b) => b.ms - a.ms);
  return onceEach(slowest).slice(0, SLOWEST);
}

/** Of the lines of one request, such as those of a gateway and of what is behind it, the one that took longest. */
function onceEach(requests: readonly SlowRequest[]): readonly SlowRequest[] {
  const seen = new Set<string>();
  return requests.filter(({ row }) => {
    const id = REQUEST_IDS.map((name) => fieldOf(row, name)).find(Boolean);
    if (id === undefined) return true;
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
}

/** The lower edge of the slowest rows that have enough requests together. */
function slowRowsOf({ cells, rows }: Heat): number | undefined {
  let sum = 0;
  for (const [i, { from }] of rows.entries()) {
    sum += cells.filter(({ row }) => row === i).reduce((all, { requests }) => all + requests, 0);
    if (sum >= SLOWEST_DURATIONS) return from;
  }
  return rows.at(-1)?.from;
}

export function fieldOf(row: LogRow, name: string | undefined): string | undefined {
  return name === undefined ? undefined : rowView(row).fields.findLast((field) => field.name === name)?.value;
}

export interface FailureKind {
  readonly text: string;
  readonly count: number;
  /** Finds the lines that say it. */
  readonly search: string;
  /** Which workload says it, where it is another one. */
  readonly from: string;
}

export interface FailureKinds {
  readonly kinds: readonly FailureKind[];
  /** Failed requests that were looked at: all, or the newest. */
  readonly looked: number;
  readonly isAll: boolean;
}

/** Why requests failed: what their own lines say or, where they say nothing, other lines of the same requests. */
export async function askFailures(asked: Asked, ended: AbortSignal): Promise<FailureKinds> {
  const { filters, fields } = asked;
  const search = append(searchOf(filters), failedText(fields));
  const own = (await askFields(ERROR_NAMES, { ...filters, search }, ended, ERRORS_MAX)).find(
    ({ values = [], distinct_is_minimum: areMany = false }) => values.length > 0 && !areMany,
  );
  if (own !== undefined) {
    const kinds = own.values!.map(({ value, rows }) => ({
      text: value,
      count: rows,
      search: append(search, `${own.name}:${quoted(value)}`),
      from: '',
    }));
    return { kinds, looked: own.rows, isAll: true };
  }
  const { rows, next } = await askLines(connection(), { ...filters, search, limit: FAILED_LINES }, ended);
  const name = REQUEST_IDS.find((each) => rows.some((row) => fieldOf(row, each)));
  const ids = [...new Set(rows.flatMap((row) => fieldOf(row, name) ?? []))];
  const seen = { looked: rows.length, isAll: next === undefined };
  if (name === undefined || ids.length === 0) {
    return { kinds: await askPatterns({ ...filters, search }, search, ended), ...seen };
  }
  // Lines of other programs about the same requests, without those that say only that they failed.
  const others = { since: filters['since'], until: filters['until'], tz: filters['tz'] };
  const text = `level>=error -${fields.path}:*`;
  const asFilter = { ...others, search: text, [name]: ids.map(literal) };
  const kinds = await askPatterns(asFilter, text, ended);
  if (kinds.length > 0) return { kinds, ...seen };
  return { kinds: await askPatterns({ ...filters, search }, search, ended), ...seen };
}

async function askPatterns(
  filters: Parameters<typeof askJson>[2],
  search: string,
  ended: AbortSignal,
): Promise<FailureKind[]> {
  const answer = await askJson<PatternsAnswer>(
    connection(),
    '/patterns',
    { ...(filters as Record<string, string>), limit: ERRORS_MAX, examples: 1 },
    ended,
  );
  return answer.patterns.map(({ id, pattern, rows, examples }) => ({
    text: pattern,
    count: rows,
    search: append(search, `line.pattern:${id}`),
    from: examples[0]?.labels['container'] ?? '',
  }));
}
