/**
 * The best rows of a query so far, from many row groups: at most `limit` are kept, so an answer's cost is bounded. They
 * are numbers in arrays, thirty bytes a row, and become objects only when they are rendered, some at a time.
 */
import { instantOf, NS_PER_DAY } from '../../../../shared/time.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { type Cursor, streamRank } from '../../../store/cursor.ts';
import type { Direction } from '../../../store/search-plan.ts';
import type { ScannedRows } from './scan.ts';

/** A row that a search found, and where it is. */
export interface SelectedRow {
  readonly group: RowGroupRef;
  readonly row: number;
  /** UTC day and ns since its start: two numbers, because one float64 cannot hold both. */
  readonly day: number;
  readonly timeNs: number;
}

/** Rows in the order of an answer, of which some at a time are read. */
export interface SelectedRows {
  readonly length: number;
  cursorAt(index: number): Cursor;
  slice(start: number, end: number): readonly SelectedRow[];
}

const ROWS_AT_FIRST = 256;

export class TopRows implements SelectedRows {
  readonly #limit: number;
  readonly #compare: (a: number, b: number) => number;
  readonly #groups: RowGroupRef[] = [];
  /** By row: index into #groups. */
  #groupOf = new Uint32Array(ROWS_AT_FIRST);
  #rows = new Uint32Array(ROWS_AT_FIRST);
  #days = new Int32Array(ROWS_AT_FIRST);
  #timesNs = new Float64Array(ROWS_AT_FIRST);
  /** Indexes into the streams of its group. */
  #streams = new Uint16Array(ROWS_AT_FIRST);
  #arrivals = new Float64Array(ROWS_AT_FIRST);
  /** By group: ranks of its streams. */
  readonly #ranks: (Float64Array | undefined)[] = [];
  #count = 0;
  #sortedCount = 0;
  /** Where the runs begin, one for each row group that was added since; each is in the order of the answer already. */
  #runs: number[] = [0];

  constructor(direction: Direction, limit: number) {
    this.#limit = limit;
    const sign = direction === 'backward' ? -1 : 1;
    this.#compare = (a, b) => sign * this.#compareRows(a, b);
  }

  /** Number of rows after the last sort. */
  get length(): number {
    return this.#sortedCount;
  }

  slice(start: number, end: number): readonly SelectedRow[] {
    const rows: SelectedRow[] = [];
    for (let i = start; i < Math.min(end, this.#sortedCount); i++) {
      rows.push({
        group: this.#groups[this.#groupOf[i]!]!,
        row: this.#rows[i]!,
        day: this.#days[i]!,
        timeNs: this.#timesNs[i]!,
      });
    }
    return rows;
  }

  cursorAt(index: number): Cursor {
    return {
      day: this.#days[index]!,
      timeNs: this.#timesNs[index]!,
      stream: this.#rankOf(index),
      arrival: this.#arrivals[index]!,
    };
  }

  add(group: RowGroupRef, { rows, timesNs, streams, arrivals }: ScannedRows): void {
    if (rows.length === 0) return;
    const groupIndex = this.#groups.push(group) - 1;
    this.#reserve(rows.length);
    for (let i = 0, at = this.#count; i < rows.length; i++, at++) {
      const days = Math.floor(timesNs[i]! / NS_PER_DAY);
      this.#groupOf[at] = groupIndex;
      this.#rows[at] = rows[i]!;
      this.#days[at] = group.baseDay + days;
      this.#timesNs[at] = timesNs[i]! - days * NS_PER_DAY;
      this.#streams[at] = streams === undefined ? 0 : streams[i]!;
      this.#arrivals[at] = arrivals === undefined ? (group.tiesFrom ?? group.order + rows[i]!) : arrivals[i]!;
    }
    if (this.#count > 0) this.#runs.push(this.#count);
    this.#count += rows.length;
    if (this.#count > this.#sortedCount + this.#limit) this.#cut();
  }

  /** Time of the last row within the limit; undefined while there is room for any row. */
  worst(): bigint | undefined {
    if (this.#count < this.#limit) return undefined;
    this.#cut();
    const last = this.#count - 1;
    return last < 0 ? undefined : instantOf(this.#days[last]!, this.#timesNs[last]!);
  }

  /** Returns the rows, best first. */
  finish(): SelectedRows {
    this.#cut();
    return this;
  }

  #cut(): void {
    if (this.#count === this.#sortedCount) return;
    const order = this.#merged().subarray(0, this.#limit);
    this.#groupOf = gathered(this.#groupOf, order, new Uint32Array(order.length));
    this.#rows = gathered(this.#rows, order, new Uint32Array(order.length));
    this.#days = gathered(this.#days, order, new Int32Array(order.length));
    this.#timesNs = gathered(this.#timesNs, order, new Float64Array(order.length));
    this.#streams = gathered(this.#streams, order, new Uint16Array(order.length));
    this.#arrivals = gathered(this.#arrivals, order, new Float64Array(order.length));
    this.#count = order.length;
    this.#sortedCount = order.length;
    this.#runs = [0];
  }

  /**
   * Returns the indices of all rows, best first: runs are merged two by two, which takes a tenth of the time of sorting
   * them.
   */
  #merged(): Uint32Array {
    let from = new Uint32Array(this.#count);
    for (let i = 0; i < from.length; i++) from[i] = i;
    let to = new Uint32Array(this.#count);
    let starts = [...this.#runs, this.#count];
    while (starts.length > 2) {
      const merged: number[] = [];
      for (let run = 0; run + 1 < starts.length; run += 2) {
        const middle = starts[run + 1]!;
        this.#mergeRuns(from, to, starts[run]!, middle, starts[run + 2] ?? middle);
        merged.push(starts[run]!);
      }
      merged.push(this.#count);
      starts = merged;
      [from, to] = [to, from];
    }
    return from;
  }

  #mergeRuns(from: Uint32Array, to: Uint32Array, start: number, middle: number, end: number): void {
    let left = start;
    let right = middle;
    for (let at = start; at < end; at++) {
      const takesLeft = right >= end || (left < middle && this.#compare(from[left]!, from[right]!) <= 0);
      to[at] = from[takesLeft ? left++ : right++]!;
    }
  }

  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#rows.length) return;
    const capacity = Math.max(needed, this.#rows.length * 2);
    this.#groupOf = grown(this.#groupOf, new Uint32Array(capacity));
    this.#rows = grown(this.#rows, new Uint32Array(capacity));
    this.#days = grown(this.#days, new Int32Array(capacity));
    this.#timesNs = grown(this.#timesNs, new Float64Array(capacity));
    this.#streams = grown(this.#streams, new Uint16Array(capacity));
    this.#arrivals = grown(this.#arrivals, new Float64Array(capacity));
  }

  /** Compares as cursors are compared. */
  #compareRows(a: number, b: number): number {
    return (
      this.#days[a]! - this.#days[b]! ||
      this.#timesNs[a]! - this.#timesNs[b]! ||
      this.#rankOf(a) - this.#rankOf(b) ||
      this.#arrivals[a]! - this.#arrivals[b]! ||
      this.#groups[this.#groupOf[a]!]!.order - this.#groups[this.#groupOf[b]!]!.order ||
      this.#rows[a]! - this.#rows[b]!
    );
  }

  #rankOf(row: number): number {
    const group = this.#groupOf[row]!;
    const ranks = (this.#ranks[group] ??= ranksOf(this.#groups[group]!));
    return ranks[this.#streams[row]!]!;
  }
}

function ranksOf({ streams }: RowGroupRef): Float64Array {
  return Float64Array.from(streams, streamRank);
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

function gathered<T extends { [index: number]: number }>(from: T, order: Uint32Array, to: T): T {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]!]!;
  return to;
}
