/** Asks Loki's API of the server: the lines of a query, or its series, and the bars of its lines. */
import type { ExplainAnswer, ExplainedRun, Histogram, LogRow } from '../../shared/client/answers.ts';
import { ask, askJson, AnswerError, type Parameters } from '../../shared/client/client.ts';
import type { Labels } from '../../shared/labels.ts';
import type { Order } from './address.ts';
import type { Bars, LinesPage } from './found.ts';
import { connection } from './session.ts';
import { instantMs, stepSeconds } from './time-range.ts';
import { located } from '../search/logql-place.ts';
import { levelOf, type OwnLabels, rowOf } from './logql-row.ts';
import { numberOf } from './series.ts';
import { isOfLines } from '../search/is-logql.ts';
import { searchedTexts } from '../search/logql-text.ts';

/** Steps of a plot. */
const STEPS_MAX = 240;
const NS_PER_MS = 1_000_000n;

interface RangeAnswer {
  readonly data:
    | { readonly resultType: 'streams'; readonly result: readonly StreamAnswer[] }
    | { readonly resultType: 'matrix'; readonly result: readonly SeriesAnswer[] };
}

interface StreamAnswer {
  readonly stream: Labels;
  readonly values: readonly (readonly [timeNs: string, line: string, own?: OwnLabels])[];
}

interface SeriesAnswer {
  readonly metric: Labels;
  readonly values: readonly (readonly [seconds: number, value: string])[];
}

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @throws AnswerError  with the place of what is wrong */
export async function askLogql(
  filters: Parameters,
  order: Order,
  limit: number,
  ended: AbortSignal,
): Promise<LinesPage> {
  const query = String(filters['search']);
  const range = await askRange(filters, ended);
  const { stepMs, stepCount, firstMs } = stepsOf(range);
  const bounds = isOfLines(query)
    ? { start: nsOf(range.fromMs), end: nsOf(range.toMs) }
    : { start: nsOf(firstMs), end: nsOf(range.toMs), step: stepText(stepMs) };
  const direction = order === 'newest' ? 'backward' : 'forward';
  const asked = { query, direction, limit, ...bounds };
  const { data } = await askRangeOf(asked, ended);
  if (data.resultType === 'streams') return pageOf(data.result, asked, new Map());
  const series = data.result.map(({ metric, values }) => {
    const own = Array<number | undefined>(stepCount).fill(undefined);
    for (const [seconds, value] of values) own[Math.round((seconds * 1e3 - firstMs) / stepMs)] = numberOf(value);
    return { labels: metric, values: own };
  });
  return { rows: [], next: undefined, series: { series, fromMs: firstMs, stepMs, stepCount } };
}

/** Steps that end with the range: the last one says what is so now. */
function stepsOf({ fromMs, toMs }: Range): {
  readonly firstMs: number;
  readonly stepMs: number;
  readonly stepCount: number;
} {
  const stepMs = stepSeconds(toMs - fromMs, STEPS_MAX) * 1e3;
  const count = Math.floor((toMs - fromMs) / stepMs);
  return { firstMs: toMs - count * stepMs, stepMs, stepCount: count + 1 };
}

function stepText(stepMs: number): string {
  return `${stepMs / 1e3}s`;
}

/** What is read for the answer of `askLogql`: the same lines, or the same steps. */
export async function askExplained(
  filters: Parameters,
  order: Order,
  limit: number,
  ended: AbortSignal,
): Promise<ExplainedRun> {
  const query = String(filters['search']);
  const range = await askRange(filters, ended);
  const { stepMs, firstMs } = stepsOf(range);
  const bounds = isOfLines(query) ? { since: range.fromMs, order, limit } : { since: firstMs, step: stepText(stepMs) };
  const asked = { ...bounds, query, since: timeText(bounds.since), until: timeText(range.toMs) };
  return askJson<ExplainedRun>(connection(), '/explain', asked, ended);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

interface LinesAsked {
  readonly query: string;
  readonly direction: string;
  readonly limit: number;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * A page of lines. The next one begins at the time of the last line, with which other lines may share it.
 * @param known  how often a line of the first time has been on pages before, by its text and its labels
 */
function pageOf(streams: readonly StreamAnswer[], asked: LinesAsked, known: ReadonlyMap<string, number>): LinesPage {
  const isBackward = asked.direction === 'backward';
  const found = streams
    .flatMap(({ stream, values }) => values.map(([ns, line, own]) => ({ ns: BigInt(ns), line, stream, own })))
    .toSorted((a, b) => (a.ns === b.ns ? 0 : a.ns < b.ns === isBackward ? 1 : -1));
  const last = found.at(-1)?.ns;
  const left = new Map(known);
  const rows: LogRow[] = [];
  const atLast = new Map<string, number>();
  for (const each of found) {
    const key = each.ns === last || left.size > 0 ? JSON.stringify([String(each.ns), each.line, each.stream]) : '';
    if (each.ns === last) atLast.set(key, (atLast.get(key) ?? 0) + 1);
    const seen = left.get(key) ?? 0;
    if (seen > 0) left.set(key, seen - 1);
    else rows.push(rowOf(each.ns, each.line, each.stream, each.own));
  }
  const words = searchedTexts(asked.query);
  if (found.length < asked.limit || rows.length === 0) return { rows, words, next: undefined };
  const repeated = [...atLast.values()].reduce((sum, count) => sum + count, 0);
  return {
    rows,
    words,
    next: async (count, ended) => {
      const bounds = isBackward ? { end: last! + 1n } : { start: last! };
      const next = { ...asked, ...bounds, limit: count + repeated };
      const { data } = await askRangeOf(next, ended);
      return pageOf(data.resultType === 'streams' ? data.result : [], next, atLast);
    },
  };
}

/** The lines of a query over time, by level. The first and the last bar have no more than is in the range, so that they add up. */
export async function askBars(filters: Parameters, barsMax: number, ended: AbortSignal): Promise<Bars | undefined> {
  const query = String(filters['search']);
  if (!isOfLines(query)) return undefined;
  const range = await askRange(filters, ended);
  const stepMs = stepSeconds(range.toMs - range.fromMs, barsMax) * 1e3;
  const firstMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const counts = Array.from({ length: Math.ceil((range.toMs - firstMs) / stepMs) }, (): Record<string, number> => ({}));
  const count = async ({ fromMs, toMs }: Range, windowMs: number): Promise<void> => {
    const counted = `sum by (detected_level) (count_over_time(${withoutErrors(query)}\n[${windowMs}ms]))`;
    // The lines of a window are after its begin, up to and with its end.
    const asked = { query: counted, start: nsOf(fromMs + windowMs) - 1n, end: nsOf(toMs) - 1n, step: `${windowMs}ms` };
    const { data } = await askRangeOf(asked, ended);
    for (const { metric, values } of data.resultType === 'matrix' ? data.result : []) {
      const level = levelOf(metric['detected_level'] ?? '');
      for (const [seconds, value] of values) {
        const own = counts[Math.floor((seconds * 1e3 - firstMs) / stepMs)]!;
        own[level] = (own[level] ?? 0) + Number(value);
      }
    }
  };
  await Promise.all(partsOf(range, stepMs).map((part) => count(part, Math.min(stepMs, part.toMs - part.fromMs))));
  const buckets = counts.map((own, i) => ({
    time: new Date(firstMs + i * stepMs).toISOString(),
    total: Object.values(own).reduce((sum, each) => sum + each, 0),
    counts: own,
  }));
  return { histogram: { step_seconds: stepMs / 1e3, buckets } };
}

/** The whole steps of a range, and what is before and after them. */
function partsOf({ fromMs, toMs }: Range, stepMs: number): Range[] {
  const wholeMs = Math.min(toMs, Math.ceil(fromMs / stepMs) * stepMs);
  const restMs = Math.max(wholeMs, Math.floor(toMs / stepMs) * stepMs);
  return [
    { fromMs, toMs: wholeMs },
    { fromMs: wholeMs, toMs: restMs },
    { fromMs: restMs, toMs },
  ].filter((part) => part.toMs > part.fromMs);
}

/** Lines that a parser cannot read are lines, too; a metric would fail on them. Plain filters are counted fastest as they are. */
function withoutErrors(query: string): string {
  return /\|\s*[a-z_(]/i.test(query) ? `${query}\n| drop __error__, __error_details__` : query;
}

async function askRangeOf(
  parameters: { readonly query: string; readonly start: bigint; readonly end: bigint } & Readonly<
    Record<string, string | number | bigint>
  >,
  ended: AbortSignal,
): Promise<RangeAnswer> {
  const asked = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  const headers = { 'x-loki-response-encoding-flags': 'categorize-labels' };
  try {
    const response = await ask(connection(), '/loki/api/v1/query_range', asked, ended, { headers });
    return (await response.json()) as RangeAnswer;
  } catch (error) {
    throw error instanceof AnswerError ? located(error, parameters.query) : error;
  }
}

function nsOf(ms: number): bigint {
  return BigInt(ms) * NS_PER_MS;
}

/** The times of a range, which only the server knows where it has words, or no beginning. */
export async function askRange({ since, until, tz }: Parameters, ended: AbortSignal): Promise<Range> {
  const [fromMs, toMs] = [instantMs(since), instantMs(until)];
  if (!Number.isNaN(fromMs) && !Number.isNaN(toMs)) return { fromMs, toMs };
  if (since === '') {
    const { buckets } = await askJson<Histogram>(connection(), '/histogram', { until, tz }, ended);
    return { fromMs: buckets[0] === undefined ? toMs - 1 : Date.parse(buckets[0].time), toMs };
  }
  const asked = { query: ANY_QUERY, run: false, since, until, tz };
  const range = await askJson<ExplainAnswer>(connection(), '/explain', asked, ended);
  return { fromMs: Date.parse(range.since), toMs: Date.parse(range.until) };
}

/** It is not run: only its times are wanted. */
const ANY_QUERY = '{a="b"}';
