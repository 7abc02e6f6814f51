/** Plans retention, as pure functions: which segments are dropped, and which are rewritten without some streams. */
import type { Labels } from '../../../../../shared/labels.ts';
import { labelsDigest } from '../../../../../shared/labels-digest.ts';
import { instantOf, instantOfMs, MS_PER_DAY, timeNsFrom } from '../../../../../shared/time.ts';
import { RETENTION_OVERDUE_MS_MAX, RETENTION_REWRITE_SHARE_MIN } from '../../../../limits.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { LiveSegment } from '../../core/recover.ts';

export interface RulesPlan {
  /** All of their lines have expired. */
  readonly expired: readonly LiveSegment[];
  /** Enough of their lines have expired that rewriting pays. */
  readonly rewritten: readonly LiveSegment[];
}

/** @param ageOf  how long lines of a stream are kept, in ms */
export function planByRules(
  segments: readonly LiveSegment[],
  ageOf: (labels: Labels) => number,
  nowMs: number,
): RulesPlan {
  const expired: LiveSegment[] = [];
  const rewritten: LiveSegment[] = [];
  for (const segment of segments) {
    const { share, overdueMs } = expiryOf(segment, ageOf, nowMs);
    if (share === 1) expired.push(segment);
    else if (share >= RETENTION_REWRITE_SHARE_MIN || overdueMs >= RETENTION_OVERDUE_MS_MAX) rewritten.push(segment);
  }
  return { expired, rewritten };
}

/**
 * By labelsDigest: lines of the stream that are older than this, in ns from the start of the segment's day, have
 * expired.
 */
export function cutoffsOf(
  { rowGroups }: LiveSegment,
  ageOf: (labels: Labels) => number,
  nowMs: number,
): Map<string, number> {
  const cutoffs = new Map<string, number>();
  for (const { baseDay, streams } of rowGroups) {
    for (const labels of streams) {
      const ageMs = ageOf(labels);
      if (ageMs !== Infinity) cutoffs.set(labelsDigest(labels), timeNsFrom(baseDay, instantOfMs(nowMs - ageMs)));
    }
  }
  return cutoffs;
}

/**
 * Counts the streams of row groups whose lines have all expired there, and assumes equally many lines for each. A
 * rewrite removes these streams from the row groups, so it is never done twice for the same lines.
 */
function expiryOf(
  { rowGroups }: LiveSegment,
  ageOf: (labels: Labels) => number,
  nowMs: number,
): { share: number; overdueMs: number } {
  let rowCount = 0;
  let expiredRows = 0;
  let overdueMs = 0;
  let isAll = true;
  for (const rowGroup of rowGroups) {
    const newestMs = Number(instantOf(rowGroup.baseDay, rowGroup.maxTimeNs) / 1_000_000n);
    const pastMs = rowGroup.streams.map((labels) => nowMs - ageOf(labels) - newestMs).filter((ms) => ms > 0);
    if (pastMs.length < rowGroup.streams.length) isAll = false;
    rowCount += rowGroup.rowCount;
    expiredRows += (rowGroup.rowCount * pastMs.length) / rowGroup.streams.length;
    for (const ms of pastMs) overdueMs = Math.max(overdueMs, ms);
  }
  // Rounding must not make a segment count as expired that still has a line.
  return { share: isAll ? 1 : Math.min(expiredRows / rowCount, 0.99), overdueMs };
}

/** Returns the oldest of some files that must go so that all others together have at most `bytesMax`. */
export function oldestBeyond<T extends { readonly sizeBytes: number; readonly newest: bigint }>(
  files: readonly T[],
  totalBytes: number,
  bytesMax: number,
): T[] {
  const dropped: T[] = [];
  let leftBytes = totalBytes;
  for (const file of files.toSorted((a, b) => (a.newest < b.newest ? -1 : a.newest > b.newest ? 1 : 0))) {
    if (leftBytes <= bytesMax) break;
    dropped.push(file);
    leftBytes -= file.sizeBytes;
  }
  return dropped;
}

/** Returns the time of the newest line; for a segment that could not be opened, the end of its day. */
export function newestInstantOf({ day }: ManifestSegment, opened: LiveSegment | undefined): bigint {
  if (opened === undefined) return endOfDay(day);
  const { rowGroups } = opened;
  let newest: bigint | undefined;
  for (const { baseDay, maxTimeNs } of rowGroups) {
    const instant = instantOf(baseDay, maxTimeNs);
    if (newest === undefined || instant > newest) newest = instant;
  }
  return newest ?? endOfDay(day);
}

function endOfDay(day: string): bigint {
  return instantOfMs(Date.parse(day) + MS_PER_DAY) - 1n;
}
