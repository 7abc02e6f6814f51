/**
 * The task of a worker thread for live tails: opens new row groups once, evaluates every tail's predicate on them, and
 * returns the matches in the form of their sinks. Its memory is limited: it ends early, and returns where another task
 * must go on, when there is much text or when other tasks wait for the worker.
 */
import { deserialize, serialize } from 'node:v8';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { RENDER_ROWS_AT_FIRST, TAIL_PIECE_BYTES, TAIL_TEXT_BYTES_AT_ONCE } from '../../../limits.ts';
import { planForAll } from '../../../store/search-plan.ts';
import type { Predicate } from '../../../store/predicate.ts';
import type { RowGroupPlace, RowGroups } from '../scan/row-groups.ts';
import { type UnusableGroup, useOrList } from '../scan/unusable.ts';
import { scanGroup } from '../scan/scan.ts';
import { aloneInThread } from '../../../workers/task.ts';
import { lineBytesOf, openSinkGroup } from '../search/sink-group.ts';
import { doneCountOf, pieceIn, sinkRows } from '../search/sink-rows.ts';
import { type Piece, type Sink, sizeOfPiece } from '../../../store/sink.ts';

/** The query of some tails. */
export interface TailQuery<S extends Sink = Sink> {
  readonly predicate: Predicate;
  readonly sink: S;
}

/** All queries, encoded once in shared memory: they go with many tasks, and there may be hundreds. */
export interface TailQueries {
  /** Unique in the process: no two lists have the same version. */
  readonly version: number;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/**
 * Progress in the row groups: the next part begins at this row among those that this query matches in this row group.
 */
export interface TailCursor {
  readonly group: number;
  readonly query: number;
  readonly row: number;
}

export interface TailInput {
  /** In the order of arrival. */
  readonly places: readonly RowGroupPlace[];
  readonly queries: TailQueries;
  readonly from: TailCursor;
}

export interface TailOutput {
  /** pieces[i] is for queries[i]; those of one query are in the order of its lines. */
  readonly queries: Uint32Array;
  readonly pieces: readonly Piece[];
  /** Undefined when all is done. */
  readonly next: TailCursor | undefined;
  readonly unusable: readonly UnusableGroup[];
}

export const TAIL_START: TailCursor = { group: 0, query: 0, row: 0 };

export function encodeTailQueries(version: number, queries: readonly TailQuery[]): TailQueries {
  const encoded = serialize(queries);
  const bytes = new Uint8Array(new SharedArrayBuffer(encoded.length));
  bytes.set(encoded);
  return { version, bytes };
}

/** Caches the queries that it decoded last: they change seldom. */
export class TailTask {
  readonly #rowGroups: RowGroups;
  #version = -1;
  #queries: readonly TailQuery[] = [];

  constructor(rowGroups: RowGroups) {
    this.#rowGroups = rowGroups;
  }

  run({ places, queries: { version, bytes }, from }: TailInput, shouldYield = aloneInThread): TailOutput {
    if (version !== this.#version) {
      this.#queries = deserialize(Buffer.from(bytes)) as readonly TailQuery[];
      this.#version = version;
    }
    const pieces = new Pieces();
    const unusable: UnusableGroup[] = [];
    // The first part is always done; otherwise a task could end where it began.
    let parts = 0;
    const isFull = (): boolean => parts++ > 0 && (pieces.sizeBytes >= TAIL_TEXT_BYTES_AT_ONCE || shouldYield());
    let next: TailCursor | undefined;
    for (
      let at = from;
      next === undefined && at.group < places.length;
      at = { group: at.group + 1, query: 0, row: 0 }
    ) {
      const { group } = at;
      next = useOrList(unusable, group, () => this.#search(places[group]!, at, pieces, isFull));
    }
    return { ...pieces.finish(), next, unusable };
  }

  /** @returns where it has stopped; undefined when the row group is done */
  #search(place: RowGroupPlace, from: TailCursor, pieces: Pieces, isFull: () => boolean): TailCursor | undefined {
    const { group } = from;
    const opened = this.#rowGroups.open(place);
    for (let { query, row } = from; query < this.#queries.length; query++, row = 0) {
      if (isFull()) return { group, query, row };
      const stoppedAt = addMatches({ opened, place }, this.#queries[query]!, query, row, pieces, isFull);
      if (stoppedAt !== undefined) return { group, query, row: stoppedAt };
    }
    return undefined;
  }
}

/**
 * Adds the lines of a row group that one query matches, by time, from one of them on.
 * @returns where to go on, counted in matches; undefined when all are added
 */
function addMatches(
  { opened, place }: { readonly opened: RowGroup; readonly place: RowGroupPlace },
  { predicate, sink }: TailQuery,
  query: number,
  from: number,
  pieces: Pieces,
  isFull: () => boolean,
): number | undefined {
  const { rows, timesNs } = scanGroup(opened, place, planForAll(predicate));
  const { lineBytes, rowCount } = opened.info;
  const rowsAtOnce = Math.ceil(Math.min(RENDER_ROWS_AT_FIRST, TAIL_PIECE_BYTES / (lineBytes / rowCount + 1)));
  for (let row = from; row < rows.length;) {
    if (row > from && isFull()) return row;
    const part = rows.subarray(row, row + rowsAtOnce);
    const chosen = {
      groupOf: new Uint32Array(part.length),
      rows: part,
      timesNs: timesNs.subarray(row, row + rowsAtOnce),
    };
    const groups = [openSinkGroup(opened, place, chosen, lineBytesOf(sink, TAIL_PIECE_BYTES), sink)];
    const rendered = sinkRows(groups, chosen, sink);
    pieces.add(query, pieceIn(rendered));
    row += doneCountOf(rendered);
  }
  return undefined;
}

/** The output for each query, in pieces of a size that a stream can hold. */
class Pieces {
  readonly #queries: number[] = [];
  readonly #pieces: Piece[] = [];
  readonly #open = new Map<number, { parts: Uint8Array[]; sizeBytes: number }>();
  sizeBytes = 0;

  /** Texts are joined; a block is a piece of its own. */
  add(query: number, piece: Piece): void {
    const sizeBytes = sizeOfPiece(piece);
    this.sizeBytes += sizeBytes;
    if (!(piece instanceof Uint8Array)) return this.#push(query, piece);
    let open = this.#open.get(query);
    if (open === undefined) this.#open.set(query, (open = { parts: [], sizeBytes: 0 }));
    open.parts.push(piece);
    open.sizeBytes += sizeBytes;
    if (open.sizeBytes >= TAIL_PIECE_BYTES) this.#close(query, open.parts, open.sizeBytes);
  }

  finish(): Pick<TailOutput, 'queries' | 'pieces'> {
    for (const [query, { parts, sizeBytes }] of this.#open) this.#close(query, parts, sizeBytes);
    return { queries: Uint32Array.from(this.#queries), pieces: this.#pieces };
  }

  /** Each piece has memory of its own, so that it can be transferred to another thread. */
  #close(query: number, parts: readonly Uint8Array[], sizeBytes: number): void {
    const text = new Uint8Array(sizeBytes);
    let at = 0;
    for (const part of parts) {
      text.set(part, at);
      at += part.length;
    }
    this.#push(query, text);
    this.#open.delete(query);
  }

  #push(query: number, piece: Piece): void {
    this.#queries.push(query);
    this.#pieces.push(piece);
  }
}
