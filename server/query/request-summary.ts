/**
 * A request as a whole, from its lines: when it began, how long it took, what was asked and how it ended, where it failed
 * first and what took longest. Nothing is guessed: each statement is that of a line, or of the times between lines.
 */
import type { Labels } from '../../shared/labels.ts';
import { formatInstant, NS_PER_MS } from '../../shared/time.ts';
import { REQUEST_WORDS_CHARS_MAX } from '../limits.ts';
import { flagNames } from '../store/row-block.ts';
import { isError, outermostOf, type RequestRow, saysFailed, startOf, wordsOf } from './request-rows.ts';

export interface RequestSummary {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly failed: boolean;
  readonly start: string;
  readonly end: string;
  readonly duration_ms: number;
  readonly user_id?: string | undefined;
  readonly pods: readonly PodShare[];
  readonly first_error?: Pointed | undefined;
  readonly slowest?: Slowest | undefined;
  readonly longest_gap?: Slowest | undefined;
}

/** Lines of one container, or of a stream that has no pod. */
export interface PodShare {
  readonly labels: Labels;
  readonly lines: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

/** A line of the answer. */
interface Pointed {
  /** Its index; undefined where the answer was cut before it. */
  readonly line?: number | undefined;
  readonly offset_ms: number;
  readonly pod?: string | undefined;
  readonly level?: string | undefined;
  readonly message: string;
}

/** What took longest: what a line reports, or a time without a line of any pod. */
export interface Slowest extends Pointed {
  readonly kind: 'step' | 'gap';
  readonly ms: number;
}

export interface RequestLine {
  /** From the start of the request. */
  readonly offset_ms: number;
  /** Since the line before it, or since the start. */
  readonly gap_ms: number;
  readonly duration_ms?: number | undefined;
  readonly time: string;
  readonly level?: string | undefined;
  readonly labels: Labels;
  readonly flags?: readonly string[] | undefined;
  readonly line: string;
}

/**
 * @param rows  in the order of time, at least one
 * @param shown  the first of them, which the answer has
 */
export function summaryOf(rows: readonly RequestRow[], shown: number): RequestSummary {
  const outermost = outermostOf(rows);
  const first = rows[0]!;
  const last = rows.at(-1)!;
  const start = startOfRequest(rows, outermost);
  const errorAt = rows.findIndex(({ level }) => isError(level));
  const failed = outermost === undefined ? errorAt >= 0 : saysFailed(outermost);
  const userId = outermost?.userId ?? rows.find((row) => row.userId !== undefined)?.userId;
  const pointed = (at: number): Pointed => pointedAt(rows[at]!, at < shown ? at : undefined, start);
  const gap = longestGap(rows, shown, start, pointed);
  return {
    method: outermost?.method,
    path: outermost?.path,
    status: outermost?.status === undefined ? undefined : Number(outermost.status),
    failed,
    start: formatInstant(start),
    end: formatInstant(last.instant),
    duration_ms: outermost?.durationMs ?? msBetween(first.instant, last.instant),
    user_id: userId,
    pods: podsOf(rows, start),
    first_error: errorAt < 0 ? undefined : pointed(errorAt),
    slowest: slowestStep(rows, outermost, pointed) ?? gap,
    longest_gap: gap,
  };
}

/** @param rows  in the order of time */
export function linesOf(rows: readonly RequestRow[], start: bigint): RequestLine[] {
  return rows.map((row, at) => ({
    offset_ms: msBetween(start, row.instant),
    gap_ms: msBetween(rows[at - 1]?.instant ?? start, row.instant),
    duration_ms: row.durationMs,
    time: formatInstant(row.instant),
    level: row.level,
    labels: row.labels,
    flags: row.flags === 0 ? undefined : flagNames(row.flags),
    line: row.line,
  }));
}

/** The first line may be later than the beginning of what the outermost reports. */
export function startOfRequest(rows: readonly RequestRow[], outermost = outermostOf(rows)): bigint {
  const first = rows[0]!.instant;
  const began = outermost === undefined ? first : startOf(outermost);
  return began < first ? began : first;
}

function podsOf(rows: readonly RequestRow[], start: bigint): PodShare[] {
  const byPod = Map.groupBy(rows, ({ labels }) => JSON.stringify(placeOf(labels)));
  return [...byPod.values()].map((own) => ({
    labels: placeOf(own[0]!.labels),
    lines: own.length,
    first_ms: msBetween(start, own[0]!.instant),
    last_ms: msBetween(start, own.at(-1)!.instant),
  }));
}

/** A container writes to two streams. */
function placeOf({ namespace, pod, container, ...others }: Labels): Labels {
  if (pod === undefined) return { ...(namespace !== undefined && { namespace }), ...others };
  return {
    ...(namespace !== undefined && { namespace }),
    pod,
    ...(container !== undefined && { container }),
  };
}

/** The longest of what lines report that contains no shorter one; but for what the outermost reports, which is the request. */
function slowestStep(
  rows: readonly RequestRow[],
  outermost: RequestRow | undefined,
  pointed: (at: number) => Pointed,
): Slowest | undefined {
  const steps = [...rows.entries()].filter(([, row]) => row !== outermost && (row.durationMs ?? 0) > 0);
  const innermost = steps.filter(([, row]) => !steps.some(([, other]) => contains(row, other)));
  const [longest] = innermost.toSorted(([, a], [, b]) => b.durationMs! - a.durationMs!);
  if (longest === undefined) return undefined;
  const [at, row] = longest;
  return { kind: 'step', ms: row.durationMs!, ...pointed(at) };
}

/** The longest time without a line, before the one that it points to. */
function longestGap(
  rows: readonly RequestRow[],
  shown: number,
  start: bigint,
  pointed: (at: number) => Pointed,
): Slowest | undefined {
  if (rows.length === 1) return undefined;
  // Where an answer is cut, unread lines are between its last one and the next.
  const gaps = rows.map((row, at) => (at === shown ? 0 : msBetween(rows[at - 1]?.instant ?? start, row.instant)));
  const ms = Math.max(...gaps);
  return ms > 0 ? { kind: 'gap', ms, ...pointed(gaps.indexOf(ms)) } : undefined;
}

/** Decided by its middle, because the clocks of nodes differ. */
function contains(outer: RequestRow, inner: RequestRow): boolean {
  if (inner === outer || inner.durationMs! >= outer.durationMs!) return false;
  const middle = inner.instant - BigInt(Math.round((inner.durationMs! * NS_PER_MS) / 2));
  return startOf(outer) <= middle && middle <= outer.instant;
}

function pointedAt(row: RequestRow, line: number | undefined, start: bigint): Pointed {
  return {
    line,
    offset_ms: msBetween(start, row.instant),
    pod: row.labels['pod'],
    level: row.level,
    message: wordsOf(row, REQUEST_WORDS_CHARS_MAX),
  };
}

function msBetween(from: bigint, to: bigint): number {
  return Number(to - from) / NS_PER_MS;
}
