/** Everything about one request: its lines of all pods, in the order of time, and what they say of it together. */
import { formatInstant, MS_PER_DAY } from '../../shared/time.ts';
import { REQUEST_ID_NAMES, TRACE_ID_NAMES } from '../../shared/request-names.ts';
import { REQUEST_BYTES_MAX, REQUEST_LAST_LINES_MAX } from '../limits.ts';
import type { LogView } from '../store/log-store.ts';
import { countLines } from './count-lines.ts';
import { anyOf, normalised, type Predicate } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { withId } from './request-rows.ts';
import { parseInstant } from './time-parameter.ts';
import { type FoundRows, foundRows } from './request-search.ts';
import { linesOf, type RequestLine, type RequestSummary, startOfRequest, summaryOf } from './request-summary.ts';

/** The kind of an id: those of requests are looked for first, and those of traces where no line has such a request. */
const KINDS = [
  { name: 'request_id', names: REQUEST_ID_NAMES },
  { name: 'trace_id', names: TRACE_ID_NAMES },
] as const;

export interface RequestQuestion {
  readonly id: string;
  /** Which lines are looked at. */
  readonly predicate: Predicate;
  readonly limit: number;
}

export type RequestAnswer = RequestSummary & {
  readonly id: string;
  readonly found_by: (typeof KINDS)[number]['name'];
  /** Lines of all pods, in the answer or not. */
  readonly line_count: number;
  readonly cut?: Cut | undefined;
  readonly lines: readonly RequestLine[];
};

/** Why the answer lacks lines. */
export interface Cut {
  readonly limit: number;
  readonly missing: number;
  readonly from: string;
}

/** Returns undefined where no line has the id. */
export async function requestOf(
  { id, predicate, limit }: RequestQuestion,
  view: LogView,
  query: Query,
): Promise<RequestAnswer | undefined> {
  using memory = query.budget.memory.share();
  for (const { name, names } of KINDS) {
    const searches = withId(predicate, names, id);
    const asked = { view, query, memory, bytesMax: REQUEST_BYTES_MAX };
    const found = await foundRows({ ...asked, direction: 'forward', rowsMax: limit }, searches);
    if (found.rows.length === 0) continue;
    if (!found.isCut) return answerOf(id, name, found, found.rows.length);
    // Its end says most about a request.
    const last = await foundRows({ ...asked, direction: 'backward', rowsMax: REQUEST_LAST_LINES_MAX }, searches);
    const { instant } = found.rows.at(-1)!;
    const later = last.rows.filter((row) => row.instant > instant).toReversed();
    const counts = await Promise.all(searches.map((each) => countLines(each, view, query)));
    return answerOf(id, name, { ...found, later }, counts[0]! + counts[1]!, limit);
  }
  return undefined;
}

function answerOf(
  id: string,
  foundBy: RequestAnswer['found_by'],
  { rows, later = [] }: Pick<FoundRows, 'rows'> & { readonly later?: FoundRows['rows'] },
  lineCount: number,
  limit?: number,
): RequestAnswer {
  const all = [...rows, ...later];
  return {
    id,
    found_by: foundBy,
    ...summaryOf(all, rows.length),
    line_count: lineCount,
    cut:
      limit === undefined
        ? undefined
        : { limit, missing: lineCount - rows.length, from: formatInstant(rows.at(-1)!.instant) },
    lines: linesOf(rows, startOfRequest(all)),
  };
}

/** Returns the lines of an answer as text, in its order. */
export async function readableLines(
  { id, predicate }: RequestQuestion,
  { found_by: foundBy, lines, pods }: RequestAnswer,
  nowMs: number,
  view: LogView,
  query: Query,
): Promise<string[]> {
  const { names } = KINDS.find(({ name }) => name === foundBy)!;
  const [first, last] = [lines[0]!, lines.at(-1)!].map(({ time }) => parseInstant('time', time, nowMs));
  const readable = {
    isColored: false,
    withNamespace: new Set(pods.map(({ labels }) => labels['namespace'])).size > 1,
    today: Math.floor(nowMs / MS_PER_DAY),
  };
  const where = normalised(anyOf(withId(predicate, names, id).map((search) => search.where)));
  const plan = { where, from: first, to: last! + 1n, direction: 'forward', limit: lines.length } as const;
  const text: Uint8Array[] = [];
  for await (const piece of view.search(plan, { kind: 'text', format: 'text', readable }, query)) text.push(piece);
  return Buffer.concat(text).toString().split('\n').slice(0, -1);
}

/** Returns the names under which a request is looked for. */
export function requestNames(): string[] {
  return KINDS.flatMap(({ names }) => names);
}
