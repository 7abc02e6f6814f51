/**
 * The search that is shown: its lines, bars and counts. All requests of one search have the same range, so that they agree; a new
 * search ends those of the old one, whose answers stay in sight until the new ones are there.
 */
import { batch, computed, effect, type Signal, signal } from '@preact/signals';
import type { Hint, Histogram, PatternsAnswer } from '../../shared/client/answers.ts';
import { AnswerError, askJson, askLines, type Parameters } from '../../shared/client/client.ts';
import { isLogql } from '../search/is-logql.ts';
import type { Order, Question } from './address.ts';
import { serverNowMs, zone } from './clock.ts';
import { type Facets, askFacets } from './facets.ts';
import type { Bars, LinesPage } from './found.ts';
import { question, runCount, view } from './navigation.ts';
import { access, connection, noticeRevoked } from './session.ts';
import { frozenRange, instantMs, stepSeconds, type TimeRange } from './time-range.ts';

export const PAGE_LINES = 200;
/** Lines of each further page: people scroll faster than a request for each screen would take. */
const NEXT_PAGE_LINES = 1_000;
const BARS_MAX = 90;
/** Lines go first, then bars, then values: each waits for the one before it, but no longer than this. */
const HEAD_START_MS = 300;

/** An answer, or what is known without it. */
export interface Loading<Value> {
  readonly value: Value | undefined;
  readonly isLoading: boolean;
  readonly error: unknown;
}

export interface FoundLines extends LinesPage {
  readonly tookMs: number;
  /** Differs between searches, not between the pages of one. */
  readonly searchId: number;
}

const NOTHING = { value: undefined, isLoading: false, error: undefined };
export const lines = signal<Loading<FoundLines>>(NOTHING);
export const bars = signal<Loading<Bars>>(NOTHING);
export const facets = signal<Loading<Facets>>(NOTHING);
export const patterns = signal<Loading<PatternsAnswer>>(NOTHING);
const ANSWERS = [lines, bars, facets, patterns] as const;
export const hints = signal<readonly Hint[]>([]);
export const isLoadingMore = signal(false);
/** The filters and the range of the search that is running or was run last. */
export const asked = signal<Parameters>({});

export const totalLines = computed(() => {
  const { value } = bars.value;
  if (value === undefined) return undefined;
  const { buckets, before = 0, after = 0 } = value.histogram;
  return buckets.reduce((sum, { total }) => sum + total, before + after);
});

export const levelTotals = computed(() => {
  const totals = new Map<string, number>();
  for (const { counts } of bars.value.value?.histogram.buckets ?? []) {
    for (const [level, count] of Object.entries(counts ?? {})) totals.set(level, (totals.get(level) ?? 0) + count);
  }
  return totals;
});

let searchId = 0;
/** The search whose patterns have been asked for. */
let patternsAreOf = 0;
let running = new AbortController();

effect(() => {
  void runCount.value;
  if (view.value.kind !== 'explore' || access.value !== 'open') return;
  run(question.peek());
});

// The next token may see less: nothing stays of what the last one was shown.
effect(() => {
  if (access.value !== 'login') return;
  running.abort();
  batch(() => {
    for (const each of ANSWERS) each.value = NOTHING;
    hints.value = [];
  });
});

export function stopSearch(): void {
  running.abort();
  for (const each of ANSWERS) (each as typeof lines).value = { ...(each as typeof lines).peek(), isLoading: false };
}

function run({ q, since, until, order, tab }: Question): void {
  running.abort();
  running = new AbortController();
  const { signal: ended } = running;
  const id = ++searchId;
  const range = frozenRange(since, until, serverNowMs());
  const isOfLogql = isLogql(q);
  const filters: Parameters = { search: q, samples: false, hints: false, ...range, tz: zone.peek() };
  batch(() => {
    asked.value = filters;
    hints.value = [];
    isLoadingMore.value = false;
    // Series are no lines: none of these is what a search text has found.
    if (!isOfLogql && lines.peek().value?.series !== undefined) lines.value = NOTHING;
    const askPage = async (): Promise<FoundLines> => {
      const ask = isOfLogql ? (await logql()).askLogql : askSearched;
      const startedMs = performance.now();
      const page = await ask(filters, order, PAGE_LINES, ended);
      return { ...page, tookMs: performance.now() - startedMs, searchId: id };
    };
    if (isOfLogql) {
      facets.value = NOTHING;
      void load(lines, ended, askPage);
      void load(bars, ended, async () => (await logql()).askBars(filters, BARS_MAX, ended));
      return;
    }
    const withPatterns = tab === 'patterns';
    if (withPatterns) patternsAreOf = id;
    bars.value = { ...bars.peek(), isLoading: true };
    facets.value = { ...facets.peek(), isLoading: true };
    const values = (): void => void load(facets, ended, () => askFacets(filters, ended));
    void load(lines, ended, askPage, () => {
      void load(bars, ended, () => askBars(filters, range, ended), values);
      if (withPatterns) void load(patterns, ended, () => askPatterns(ended));
    });
  });
}

async function askBars(filters: Parameters, range: TimeRange, ended: AbortSignal): Promise<Bars> {
  // Advice where nothing is found is asked for once.
  const parameters = { ...filters, hints: undefined, by: 'level', step: stepOf(range) };
  const histogram = await askJson<Histogram>(connection(), '/histogram', parameters, ended);
  hints.value = histogram.hints ?? [];
  return { histogram };
}

// Patterns are asked for when they are shown, once for each search.
effect(() => {
  const { tab, q } = question.value;
  if (tab !== 'patterns' || patternsAreOf === searchId || isLogql(q)) return;
  patternsAreOf = searchId;
  const { signal: ended } = running;
  void load(patterns, ended, () => askPatterns(ended));
});

function askPatterns(ended: AbortSignal): Promise<PatternsAnswer> {
  return askJson(connection(), '/patterns', { ...asked.peek(), limit: 100, examples: 3 }, ended);
}

/** The code for LogQL comes when it is first needed. */
const logql = () => import('./logql-answer.ts');

const askSearched = (filters: Parameters, order: Order, limit: number, ended: AbortSignal): Promise<LinesPage> =>
  pageOf({ ...filters, order, limit }, ended);

async function pageOf(parameters: Parameters | URLSearchParams, ended: AbortSignal): Promise<LinesPage> {
  const { rows, next } = await askLines(connection(), parameters, ended);
  if (next === undefined) return { rows, next };
  return {
    rows,
    next: (count, nextEnded) => {
      next.set('limit', String(count));
      return pageOf(next, nextEnded);
    },
  };
}

/** Undefined where only the server knows the range. */
function stepOf({ since, until }: TimeRange): string | undefined {
  const rangeMs = instantMs(until) - instantMs(since);
  return Number.isNaN(rangeMs) || rangeMs <= 0 ? undefined : `${stepSeconds(rangeMs, BARS_MAX)}s`;
}

/** @param next  called once: when the answer is there, before it is drawn, or when it has had its head start */
async function load<Value>(
  into: Signal<Loading<Value>>,
  ended: AbortSignal,
  answer: () => Promise<Value>,
  next: () => void = () => {},
): Promise<void> {
  if (ended.aborted) return;
  into.value = { ...into.peek(), isLoading: true };
  let isNext = true;
  const goOn = (): void => {
    clearTimeout(headStart);
    if (isNext) next();
    isNext = false;
  };
  const headStart = setTimeout(goOn, HEAD_START_MS);
  try {
    const value = await answer();
    goOn();
    if (!ended.aborted) into.value = { value, isLoading: false, error: undefined };
  } catch (error) {
    goOn();
    if (ended.aborted) return;
    noticeRevoked(error);
    // What is wrong with a question is said once, where it is typed.
    const isSaidElsewhere = into !== (lines as unknown) && isMistake(error);
    into.value = isSaidElsewhere ? { ...into.peek(), isLoading: false } : { value: undefined, isLoading: false, error };
  }
}

/** Resolves when an answer is there, or is not asked for any more. */
export function settled(answer: Signal<Loading<unknown>>): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (answer.value.isLoading) return;
      resolve();
      // Where that is so at once, `stop` is not known yet.
      queueMicrotask(() => stop());
    });
  });
}

function isMistake(error: unknown): boolean {
  return error instanceof AnswerError && error.status === 400;
}

/** Adds the next page to the lines. */
export async function loadMore(): Promise<void> {
  const { value, error } = lines.peek();
  if (value?.next === undefined || isLoadingMore.peek() || error !== undefined) return;
  const { signal: ended } = running;
  isLoadingMore.value = true;
  try {
    const page = await value.next(NEXT_PAGE_LINES, ended);
    if (ended.aborted) return;
    lines.value = { ...lines.peek(), value: { ...value, rows: [...value.rows, ...page.rows], next: page.next } };
  } catch (failure) {
    if (ended.aborted) return;
    noticeRevoked(failure);
    lines.value = { ...lines.peek(), error: failure };
  } finally {
    if (!ended.aborted) isLoadingMore.value = false;
  }
}

/** Asks again for the page that could not be loaded. */
export function loadMoreAgain(): void {
  lines.value = { ...lines.peek(), error: undefined };
  void loadMore();
}
