/** Finds the streams of a row group that have rows in a time range, where the row group reaches beyond it. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../shared/time.ts';
import { aloneInThread } from '../../../workers/task.ts';
import type { TimeRange } from '../../../store/predicate.ts';
import { timesOf } from './evaluate.ts';
import type { RowGroupPlace, RowGroups } from './row-groups.ts';
import { type UnusableGroup, useOrList } from './unusable.ts';

export interface StreamsInput {
  readonly places: readonly RowGroupPlace[];
  readonly range: TimeRange;
}

export interface StreamsOutput {
  /**
   * By place: indices into the row group's streams. Only for the first places, at least one, when other tasks wait for
   * the worker.
   */
  readonly streams: readonly (readonly number[])[];
  readonly unusable: readonly UnusableGroup[];
}

/** The task of a worker thread. */
export function streamsInRange(
  { places, range }: StreamsInput,
  rowGroups: RowGroups,
  shouldYield: () => boolean = aloneInThread,
): StreamsOutput {
  const unusable: UnusableGroup[] = [];
  const streams: number[][] = [];
  for (const [group, place] of places.entries()) {
    if (group > 0 && shouldYield()) break;
    streams.push(useOrList(unusable, group, () => streamsOf(rowGroups.open(place), range)) ?? []);
  }
  return { streams, unusable };
}

function streamsOf(group: RowGroup, range: TimeRange): number[] {
  const { streams } = group.info;
  const timesNs = group.timesNs();
  const codes = group.streamCodes();
  const [first, end] = timesOf(group, range);
  const isFound = new Uint8Array(streams.length);
  for (let row = 0; row < timesNs.length; row++) {
    if (timesNs[row]! >= first && timesNs[row]! < end) isFound[codes[row]!] = 1;
  }
  return [...isFound.keys()].filter((stream) => isFound[stream] === 1);
}

/** Whether all rows of a row group lie in a range. */
export function isWithin(
  { baseDay, minTimeNs, maxTimeNs }: { baseDay: number; minTimeNs: number; maxTimeNs: number },
  { from, to }: StreamsInput['range'],
): boolean {
  const isAfterStart = from === undefined || instantOf(baseDay, minTimeNs) >= from;
  return isAfterStart && (to === undefined || instantOf(baseDay, maxTimeNs) < to);
}
