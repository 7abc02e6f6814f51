/**
 * The lines around one line, or around a time: `around=<cursor or time>&before=30s&after=10&context=app`. Filters of the
 * question are ignored, so that what they hide is seen, but not what the caller may see.
 */
import { parseDurationMs } from '../../shared/duration.ts';
import { ParameterError, PodlogError, QueryTooLargeError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { instantOf, instantOfMs } from '../../shared/time.ts';
import { AROUND_LINES_DEFAULT, AROUND_LINES_MAX } from '../limits.ts';
import { type Cursor, parseCursor, streamRank } from '../store/cursor.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, normalised, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { labelsAt } from '../store/row-block.ts';
import type { Plan } from '../store/search-plan.ts';
import { JSON_LINE_END, type RowsSink, type TextSink } from '../store/sink.ts';
import { parseForm } from './answer-form.ts';
import {
  type AuthorizedQuery,
  LOGS_NAMES,
  oneOf,
  parseFilters,
  parseInstantParameter,
  type QueryString,
  single,
} from './parameters.ts';
import { hasLabel, workloadOf } from './workload.ts';

const CONTEXTS = ['stream', 'app', 'namespace', 'all'] as const;
type Context = (typeof CONTEXTS)[number];

/** A number of lines, or a time, in milliseconds. */
type Extent = { readonly kind: 'lines'; readonly count: number } | { readonly kind: 'time'; readonly ms: number };

export interface AroundRequest {
  /** A line, or an instant. */
  readonly centre: Cursor | bigint;
  readonly before: Extent;
  readonly after: Extent;
  readonly context: Context;
  /** What the caller may see. */
  readonly visible: Where;
  readonly sink: TextSink;
}

const ROWS: RowsSink = { kind: 'rows', fields: [] };
/** Longer than any time, and without the signs of one. */
const CURSOR_LIKE = /^[\w-]{21,}=*$/;
/** Parameters of an answer with `around`, besides those of /logs. */
export const AROUND_NAMES: readonly string[] = ['around', 'before', 'after', 'context'];
/** Parameters that mean something else with `around`, or nothing. */
const EXCLUDED = ['limit', 'order', 'cursor', 'follow', 'per'];

/**
 * @param cursorKey  of the store
 * @throws ParameterError
 */
export function parseAround(
  { query, namespaces }: AuthorizedQuery,
  nowMs: number,
  cursorKey: Uint8Array,
): AroundRequest {
  const text = single(query, 'around') ?? '';
  const excluded = EXCLUDED.find((name) => query[name] !== undefined);
  if (excluded !== undefined) {
    const allowed = `before, after, context and format with around; without around, ${excluded}`;
    throw new ParameterError(excluded, 'not with around', allowed, 'around=2026-11-23T20:11:03Z&before=30s&after=10');
  }
  const cursor = parseCursor(text, cursorKey);
  const context = oneOf(query, 'context', CONTEXTS, cursor === undefined ? 'all' : 'stream');
  if (cursor === undefined && context !== 'all') {
    const problem = `a time is not of one ${context === 'app' ? 'app' : context}`;
    throw new ParameterError('context', problem, 'all, or the cursor of a line as around', 'context=all');
  }
  // They are ignored, but what is wrong in them is said.
  parseFilters({ query, namespaces }, nowMs, [...LOGS_NAMES, ...AROUND_NAMES]);
  const visible = parseFilters({ query: {}, namespaces }, nowMs);
  return {
    centre: cursor ?? parseCentre(query, text, nowMs),
    before: parseExtent(query, 'before'),
    after: parseExtent(query, 'after'),
    context,
    visible: visible.where,
    sink: {
      ...parseForm(query, { plan: { ...visible, direction: 'forward', limit: 0 }, follow: false }, nowMs),
      cursorKey,
    },
  };
}

/** @throws ParameterError  it is neither a cursor of this server nor a time */
function parseCentre(query: QueryString, text: string, nowMs: number): bigint {
  try {
    return parseInstantParameter(query, 'around', nowMs);
  } catch (error) {
    if (!CURSOR_LIKE.test(text)) throw error;
    const allowed = 'the cursor of a line, unchanged, or a time';
    throw new ParameterError(
      'around',
      `"${text}" is not a cursor of this server`,
      allowed,
      'around=2026-11-23T20:11:03Z',
    );
  }
}

function parseExtent(query: QueryString, name: 'before' | 'after'): Extent {
  const text = single(query, name);
  if (text === undefined) return { kind: 'lines', count: AROUND_LINES_DEFAULT };
  if (/^\d{1,9}$/.test(text) && Number(text) <= AROUND_LINES_MAX) return { kind: 'lines', count: Number(text) };
  const ms = /^\d+$/.test(text) ? undefined : parseDurationMs(text);
  if (ms !== undefined && ms > 0) return { kind: 'time', ms };
  const allowed = `a number of lines, up to ${AROUND_LINES_MAX}, or a duration`;
  throw new ParameterError(name, `"${text}" is neither a number of lines nor a duration`, allowed, `${name}=30s`);
}

/**
 * Yields the lines oldest first. That of the cursor, or the first one from the time on, is marked in objects.
 * @throws PodlogError  the line is not stored any more, or the caller may not see it
 * @throws QueryTooLargeError
 */
export async function* searchAround(
  view: LogView,
  query: Query,
  { centre, before, after, context, visible, sink }: AroundRequest,
): AsyncGenerator<Uint8Array> {
  const where = typeof centre === 'bigint' ? visible : await contextOf(view, query, { centre, context, visible });
  const instant = typeof centre === 'bigint' ? centre : instantOf(centre.day, centre.timeNs);
  const plan: Plan = { from: undefined, to: undefined, where, direction: 'forward', limit: 0 };
  const isLine = typeof centre !== 'bigint';
  const own = isLine ? 1 : 0;
  const earlier = await earlierLines(view, query, {
    ...plan,
    direction: 'backward',
    limit: own + (before.kind === 'lines' ? before.count : AROUND_LINES_MAX + 1),
    from: before.kind === 'lines' ? undefined : instant - instantOfMs(before.ms),
    ...(isLine ? { upTo: centre } : { to: centre }),
  });
  const others = Math.max(0, earlier.count - own);
  if (before.kind === 'time') assertFew('before', others);
  const later = after.kind === 'lines' ? after.count : AROUND_LINES_MAX;
  if (earlier.count + later === 0) return;
  const found = view.search(
    {
      ...plan,
      limit: earlier.count + later,
      to: after.kind === 'lines' ? undefined : instant + instantOfMs(after.ms) + 1n,
      ...(earlier.first === undefined ? { from: instant } : { after: justBefore(earlier.first) }),
    },
    sink,
    query,
  );
  const { format } = sink;
  const marked = format === 'ndjson' || format === 'json' ? markedAt(found, others, format) : found;
  for await (const piece of marked) {
    if (after.kind === 'time' && query.page.hasMore) assertFew('after', AROUND_LINES_MAX + 1);
    yield piece;
  }
}

interface Centre {
  readonly centre: Cursor;
  readonly context: Context;
  readonly visible: Where;
}

/** The condition that the lines of the context satisfy. */
async function contextOf(view: LogView, query: Query, { centre, context, visible }: Centre): Promise<Where> {
  const instant = instantOf(centre.day, centre.timeNs);
  const plan: Plan = {
    from: instant,
    to: instant + 1n,
    where: visible,
    direction: 'backward',
    limit: 1,
    // All lines of its stream at this instant.
    upTo: { ...centre, arrival: Number.MAX_SAFE_INTEGER },
  };
  let labels: Labels | undefined;
  for await (const block of view.search(plan, ROWS, query)) labels = labelsAt(block, 0);
  if (labels === undefined || streamRank(labels) !== centre.stream) {
    const message =
      'around: the line of this cursor is not stored any more; allowed: a cursor of a stored line, or a time';
    throw new PodlogError('PODLOG_NO_LINE', 404, message);
  }
  const { namespace } = labels;
  switch (context) {
    case 'all':
      return visible;
    case 'namespace':
      return normalised(allOf([visible, ...(namespace === undefined ? [] : [hasLabel('namespace', namespace)])]));
    case 'app':
      return normalised(allOf([visible, workloadOf(labels) ?? streamOf(labels)]));
    case 'stream':
      return normalised(allOf([visible, streamOf(labels)]));
  }
}

function streamOf(labels: Labels): Where {
  return allOf(Object.entries(labels).map(([name, value]) => hasLabel(name, value)));
}

/** How many lines a search backward finds, and the oldest of them. */
async function earlierLines(
  view: LogView,
  query: Query,
  plan: Plan,
): Promise<{ readonly count: number; readonly first: Cursor | undefined }> {
  if (plan.limit === 0) return { count: 0, first: undefined };
  let count = 0;
  for await (const block of view.search(plan, ROWS, query)) count += block.rowCount;
  return { count, first: count === 0 ? undefined : query.page.last };
}

/** A search after it begins with the line. */
function justBefore(cursor: Cursor): Cursor {
  return { ...cursor, arrival: cursor.arrival - 1 };
}

function assertFew(parameter: string, count: number): void {
  if (count <= AROUND_LINES_MAX) return;
  throw new QueryTooLargeError(
    `${parameter}: more than ${AROUND_LINES_MAX} lines; allowed: a shorter duration, or since and until`,
  );
}

const MARK = Buffer.from('"around":true,');

/** Marks one object, the one with this index. */
async function* markedAt(
  pieces: AsyncIterable<Uint8Array>,
  index: number,
  format: 'ndjson' | 'json',
): AsyncGenerator<Uint8Array> {
  const lineEnd = Buffer.from(format === 'json' ? JSON_LINE_END : '\n');
  let left = index;
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    for (; left > 0 && at < bytes.length; left--) at = bytes.indexOf(lineEnd, at) + lineEnd.length;
    if (left === 0 && at < bytes.length) {
      left = -1;
      yield Buffer.concat([bytes.subarray(0, at + 1), MARK, bytes.subarray(at + 1)]);
    } else yield piece;
  }
}
