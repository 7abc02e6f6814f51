/** A part of a walk (row-walk.ts): rows in the order of the answer, of several row groups. */
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { type Cursor, streamRank } from '../../../store/cursor.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { ScannedRows } from './scan.ts';

/** Rows in the order of the answer. */
export interface RowBatch {
  readonly groups: readonly RowGroupRef[];
  /** By row: index into `groups`, number in the row group, and ns from the start of its base day. */
  readonly groupOf: Uint32Array;
  readonly rows: Uint32Array;
  readonly timesNs: Float64Array;
  readonly cursorAt: (index: number) => Cursor;
}

/** Limits of a batch; a row always has room. */
export interface BatchLimits {
  readonly rows: number;
  /** Bytes of their lines, approximately. */
  readonly lineBytes: number;
}

/** Rows of a row group that a scan has found; row `at` is the next one. */
export interface Run {
  readonly group: RowGroupRef;
  found: ScannedRows;
  at: number;
  /** Whether the row group may have more rows after these. */
  isCut: boolean;
  /** The stream ranks of the row group. */
  ranks: Float64Array | undefined;
  /** Index in the batch that is being filled; −1 while it has no row there. */
  place: number;
}

/** Takes rows run by run, each of which is one or more rows of a row group. */
export class BatchBuilder {
  readonly #limits: BatchLimits;
  readonly #groups: RowGroupRef[] = [];
  readonly #ranks: Float64Array[] = [];
  readonly #groupOf: Uint32Array;
  readonly #rows: Uint32Array;
  readonly #timesNs: Float64Array;
  readonly #streams: Uint16Array;
  readonly #arrivals: Float64Array;
  #count = 0;
  #lineBytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#groupOf = new Uint32Array(limits.rows);
    this.#rows = new Uint32Array(limits.rows);
    this.#timesNs = new Float64Array(limits.rows);
    this.#streams = new Uint16Array(limits.rows);
    this.#arrivals = new Float64Array(limits.rows);
  }

  get isFull(): boolean {
    return this.#count === this.#limits.rows || this.#lineBytes >= this.#limits.lineBytes;
  }

  get hasRows(): boolean {
    return this.#count > 0;
  }

  get room(): number {
    return this.#limits.rows - this.#count;
  }

  /** Takes up to `count` of the next rows of a run. @returns how many */
  take(run: Run, count: number): number {
    const { group, found, at } = run;
    if (run.place < 0) {
      run.place = this.#groups.push(group) - 1;
      run.ranks ??= Float64Array.from(group.streams, streamRank);
      this.#ranks.push(run.ranks);
    }
    const bytesPerRow = group.lineBytes / group.rowCount + 1;
    const taken = Math.min(count, Math.max(1, Math.ceil((this.#limits.lineBytes - this.#lineBytes) / bytesPerRow)));
    const to = this.#count;
    this.#groupOf.fill(run.place, to, to + taken);
    this.#rows.set(found.rows.subarray(at, at + taken), to);
    this.#timesNs.set(found.timesNs.subarray(at, at + taken), to);
    if (found.streams !== undefined) this.#streams.set(found.streams.subarray(at, at + taken), to);
    if (found.arrivals !== undefined) this.#arrivals.set(found.arrivals.subarray(at, at + taken), to);
    else this.#arrivals.fill(-1, to, to + taken);
    this.#count += taken;
    this.#lineBytes += taken * bytesPerRow;
    run.at += taken;
    return taken;
  }

  /** Returns undefined when it has no rows. */
  finish(): RowBatch | undefined {
    if (this.#count === 0) return undefined;
    const count = this.#count;
    return {
      groups: this.#groups,
      groupOf: this.#groupOf.subarray(0, count),
      rows: this.#rows.subarray(0, count),
      timesNs: this.#timesNs.subarray(0, count),
      cursorAt: (index) => {
        const place = this.#groupOf[index]!;
        const arrival = this.#arrivals[index]!;
        return cursorAt(this.#groups[place]!, this.#ranks[place]!, {
          row: this.#rows[index]!,
          timeNs: this.#timesNs[index]!,
          stream: this.#streams[index]!,
          arrival: arrival < 0 ? undefined : arrival,
        });
      },
    };
  }
}

export function cursorOf(run: Run, at: number): Cursor {
  const { group, found } = run;
  const ranks = (run.ranks ??= Float64Array.from(group.streams, streamRank));
  return cursorAt(group, ranks, {
    row: found.rows[at]!,
    timeNs: found.timesNs[at]!,
    stream: found.streams === undefined ? 0 : found.streams[at]!,
    arrival: found.arrivals?.[at],
  });
}

interface FoundRow {
  readonly row: number;
  /** From the start of its row group's base day. */
  readonly timeNs: number;
  /** Index into the streams of its row group. */
  readonly stream: number;
  /** Undefined when the row group stores none. */
  readonly arrival: number | undefined;
}

function cursorAt(group: RowGroupRef, ranks: Float64Array, { row, timeNs, stream, arrival }: FoundRow): Cursor {
  const days = Math.floor(timeNs / NS_PER_DAY);
  return {
    day: group.baseDay + days,
    timeNs: timeNs - days * NS_PER_DAY,
    stream: ranks[stream]!,
    arrival: arrival ?? group.tiesFrom ?? group.order + row,
  };
}

export function withoutFirst({ groups, groupOf, rows, timesNs, cursorAt: at }: RowBatch): RowBatch {
  return {
    groups,
    groupOf: groupOf.subarray(1),
    rows: rows.subarray(1),
    timesNs: timesNs.subarray(1),
    cursorAt: (index) => at(index + 1),
  };
}
