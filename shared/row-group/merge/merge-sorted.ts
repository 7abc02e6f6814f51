/**
 * Merges inputs whose row groups already follow each other in time, such as segments, in memory that does not depend on
 * their size: of each input only the current row group is open, and it is released once its rows are written.
 *
 * Memory, at most: for one row group of each input, and those that ended within the output group under construction,
 * the encoded bytes, the system columns and, while it is written, one column, up to `openBytesMax`; decoded columns
 * that are kept, up to `decodedBytesMax`; and the output group, which the limits of a group in format.ts bound.
 *
 * Rows that are equal in stream and time keep the order of the inputs, and their order within each input.
 */
import { CorruptionError, MergeTooLargeError } from '../../errors.ts';
import { labelsDigest } from '../../labels-digest.ts';
import type { Labels } from '../../labels.ts';
import { NS_PER_DAY } from '../../time.ts';
import { DecodedBudget } from '../decoded-budget.ts';
import { LINE_BYTES_PER_GROUP, ROWS_PER_GROUP } from '../format.ts';
import { rankStreams } from './merge.ts';
import type { MergeOptions } from './merge.ts';
import { OutputGroup } from './merge-output.ts';
import { openSource } from './merge-source.ts';
import type { MergeSource } from './merge-source.ts';
import { RowGroup } from '../reader.ts';
import { sortByTime } from '../sort.ts';
import type { ArrivalOrigin } from '../ties.ts';

export interface SortedInput {
  /** All streams of its row groups. */
  readonly streams: readonly Labels[];
  /** Returns the next encoded row group; undefined after the last. */
  readonly next: () => Promise<Uint8Array | undefined>;
  /** One for each row group, in their order; by default, the result stores no ties. */
  readonly origins?: readonly ArrivalOrigin[];
}

export interface SortedMergeOptions extends MergeOptions {
  /** Decoded columns that are kept. Beyond: they are decoded again for each output group, which is slower. */
  readonly decodedBytesMax: number;
  /** Row groups of several inputs that are open at once, with one column of each decoded. Beyond: MergeTooLargeError. */
  readonly openBytesMax?: number;
}

/** The position in an input: row order[at] of its open group. */
interface Cursor {
  readonly input: number;
  readonly source: MergeSource;
  readonly origin: ArrivalOrigin | undefined;
  /** Memory of the group with one column decoded. */
  readonly sizeBytes: number;
  /** Releases the budget of the group's decoded columns. */
  readonly release: () => void;
  readonly timesNs: Float64Array;
  readonly streamCodes: Uint16Array;
  /** By stream code: place among all streams of the merge. */
  readonly ranks: Uint32Array;
  readonly kept: Uint8Array | undefined;
  /** The group's rows by time. */
  readonly order: Uint32Array;
  /** The source's number in the output group under construction. */
  number: number;
  at: number;
}

/**
 * @yields encoded row groups; none when no row is kept
 * @throws CorruptionError  an input is not sorted, or has rows of another day
 * @throws MergeTooLargeError  of several inputs
 */
export async function* mergeSorted(
  inputs: readonly SortedInput[],
  options: SortedMergeOptions,
): AsyncGenerator<Buffer, void> {
  const { day, level, rowsPerGroup = ROWS_PER_GROUP, lineBytesPerGroup = LINE_BYTES_PER_GROUP } = options;
  const { streams } = rankStreams(inputs.map((input) => input.streams));
  const rankOf = streamRanks(streams);
  const budget = new DecodedBudget(options.decodedBytesMax);
  // One input can always be merged: only its groups within the same output group are open.
  const openBytesMax = inputs.length === 1 ? Infinity : (options.openBytesMax ?? Infinity);
  let openBytes = 0;
  /** By input: the newest time so far. */
  const reachedNs = new Float64Array(inputs.length);
  const origins = inputs.map((input) => (input.origins ?? []).values());
  const open = async (input: number): Promise<Cursor | undefined> => {
    const progress = { rankOf, budget, afterNs: reachedNs[input]!, origins: origins[input]! };
    const cursor = await openNext(inputs, input, progress, options);
    if (cursor === undefined) return undefined;
    reachedNs[input] = cursor.source.group.info.maxTimeNs;
    openBytes += cursor.sizeBytes;
    if (openBytes > openBytesMax) {
      throw new MergeTooLargeError(`${inputs.length} inputs take more than ${openBytesMax} bytes of memory`);
    }
    return cursor;
  };
  const cursors: Cursor[] = [];
  for (const index of inputs.keys()) {
    const cursor = await open(index);
    if (cursor !== undefined) cursors.push(cursor);
  }
  const output = new OutputGroup({ rows: rowsPerGroup, lineBytes: lineBytesPerGroup }, streams);
  while (cursors.length > 0) {
    output.clear();
    for (const cursor of cursors) cursor.number = output.addSource(cursor.source, cursor.origin);
    const ended: Cursor[] = [];
    while (cursors.length > 0) {
      const at = firstOf(cursors, -1);
      const cursor = cursors[at]!;
      if (!takeUntil(cursor, cursors[firstOf(cursors, at)], output)) break;
      if (cursor.at < cursor.order.length) continue;
      ended.push(cursor);
      const next = await open(cursor.input);
      if (next === undefined) cursors.splice(at, 1);
      else {
        cursors[at] = next;
        next.number = output.addSource(next.source, next.origin);
      }
    }
    // There may be other rows after the last one that is kept.
    if (output.rowCount > 0) yield output.write(day, level);
    for (const { release, sizeBytes } of ended) {
      release();
      openBytes -= sizeBytes;
    }
  }
}

/** Returns the index of the cursor whose row comes first, without `except`; −1 when there is no other. */
function firstOf(cursors: readonly Cursor[], except: number): number {
  let best = -1;
  for (let i = 0; i < cursors.length; i++) {
    if (i !== except && (best < 0 || isBefore(cursors[i]!, cursors[best]!))) best = i;
  }
  return best;
}

function isBefore(a: Cursor, b: Cursor): boolean {
  const byTime = timeOf(a) - timeOf(b);
  return byTime === 0 ? a.input < b.input : byTime < 0;
}

function timeOf({ timesNs, order, at }: Cursor): number {
  return timesNs[order[at]!]!;
}

/**
 * Moves rows to the output until the rival's row comes first, or the group ends.
 * @returns false when the output is full
 */
function takeUntil(cursor: Cursor, rival: Cursor | undefined, output: OutputGroup): boolean {
  const { number, timesNs, streamCodes, ranks, kept, order } = cursor;
  const rivalTimeNs = rival === undefined ? Infinity : timeOf(rival);
  const winsTies = rival === undefined || cursor.input < rival.input;
  for (let at = cursor.at; at < order.length; at++) {
    const row = order[at]!;
    const timeNs = timesNs[row]!;
    const isFirst = timeNs < rivalTimeNs || (timeNs === rivalTimeNs && winsTies);
    const isLeftOut = kept !== undefined && kept[row] === 0;
    if (!isFirst || (!isLeftOut && !output.add(number, row, ranks[streamCodes[row]!]!, timeNs))) {
      cursor.at = at;
      return !isFirst;
    }
  }
  cursor.at = order.length;
  return true;
}

interface OpenOptions {
  readonly rankOf: (streams: readonly Labels[]) => Uint32Array;
  readonly budget: DecodedBudget;
  /** No row of the group may be older. */
  readonly afterNs: number;
  /** Origins of the groups that are left. */
  readonly origins: Iterator<ArrivalOrigin>;
}

/** Returns the first row of the input's next group that has one to keep; undefined at its end. */
async function openNext(
  inputs: readonly SortedInput[],
  input: number,
  { rankOf, budget, afterNs, origins }: OpenOptions,
  { day, keep }: MergeOptions,
): Promise<Cursor | undefined> {
  for (let reachedNs = afterNs; ;) {
    const bytes = await inputs[input]!.next();
    if (bytes === undefined) return undefined;
    const next = origins.next();
    const origin = next.done === true ? undefined : next.value;
    const { cache, release } = budget.open();
    const group = new RowGroup(bytes, cache);
    const { baseDay, minTimeNs, maxTimeNs } = group.info;
    if (baseDay !== day) throw new CorruptionError('a row group of another day than its segment');
    if (minTimeNs < reachedNs) throw new CorruptionError('a row group that begins before the previous one ends');
    reachedNs = maxTimeNs;
    const timesNs = group.timesNs();
    const streamCodes = group.streamCodes();
    const ranks = rankOf(group.info.streams);
    expectSorted(timesNs, streamCodes, ranks);
    const kept = keep?.(group, input);
    if (kept === undefined || kept.includes(1)) {
      const order = rowsByTime(timesNs);
      const source = openSource(group);
      const sizeBytes = group.decodedSize().leastBytes;
      return { input, source, origin, sizeBytes, release, timesNs, streamCodes, ranks, kept, order, number: -1, at: 0 };
    }
    release();
  }
}

function rowsByTime(timesNs: Float64Array): Uint32Array {
  const order = new Uint32Array(timesNs.length);
  for (let row = 0; row < order.length; row++) order[row] = row;
  sortByTime(order, timesNs, 0, order.length);
  return order;
}

function expectSorted(timesNs: Float64Array, streamCodes: Uint16Array, ranks: Uint32Array): void {
  let lastRank = -1;
  let lastTimeNs = 0;
  for (let row = 0; row < timesNs.length; row++) {
    const rank = ranks[streamCodes[row]!]!;
    const timeNs = timesNs[row]!;
    if (rank < lastRank || (rank === lastRank && timeNs < lastTimeNs) || timeNs < 0 || timeNs >= NS_PER_DAY) {
      throw new CorruptionError(`row ${row} of a row group is not where it should be`);
    }
    lastRank = rank;
    lastTimeNs = timeNs;
  }
}

/** Returns a function: streams of a row group → their places among all streams. */
function streamRanks(streams: readonly Labels[]): (of: readonly Labels[]) => Uint32Array {
  const rankOf = new Map(streams.map((labels, rank) => [labelsDigest(labels), rank]));
  return (of) =>
    Uint32Array.from(of, (labels) => {
      const rank = rankOf.get(labelsDigest(labels));
      if (rank === undefined) throw new CorruptionError('a row group has a stream that its segment does not name');
      return rank;
    });
}
