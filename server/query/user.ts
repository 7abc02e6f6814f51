/**
 * The requests of one user: when, what, how it ended, how long it took. A request is counted once, however many programs log
 * it: by the line of the one that it came to first, at the time of that line.
 */
import { quantileOf } from './quantile.ts';
import { isPlainRequest, REQUEST_ID_NAMES, USER_ID_NAMES } from '../../shared/request-names.ts';
import { LEVEL } from '../../shared/levels.ts';
import { formatInstant, NS_PER_SECOND } from '../../shared/time.ts';
import {
  REQUEST_WORDS_CHARS_MAX,
  USER_BYTES_MAX,
  USER_FAILED_EXPLAINED_MAX,
  USER_LINES_MAX,
  USER_REQUEST_SPAN_SECONDS_MAX,
} from '../limits.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, normalised, type Predicate, valueLeaf, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { isError, isHead, outermostOf, type RequestRow, saysFailed, withId, withIds, wordsOf } from './request-rows.ts';
import { MAY_BE_HEAD } from './request-heads.ts';
import { type FoundRows, foundRows, type RowSearch } from './request-search.ts';
import { sixDecimals } from './rounding.ts';
import { headsInRows, type OutermostHeads, outermostHeads, type UserHead } from './user-heads.ts';

const SPAN_NS = BigInt(USER_REQUEST_SPAN_SECONDS_MAX * NS_PER_SECOND);

export interface UserQuestion {
  readonly id: string;
  /** With both ends of the range. */
  readonly predicate: Predicate & { readonly from: bigint; readonly to: bigint };
  /** What the caller may see, without filters: where a failed request is explained by another line. */
  readonly visible: Predicate;
  readonly limit: number;
}

export interface UserAnswer {
  readonly total: UserTotal;
  /** The newest first; those at the same instant as the last one are in the answer, too. */
  readonly requests: readonly UserRequest[];
  /** The instant before which the next ones are; undefined where there are none. */
  readonly nextUntil: bigint | undefined;
}

export interface UserTotal {
  readonly requests: number;
  readonly failed: number;
  readonly p50_ms?: number | undefined;
  readonly p95_ms?: number | undefined;
  readonly first: string;
  readonly last: string;
  /** The range has more lines than were read: those before this time are not counted. */
  readonly cut?: { readonly lines: number; readonly from: string } | undefined;
}

export interface UserRequest {
  readonly time: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly duration_ms?: number | undefined;
  readonly failed: boolean;
  readonly error?: string | undefined;
  readonly request_id?: string | undefined;
  readonly namespace?: string | undefined;
  readonly pod?: string | undefined;
}

/** Returns undefined where no line of a request has the id. */
export async function userOf(
  { id, predicate, visible, limit }: UserQuestion,
  view: LogView,
  query: Query,
): Promise<UserAnswer | undefined> {
  using memory = query.budget.memory.share();
  const limits = { rowsMax: USER_LINES_MAX, bytesMax: USER_BYTES_MAX };
  const asked = { view, query, memory, ...limits, ofUser: true } as const;
  const searches = withId(ofHeads(predicate), USER_ID_NAMES, id);
  const [newest, goOn] = await Promise.all([
    foundRows({ ...asked, direction: 'backward', rowsMax: limit + 1 }, searches),
    goingOn(id, predicate, asked),
  ]);
  // Both go through the whole store where there is much of the user: then they share the time.
  const [heads, oldest] = newest.isCut
    ? await Promise.all([outermostHeads(asked, searches, newest), oldestRows(asked, searches)])
    : [headsInRows(newest), undefined];
  const outermost = [...heads.byId.values(), ...heads.alone].filter(({ requestId = '' }) => !goOn.has(requestId));
  if (outermost.length === 0) return undefined;
  const known = { heads, goOn };
  const page = await newestRequests(asked, searches, known, limit, newest);
  if (page.length === 0) return undefined;
  const isWhole = heads.cutAt === undefined && page.length === outermost.length;
  const [first, errors] = await Promise.all([
    isWhole ? page.at(-1)!.instant : firstInstant(asked, searches, known, oldest),
    errorsOf(page, { view, query, memory, ...limits, direction: 'forward' }, visible),
  ]);
  const { cutAt } = heads;
  return {
    total: {
      ...totalOf(outermost),
      first: formatInstant(first),
      last: formatInstant(page[0]!.instant),
      cut: cutAt === undefined ? undefined : { lines: USER_LINES_MAX, from: formatInstant(cutAt) },
    },
    requests: page.map((row) => shownOf(row, errors)),
    nextUntil: isWhole ? undefined : page.at(-1)!.instant,
  };
}

function ofHeads({ where, ...range }: Predicate): Predicate {
  return { ...range, where: allOf([where, MAY_BE_HEAD]) };
}

/**
 * Returns the ids of requests that go on after the range. A request is at the time of its last line, so it is not of the range
 * that ends before.
 */
async function goingOn(
  id: string,
  { to, where }: UserQuestion['predicate'],
  asked: Omit<RowSearch, 'direction'>,
): Promise<Set<string>> {
  const afterRange = ofHeads({ from: to, to: to + SPAN_NS, where });
  const { rows } = await foundRows({ ...asked, direction: 'forward' }, withId(afterRange, USER_ID_NAMES, id));
  return new Set(rows.filter(isHead).flatMap(({ requestId }) => requestId ?? []));
}

/** What is known of all requests before their lines are read. */
interface Known {
  readonly heads: OutermostHeads;
  /** Ids of requests that are not of the range. */
  readonly goOn: ReadonlySet<string>;
}

/**
 * Returns the newest requests, and those at the instant of the last one, the newest first.
 * @param newest  lines: one more than `limit`, if there are so many
 */
async function newestRequests(
  asked: Omit<RowSearch, 'direction'>,
  searches: readonly Predicate[],
  { heads, goOn }: Known,
  limit: number,
  newest: FoundRows,
): Promise<Request[]> {
  let { rows, isCut } = newest;
  for (let rowsMax = limit + 1; ;) {
    const requests = requestsOf(rows.filter(isHead)).filter(({ requestId, durationMs }) => {
      // One whose outermost line is older than these is not among the newest.
      return requestId === undefined || (!goOn.has(requestId) && heads.byId.get(requestId)?.durationMs === durationMs);
    });
    const last = requests[Math.min(limit, requests.length) - 1]?.instant ?? 0n;
    const isEnough = requests.length >= limit && rows.at(-1)!.instant < last;
    const areAll = !isCut || rows.length < rowsMax || rowsMax === asked.rowsMax;
    if (isEnough || areAll) return requests.filter(({ instant }) => instant >= last);
    rowsMax = Math.min(rowsMax * 2, asked.rowsMax);
    ({ rows, isCut } = await foundRows({ ...asked, direction: 'backward', rowsMax }, searches));
  }
}

/** Lines in which the first request of a user is looked for at first. */
const FIRST_ROWS = 8;

function oldestRows(
  asked: Omit<RowSearch, 'direction'>,
  searches: readonly Predicate[],
  rowsMax = FIRST_ROWS,
): Promise<FoundRows> {
  return foundRows({ ...asked, direction: 'forward', rowsMax }, searches);
}

/**
 * Returns when the first request was.
 * @param oldest  lines, which are enough mostly: FIRST_ROWS of them, where they are read already
 */
async function firstInstant(
  asked: Omit<RowSearch, 'direction'>,
  searches: readonly Predicate[],
  { heads: { byId, cutAt }, goOn }: Known,
  oldest: FoundRows | undefined,
): Promise<bigint> {
  const counted = searches.map((each) => (cutAt === undefined ? each : { ...each, from: cutAt }));
  let found = cutAt === undefined ? oldest : undefined;
  for (let rowsMax = FIRST_ROWS; ; rowsMax = Math.min(rowsMax * 4, asked.rowsMax), found = undefined) {
    const { rows, isCut } = found ?? (await oldestRows(asked, counted, rowsMax));
    const heads = rows.filter(isHead);
    const lengths = Map.groupBy(heads, ({ requestId, durationMs }) => `${requestId} ${durationMs}`);
    // The last one of those that took longest counts: it may be later than these.
    const first = requestsOf(heads.toReversed()).findLast(({ requestId, durationMs }) => {
      if (requestId === undefined) return true;
      const own = byId.get(requestId);
      const areAll = own?.durationMs === durationMs && lengths.get(`${requestId} ${durationMs}`)!.length === own?.count;
      return areAll && !goOn.has(requestId);
    });
    const areAll = !isCut || rows.length < rowsMax || rowsMax === asked.rowsMax;
    if (first !== undefined || areAll) return (first ?? rows[0]!).instant;
  }
}

/** A request, by the line of the program that it came to first. */
interface Request extends RequestRow {
  readonly failed: boolean;
}

/** @param rows  the newest first */
function requestsOf(rows: readonly RequestRow[]): Request[] {
  const alone = rows.filter(({ requestId }) => requestId === undefined);
  const byId = Map.groupBy(
    rows.filter(({ requestId }) => requestId !== undefined),
    ({ requestId }) => requestId,
  );
  const groups = [...alone.map((row) => [row]), ...byId.values()];
  return groups
    .map((own) => {
      const outermost = outermostOf(own.toReversed())!;
      return { ...outermost, failed: saysFailed(outermost) };
    })
    .toSorted((a, b) => (a.instant < b.instant ? 1 : a.instant > b.instant ? -1 : 0));
}

function totalOf(requests: readonly UserHead[]): Pick<UserTotal, 'requests' | 'failed' | 'p50_ms' | 'p95_ms'> {
  const took = requests.flatMap(({ durationMs }) => durationMs ?? []).toSorted((a, b) => a - b);
  return {
    requests: requests.length,
    failed: requests.filter(({ failed }) => failed).length,
    p50_ms: quantile(took, 0.5),
    p95_ms: quantile(took, 0.95),
  };
}

function quantile(ascending: readonly number[], share: number): number | undefined {
  return ascending.length === 0 ? undefined : sixDecimals(quantileOf(ascending, share));
}

/**
 * Why requests failed, by their ids: the first line of each that is an error. Those whose own line says it are not looked
 * for.
 */
async function errorsOf(
  requests: readonly Request[],
  asked: RowSearch,
  visible: Predicate,
): Promise<ReadonlyMap<string, string>> {
  const unexplained = requests.filter(
    ({ failed, error, requestId }) => failed && error === undefined && requestId !== undefined,
  );
  const some = unexplained.slice(0, USER_FAILED_EXPLAINED_MAX);
  const errors = new Map<string, string>();
  if (some.length === 0) return errors;
  const range = { from: some.at(-1)!.instant - SPAN_NS, to: some[0]!.instant + SPAN_NS };
  const ids = some.map(({ requestId }) => requestId!);
  const where = normalised(allOf([visible.where, IS_ERROR]));
  const { rows } = await foundRows(asked, withIds({ ...range, where }, REQUEST_ID_NAMES, ids));
  for (const row of rows) {
    const { requestId } = row;
    if (requestId === undefined || !isError(row.level) || errors.has(requestId)) continue;
    const words = wordsOf(row, REQUEST_WORDS_CHARS_MAX);
    if (!isPlainRequest(words)) errors.set(requestId, words);
  }
  return errors;
}

/** Undefined for a message that says no more than that there was a request. */
function reasonIn(message: string | undefined): string | undefined {
  return message === undefined || isPlainRequest(message) ? undefined : message;
}

function shownOf(row: Request, errors: ReadonlyMap<string, string>): UserRequest {
  const { instant, method, path, status, durationMs, failed, error, message, requestId, labels } = row;
  const why = error ?? (requestId === undefined ? undefined : errors.get(requestId)) ?? reasonIn(message);
  return {
    time: formatInstant(instant),
    method,
    path,
    status: status === undefined ? undefined : Number(status),
    duration_ms: durationMs,
    failed,
    error: failed ? why : undefined,
    request_id: requestId,
    namespace: labels['namespace'],
    pod: labels['pod'],
  };
}

const IS_ERROR: Where = valueLeaf(
  LEVEL,
  ['error', 'fatal'].map((level) => ({ kind: 'equals', text: Buffer.from(level) })),
);
