/** What has come in the last day, and what that makes of the store: from the row groups, without reading any. */
import type { Labels } from '../../../../shared/labels.ts';
import { instantOf, instantOfMs, MS_PER_DAY } from '../../../../shared/time.ts';
import type { Intake } from '../../../store/capacity.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';

type Counted = Pick<
  RowGroupRef,
  'baseDay' | 'minTimeNs' | 'maxTimeNs' | 'rowCount' | 'lineBytes' | 'sizeBytes' | 'streams'
>;

/**
 * Exact but for row groups that are only in part of the last day: their lines are taken to be spread evenly.
 * @param ageOf  how long lines of a stream are kept, in ms; the streams of a row group are taken to have equally many lines
 */
export function intakeOf(
  rowGroups: readonly Counted[],
  nowMs: number,
  ageOf: (labels: Labels) => number,
): { readonly intake: Intake; readonly levelBytes: number } {
  const to = instantOfMs(nowMs);
  const from = instantOfMs(nowMs - MS_PER_DAY);
  let oldest = to;
  let [rowCount, lineBytes, storedBytes, ageBytes] = [0, 0, 0, 0];
  for (const { baseDay, minTimeNs, maxTimeNs, streams, ...counts } of rowGroups) {
    const min = instantOf(baseDay, minTimeNs);
    const max = instantOf(baseDay, maxTimeNs);
    if (min < oldest) oldest = min;
    const share = shareWithin(min, max, from, to);
    if (share === 0) continue;
    rowCount += counts.rowCount * share;
    lineBytes += counts.lineBytes * share;
    storedBytes += counts.sizeBytes * share;
    const ages = streams.map((labels) => ageOf(labels));
    ageBytes += (counts.sizeBytes * share * ages.reduce((sum, ms) => sum + ms, 0)) / ages.length;
  }
  const days = Math.min(1, Number(to - oldest) / 1e6 / MS_PER_DAY);
  return {
    intake: {
      days,
      rowCount: Math.round(rowCount),
      lineBytes: Math.round(lineBytes),
      storedBytes: Math.round(storedBytes),
    },
    levelBytes: ageBytes === 0 ? 0 : ageBytes / (days * MS_PER_DAY),
  };
}

/** The share of a row group's time that is from `from` to `to`. */
function shareWithin(min: bigint, max: bigint, from: bigint, to: bigint): number {
  if (max < from || min > to) return 0;
  if (min >= from && max <= to) return 1;
  const first = min > from ? min : from;
  const last = max < to ? max : to;
  return Number(last - first + 1n) / Number(max - min + 1n);
}
