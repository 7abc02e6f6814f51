/**
 * The task of a worker thread in a search: finds the rows of row groups that match a plan and returns their times,
 * which suffice to choose among them. Their other columns are read only for the chosen ones.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { sortByTime } from '../../../../shared/row-group/sort.ts';
import { type ArrivalOrigin, arrivalOf } from '../../../../shared/row-group/ties.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { aloneInThread } from '../../../workers/task.ts';
import { type Cursor, streamRank } from '../../../store/cursor.ts';
import type { Plan } from '../../../store/search-plan.ts';
import { fewRows } from './few-places.ts';
import { countMarked } from './masks.ts';
import { matchMask, rowsIn } from './match-rows.ts';
import { nthLargest } from './nth-largest.ts';
import { lacksArrays, type RowGroupPlace, type RowGroups } from './row-groups.ts';
import { type UnusableGroup, useOrList } from './unusable.ts';

export interface ScanInput {
  readonly places: readonly RowGroupPlace[];
  readonly plan: Plan;
}

/** Rows of one row group: at most plan.limit, the best in plan.direction, best first. */
export interface ScannedRows {
  readonly rows: Uint32Array;
  /** ns from the start of the row group's base day. */
  readonly timesNs: Float64Array;
  /** Indexes into the row group's streams; undefined when it has only one. */
  readonly streams: Uint16Array | undefined;
  /** Undefined when the row group stores none: see arrivalOf. */
  readonly arrivals: Float64Array | undefined;
  /** Number of rows that match, including those beyond the plan's limit. */
  readonly matchedCount: number;
}

export interface ScanOutput {
  /** One for each place, or for the first of them, at least one: another task is to do the rest. */
  readonly scanned: readonly ScannedRows[];
  /** They have no rows. */
  readonly unusable: readonly UnusableGroup[];
}

const NO_ROWS: ScannedRows = {
  rows: new Uint32Array(0),
  timesNs: new Float64Array(0),
  streams: undefined,
  arrivals: undefined,
  matchedCount: 0,
};

/** Returns the memory to be transferred. Row groups without matches share theirs. */
export function buffersOfRows({ rows, timesNs, streams, arrivals }: ScannedRows): ArrayBuffer[] {
  if (rows.length === 0) return [];
  const arrays = [rows, timesNs, streams, arrivals].filter((array) => array !== undefined);
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** Ends early when others wait for the worker. */
export function scan(
  { places, plan }: ScanInput,
  rowGroups: Pick<RowGroups, 'visit'>,
  shouldYield = aloneInThread,
): ScanOutput {
  const scanned: ScannedRows[] = [];
  const unusable: UnusableGroup[] = [];
  for (const [group, place] of places.entries()) {
    scanned.push(useOrList(unusable, group, () => scanPlace(place, plan, rowGroups)) ?? NO_ROWS);
    if (shouldYield()) break;
  }
  return { scanned, unusable };
}

function scanPlace(place: RowGroupPlace, plan: Plan, rowGroups: Pick<RowGroups, 'visit'>): ScannedRows {
  return rowGroups.visit(place, (group) => (lacksArrays(group, place) ? NO_ROWS : scanGroup(group, place, plan)));
}

/**
 * Returns the rows of one row group that match a plan.
 * @throws CorruptionError
 */
export function scanGroup(group: RowGroup, origin: ArrivalOrigin, plan: Plan): ScannedRows {
  const few = plan.where.kind === 'all' ? fewRows(group, plan) : undefined;
  if (few !== undefined) return scanRows(group, origin, plan, few);
  const mask = matchMask(group, plan);
  const matchedCount = mask === 'all' ? group.info.rowCount : countMarked(mask);
  // Without matches, not even the times are read.
  if (matchedCount === 0) return NO_ROWS;
  const isMany = matchedCount * FEW_FACTOR > group.info.rowCount && plan.limit * FEW_FACTOR <= matchedCount;
  const rows = isMany ? firstByTime(group, mask, matchedCount, plan) : rowsIn(mask, matchedCount);
  const found = new FoundRows(group, origin, rows);
  return { ...found.at(bestOf(found, plan)), matchedCount };
}

function scanRows(group: RowGroup, origin: ArrivalOrigin, plan: Plan, rows: Uint32Array): ScannedRows {
  if (rows.length === 0) return NO_ROWS;
  const found = new FoundRows(group, origin, rows);
  return { ...found.at(bestOf(found, plan)), matchedCount: rows.length };
}

/** If there are this many times as many rows as are wanted, the wanted ones are picked out before they are sorted. */
const FEW_FACTOR = 16;

/** Grows with the largest row group. */
let keysMemory = new Float64Array(0);

/**
 * Returns the rows, ascending, whose times are among the first plan.limit ones after the time of the plan's cursor, and all
 * rows at that time, which the cursor may be before or after.
 */
function firstByTime(
  group: RowGroup,
  mask: Uint8Array | 'all',
  count: number,
  { direction, limit, after, upTo }: Plan,
): Uint32Array {
  const timesNs = group.timesNs();
  const { length } = timesNs;
  const isForward = direction === 'forward';
  // The first row has the largest key.
  const sign = isForward ? -1 : 1;
  const cursor = after ?? (isForward ? undefined : upTo);
  const cursorKey =
    cursor === undefined ? Infinity : sign * ((cursor.day - group.info.baseDay) * NS_PER_DAY + cursor.timeNs);
  if (keysMemory.length < count) keysMemory = new Float64Array(length);
  const keys = keysMemory.subarray(0, count);
  let at = 0;
  for (let i = 0; i < length; i++) {
    // Rows of a stream ascend: taken in this order, the largest keys come early.
    const row = isForward ? i : length - 1 - i;
    if (mask !== 'all' && mask[row] === 0) continue;
    const key = sign * timesNs[row]!;
    keys[at++] = key < cursorKey ? key : -Infinity;
  }
  const least = nthLargest(keys, limit);
  const rows: number[] = [];
  for (let row = 0; row < length; row++) {
    if (mask !== 'all' && mask[row] === 0) continue;
    const key = sign * timesNs[row]!;
    if ((key >= least && key < cursorKey) || key === cursorKey) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/**
 * Returns the indices of the first plan.limit rows after plan.after, in plan.direction. Backward they may begin with the row
 * of this cursor, as its arrival here may be a lower bound: only among all row groups is it known (see `isRowOf`).
 */
function bestOf(found: FoundRows, { direction, limit, after, upTo }: Plan): Uint32Array {
  const sorted = found.inOrder();
  if (direction === 'forward') {
    const start = after === undefined ? 0 : countWhile(sorted, (i) => found.compare(i, after) <= 0);
    return sorted.slice(start, start + limit);
  }
  const last = after ?? upTo;
  const end = last === undefined ? sorted.length : countWhile(sorted, (i) => found.compare(i, last) <= 0);
  return sorted.slice(Math.max(0, end - limit), end).toReversed();
}

/**
 * Whether the first row that a search backward finds is that of the cursor after which it begins, and so is not part of its
 * answer.
 */
export function isRowOf(cursor: Cursor, { after, direction }: Plan): boolean {
  if (after === undefined || direction === 'forward') return false;
  return cursor.day === after.day && cursor.timeNs === after.timeNs && cursor.stream === after.stream;
}

/** Returns how many of the first values have a property that no value after them has. */
function countWhile(values: Uint32Array, has: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (has(values[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Some rows of a row group, and what orders them. */
class FoundRows {
  readonly #group: RowGroup;
  readonly #origin: ArrivalOrigin;
  readonly #rows: Uint32Array;
  /** By index among the rows. */
  readonly timesNs: Float64Array;
  /** By index among the rows: of their streams; undefined when the group has only one. */
  readonly codes: Uint16Array | undefined;

  constructor(group: RowGroup, origin: ArrivalOrigin, rows: Uint32Array) {
    this.#group = group;
    this.#origin = origin;
    this.#rows = rows;
    this.timesNs = group.timesAt(rows);
    this.codes = group.info.streams.length === 1 ? undefined : group.streamCodesAt(rows);
  }

  arrivalAt(index: number): number {
    return arrivalOf(this.#group, this.#origin, this.#rows[index]!);
  }

  compare(index: number, { day, timeNs, stream, arrival }: Cursor): number {
    const distanceNs = this.timesNs[index]! - ((day - this.#group.info.baseDay) * NS_PER_DAY + timeNs);
    return distanceNs || this.#rankAt(index) - stream || this.arrivalAt(index) - arrival;
  }

  at(indices: Uint32Array): Omit<ScannedRows, 'matchedCount'> {
    const { timesNs, codes } = this;
    const count = indices.length;
    const hasArrivals = this.#origin.tiesFrom !== undefined && this.#group.ties() !== undefined;
    const rows = new Uint32Array(count);
    const times = new Float64Array(count);
    const streams = codes && new Uint16Array(count);
    const arrivals = hasArrivals ? new Float64Array(count) : undefined;
    for (let i = 0; i < count; i++) {
      const index = indices[i]!;
      const row = this.#rows[index]!;
      rows[i] = row;
      times[i] = timesNs[index]!;
      if (streams !== undefined) streams[i] = codes![index]!;
      if (arrivals !== undefined) arrivals[i] = this.arrivalAt(index);
    }
    return { rows, timesNs: times, streams, arrivals };
  }

  /** Returns the indices of the rows, by time, then stream, then arrival: rows of one stream are in the order of arrival. */
  inOrder(): Uint32Array {
    const { timesNs, codes } = this;
    const sorted = new Uint32Array(timesNs.length);
    for (let i = 0; i < sorted.length; i++) sorted[i] = i;
    sortByTime(sorted, timesNs, 0, sorted.length);
    if (codes === undefined) return sorted;
    for (let start = 0, i = 1; i <= sorted.length; i++) {
      if (timesNs[sorted[i]!] === timesNs[sorted[start]!]) continue;
      if (i - start > 1) sorted.subarray(start, i).sort((a, b) => this.#rankAt(a) - this.#rankAt(b) || a - b);
      start = i;
    }
    return sorted;
  }

  #rankAt(index: number): number {
    const code = this.codes === undefined ? 0 : this.codes[index]!;
    return streamRank(this.#group.info.streams[code]!);
  }
}
