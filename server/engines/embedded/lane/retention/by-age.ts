/**
 * Finds segments that are too old. A segment is dropped as a whole, when its newest line is older than the retention.
 */
import { instantOf, instantOfMs, MS_PER_DAY } from '../../../../../shared/time.ts';
import { segmentPath } from '../../core/filenames.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { LiveSegment } from '../../core/recover.ts';

/**
 * Returns the paths of the segments without a line at or after `oldest`.
 * @param live  by path; a segment that is missing here could not be opened, and counts as old as its day
 */
export function expiredSegments(
  segments: readonly ManifestSegment[],
  dataDir: string,
  live: ReadonlyMap<string, LiveSegment>,
  oldest: bigint,
): Set<string> {
  const expired = new Set<string>();
  for (const segment of segments) {
    const path = segmentPath(dataDir, segment.day, segment.sequence);
    if (newestInstantOf(segment, live.get(path)) < oldest) expired.add(path);
  }
  return expired;
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
