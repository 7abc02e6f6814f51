/**
 * All live tails of the server. New row groups are scanned once for all of them, and equal filters share the text: so a
 * tail costs this thread only the sending of its lines. Row groups that arrive while a scan runs are scanned together
 * by the next one, so that under load there are fewer and larger scans.
 */
import { serialize } from 'node:v8';
import { setImmediate } from 'node:timers/promises';
import { UnavailableError } from '../../../../shared/errors.ts';
import {
  RETRY_AFTER_TAILS_SECONDS,
  TAIL_GROUPS_WAITING_MAX,
  TAIL_HANDED_OVER_AT_ONCE,
  TAIL_ROWS_AT_ONCE,
  TAILS_TEXT_BYTES_MAX,
} from '../../../limits.ts';
import { placeOf } from '../scan/row-groups.ts';
import { type QuarantineRowGroup, quarantineAll } from '../scan/unusable.ts';
import type { AppendListener, Snapshot } from '../core/snapshot.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { type Piece, type PieceOf, type Sink, sizeOfPiece } from '../../../store/sink.ts';
import { LiveTail, type SharedPiece } from './live-tail.ts';
import {
  encodeTailQueries,
  TAIL_START,
  type TailCursor,
  type TailInput,
  type TailOutput,
  type TailQueries,
  type TailQuery,
} from './tail-task.ts';

export interface LiveTailsOptions {
  readonly source: {
    snapshot(): Snapshot;
    onAppend(listener: AppendListener): () => void;
  };
  /** Runs `TailTask.run`, in a worker or in this thread. */
  readonly scan: (input: TailInput) => Promise<TailOutput>;
  readonly quarantine: QuarantineRowGroup;
  /** TAILS_TEXT_BYTES_MAX by default. */
  readonly textBytesMax?: number;
}

/** Tails with equal queries. */
interface TailGroup {
  readonly query: TailQuery;
  readonly tails: Set<LiveTail>;
}

/** Row groups that arrived while the set of tails did not change. */
interface Round {
  readonly number: number;
  readonly rowGroups: RowGroupRef[];
  rowCount: number;
  readonly groups: readonly TailGroup[];
  readonly queries: TailQueries;
}

export class LiveTails {
  readonly #options: LiveTailsOptions;
  readonly #tails = new Set<LiveTail>();
  readonly #groups = new Map<string, TailGroup>();
  /** Queries of `#groups`; undefined when they have changed. */
  #queries: TailQueries | undefined;
  #version = 0;
  readonly #rounds: Round[] = [];
  #roundNumber = 0;
  #waitingCount = 0;
  /** By path: keep the files of waiting row groups readable. */
  readonly #held = new Map<string, Snapshot>();
  #unsubscribe: (() => void) | undefined;
  #textBytes = 0;
  #isScanning = false;
  /** No row group is added to it any more. */
  #scanned: Round | undefined;

  constructor(options: LiveTailsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#tails.size;
  }

  /** Number of row groups that wait to be searched. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Bytes in the queues of all clients. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /**
   * A tail receives the text of all lines that match and are stored from now on; `history` is what is stored already.
   * It must be left when it is no longer read.
   * @param onDropped  gets pieces for which its queue has no room; without it, the tail ends then
   */
  join<S extends Sink>(query: TailQuery<S>, onDropped?: (piece: PieceOf<S>) => void): LiveTail {
    const key = serialize(query).toString('latin1');
    let group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, (group = { query, tails: new Set() }));
      this.#queries = undefined;
    }
    // Row groups that wait to be scanned are part of this tail's history, so later ones belong to another round.
    this.#roundNumber++;
    const tail = new LiveTail({
      sinceRound: this.#roundNumber,
      history: this.#options.source.snapshot(),
      onHeld: ({ sizeBytes }) => (this.#textBytes += sizeBytes),
      onReleased: ({ sizeBytes }) => (this.#textBytes -= sizeBytes),
      onLeft: () => this.#leave(key, tail),
      // Pieces of a tail are in the form of its sink.
      onDropped: onDropped as ((piece: Piece) => void) | undefined,
    });
    group.tails.add(tail);
    this.#tails.add(tail);
    this.#unsubscribe ??= this.#options.source.onAppend((rowGroups) => this.#arrive(rowGroups));
    return tail;
  }

  #leave(key: string, tail: LiveTail): void {
    this.#tails.delete(tail);
    const group = this.#groups.get(key)!;
    group.tails.delete(tail);
    if (group.tails.size === 0) {
      this.#groups.delete(key);
      this.#queries = undefined;
    }
    if (this.#tails.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #arrive(rowGroups: readonly RowGroupRef[]): void {
    for (const rowGroup of rowGroups) {
      if (!this.#held.has(rowGroup.path)) this.#held.set(rowGroup.path, this.#options.source.snapshot());
      const round = this.#roundFor(rowGroup);
      round.rowGroups.push(rowGroup);
      round.rowCount += rowGroup.rowCount;
      this.#waitingCount++;
    }
    if (this.#waitingCount > TAIL_GROUPS_WAITING_MAX) this.#endAll();
    else if (!this.#isScanning) void this.#scanAll();
  }

  /** Returns the last round, if its scan has not begun, it has the same tails, and is not too large. */
  #roundFor({ rowCount }: RowGroupRef): Round {
    const last = this.#rounds.at(-1);
    if (
      last !== undefined &&
      last !== this.#scanned &&
      last.number === this.#roundNumber &&
      last.rowCount + rowCount <= TAIL_ROWS_AT_ONCE
    ) {
      return last;
    }
    const groups = [...this.#groups.values()];
    this.#queries ??= encodeTailQueries(
      this.#version++,
      groups.map(({ query }) => query),
    );
    const round = { number: this.#roundNumber, rowGroups: [], rowCount: 0, groups, queries: this.#queries };
    this.#rounds.push(round);
    return round;
  }

  /** Scans until no row group waits. */
  async #scanAll(): Promise<void> {
    this.#isScanning = true;
    // Row groups that arrive in this step are scanned together.
    await setImmediate();
    for (let round = this.#rounds[0]; round !== undefined; round = this.#rounds[0]) {
      this.#scanned = round;
      try {
        await this.#scan(round);
      } catch (error) {
        for (const tail of tailsOf(round)) tail.end(error);
      }
      this.#rounds.shift();
      this.#waitingCount -= round.rowGroups.length;
      this.#releaseFiles();
    }
    this.#isScanning = false;
    this.#scanned = undefined;
  }

  async #scan({ number, rowGroups, groups, queries }: Round): Promise<void> {
    const places = rowGroups.map(placeOf);
    for (let from: TailCursor | undefined = TAIL_START; from !== undefined;) {
      if (groups.every(({ tails }) => tails.size === 0)) return;
      const output: TailOutput = await this.#options.scan({ places, queries, from });
      await quarantineAll(output.unusable, rowGroups, this.#options.quarantine);
      await this.#handOver(output, number, groups);
      from = output.next;
    }
  }

  /** Gives each tail its text, a few at a time: each means a write to a socket. */
  async #handOver({ queries, pieces }: TailOutput, round: number, groups: readonly TailGroup[]): Promise<void> {
    let handedOver = 0;
    for (const [index, piece] of pieces.entries()) {
      const shared: SharedPiece = { piece, sizeBytes: sizeOfPiece(piece), holders: 0 };
      for (const tail of groups[queries[index]!]!.tails) {
        if (tail.sinceRound > round) continue;
        tail.add(shared);
        if (++handedOver % TAIL_HANDED_OVER_AT_ONCE === 0) await setImmediate();
      }
    }
    this.#makeRoom();
  }

  /** Empties the longest queues, until all of them are within the limit. */
  #makeRoom(): void {
    const { textBytesMax = TAILS_TEXT_BYTES_MAX } = this.#options;
    while (this.#textBytes > textBytesMax) {
      let slowest: LiveTail | undefined;
      for (const tail of this.#tails) {
        if (tail.waitingBytes > (slowest?.waitingBytes ?? 0)) slowest = tail;
      }
      if (slowest === undefined) return;
      slowest.dropAsSlow('all');
    }
  }

  /** Ends all tails: lines arrive faster than their filters can be applied. */
  #endAll(): void {
    const error = tooMany(
      `${TAIL_GROUPS_WAITING_MAX} batches wait to be searched for live tails, the most that this server holds: retry later, with fewer tails`,
    );
    for (const tail of this.#tails) tail.end(error);
  }

  #releaseFiles(): void {
    const wanted = new Set(this.#rounds.flatMap(({ rowGroups }) => rowGroups.map(({ path }) => path)));
    for (const [path, snapshot] of this.#held) {
      if (wanted.has(path)) continue;
      this.#held.delete(path);
      snapshot.release();
    }
  }
}

/** Returns the tails of a round: later ones have its rows in their history. */
function tailsOf({ number, groups }: Round): LiveTail[] {
  return groups.flatMap(({ tails }) => [...tails]).filter(({ sinceRound }) => sinceRound <= number);
}

function tooMany(message: string): UnavailableError {
  return new UnavailableError(message, RETRY_AFTER_TAILS_SECONDS);
}
