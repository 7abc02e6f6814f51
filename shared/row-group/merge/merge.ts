/**
 * Merges row groups into row groups that follow each other in time, each sorted by (stream, time), without parsing a
 * line again: templates are matched by their bytes and columns moved value by value (merge-column.ts). For a flush,
 * whose groups are in order of arrival and all in memory; merge-sorted.ts merges sorted inputs.
 *
 * Rows that are equal in stream and time keep the order of their groups, and their order within each group.
 */
import type { Labels } from '../../labels.ts';
import { labelsKey } from '../../labels.ts';
import { labelsDigest } from '../../labels-digest.ts';
import { NS_PER_DAY } from '../../time.ts';
import { LINE_BYTES_PER_GROUP, ROWS_PER_GROUP } from '../format.ts';
import { OutputGroup } from './merge-output.ts';
import { openSource } from './merge-source.ts';
import type { RowGroup } from '../reader.ts';
import { sortByTime } from '../sort.ts';
import type { ArrivalOrigin } from '../ties.ts';

export interface MergeOptions {
  /** Only rows of this UTC day; it becomes the base day of the result. */
  readonly day: number;
  /** zstd level. */
  readonly level: number;
  /** Rows of each group except the last. */
  readonly rowsPerGroup?: number;
  /** Bytes of lines after which a group also ends. */
  readonly lineBytesPerGroup?: number;
  /** By row of a group, 1 for those that are merged and 0 for those that are left out; undefined takes all. */
  readonly keep?: (group: RowGroup, index: number) => Uint8Array | undefined;
}

export interface MergeGroupsOptions extends MergeOptions {
  /** One for each group; by default, the result stores no ties. */
  readonly origins?: readonly ArrivalOrigin[];
}

/** Returns the UTC days on which a group has rows, ascending. */
export function daysOf(group: RowGroup): number[] {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  const first = baseDay + Math.floor(minTimeNs / NS_PER_DAY);
  const last = baseDay + Math.floor(maxTimeNs / NS_PER_DAY);
  if (first === last) return [first];
  const days = new Set<number>();
  for (const timeNs of group.timesNs()) days.add(baseDay + Math.floor(timeNs / NS_PER_DAY));
  return [...days].toSorted((a, b) => a - b);
}

/**
 * @param groups  in order of arrival; their decoded columns stay in memory until the merge ends
 * @yields encoded row groups; none when no row of the day is kept
 */
export function* mergeRowGroups(groups: readonly RowGroup[], options: MergeGroupsOptions): Generator<Buffer> {
  const { day, level, origins = [], rowsPerGroup = ROWS_PER_GROUP, lineBytesPerGroup = LINE_BYTES_PER_GROUP } = options;
  const { order, groupOf, rowOf, streamOf, timesNs, streams } = sortedRows(groups, options);
  const sources = groups.map(openSource);
  const limits = { rows: Math.min(rowsPerGroup, order.length), lineBytes: lineBytesPerGroup };
  const output = new OutputGroup(limits, streams);
  for (let at = 0; at < order.length;) {
    output.clear();
    for (const [g, source] of sources.entries()) output.addSource(source, origins[g]);
    for (; at < order.length; at++) {
      const row = order[at]!;
      if (!output.add(groupOf[row]!, rowOf[row]!, streamOf[row]!, timesNs[row]!)) break;
    }
    yield output.write(day, level);
  }
}

/** All rows of the day, in order of arrival, and their order by time. */
interface SortedRows {
  /** Indexes into the arrays below, by time. */
  readonly order: Uint32Array;
  readonly groupOf: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly streamOf: Uint32Array;
  readonly timesNs: Float64Array;
  readonly streams: readonly Labels[];
}

function sortedRows(groups: readonly RowGroup[], { day, keep }: MergeOptions): SortedRows {
  const { streams, ranksOf } = rankStreams(groups.map(({ info }) => info.streams));
  const capacity = groups.reduce((sum, group) => sum + group.info.rowCount, 0);
  const groupOf = new Uint32Array(capacity);
  const rowOf = new Uint32Array(capacity);
  const streamOf = new Uint32Array(capacity);
  const timesNs = new Float64Array(capacity);
  let count = 0;
  for (const [g, group] of groups.entries()) {
    const shift = (group.info.baseDay - day) * NS_PER_DAY;
    const codes = group.streamCodes();
    const groupTimes = group.timesNs();
    const ranks = ranksOf[g]!;
    const kept = keep?.(group, g);
    for (let row = 0; row < groupTimes.length; row++) {
      const timeNs = groupTimes[row]! + shift;
      if (timeNs < 0 || timeNs >= NS_PER_DAY || kept?.[row] === 0) continue;
      groupOf[count] = g;
      rowOf[count] = row;
      streamOf[count] = ranks[codes[row]!]!;
      timesNs[count++] = timeNs;
    }
  }
  const order = new Uint32Array(count);
  for (let row = 0; row < count; row++) order[row] = row;
  sortByTime(order, timesNs, 0, count);
  return { order, groupOf, rowOf, streamOf, timesNs, streams };
}

/**
 * Returns the distinct streams of some lists in the order of their keys, which is the order of streams in a segment,
 * and for each list the rank of each of its streams.
 */
export function rankStreams(lists: readonly (readonly Labels[])[]): { streams: Labels[]; ranksOf: Uint32Array[] } {
  const byDigest = new Map<string, Labels>();
  const digestsOf = lists.map((list) =>
    list.map((labels) => {
      const digest = labelsDigest(labels);
      byDigest.set(digest, labels);
      return digest;
    }),
  );
  const sorted = [...byDigest]
    .map(([digest, labels]) => ({ digest, labels, key: labelsKey(labels) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const rankOf = new Map(sorted.map(({ digest }, rank) => [digest, rank]));
  const ranksOf = digestsOf.map((digests) => Uint32Array.from(digests, (digest) => rankOf.get(digest)!));
  return { streams: sorted.map(({ labels }) => labels), ranksOf };
}
