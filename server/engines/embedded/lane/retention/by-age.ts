/** Which segments are too old. A segment goes as a whole, when its newest line is older than the retention. */
import { instantOf, instantOfMs } from '../../../../../shared/time.ts';
import { segmentPath } from '../../core/filenames.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { LiveSegment } from '../../core/recover.ts';

const DAY_MS = 86_400_000;

/**
 * Paths of the segments without a line at or after `oldest`.
 * @param live  by path; a segment that is missing here could not be opened, and is as old as its day
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

/** Of the newest line; a segment that could not be opened is as old as its day. */
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
  return instantOfMs(Date.parse(day) + DAY_MS) - 1n;
}
