/**
 * What the rest of the server asks of a log store, whatever it is made of: the embedded one is one (see
 * ../engines/embedded/embedded-log-store.ts), a distributed engine may be another. Nothing goes round it.
 * test/server/store/contract.ts says, as tests, what each of these promises means.
 *
 * No answer depends on how rows are stored. Only what an operator reads counts pieces of it, row groups and files: stats.ts,
 * query.ts, check.ts and backup.ts; a store that has none reports what it has instead.
 */
import type { Labels } from '../../shared/labels.ts';
import type { Batch } from '../../shared/wire.ts';
import type { AggregatePlan, Aggregation } from './aggregate-plan.ts';
import type { BackupAbility } from './backup.ts';
import type { CheckAbility } from './check.ts';
import type { ErasureStatus } from './erasure-status.ts';
import type { FacetCounts } from './facets.ts';
import type { StoredPositions } from './positions.ts';
import type { Predicate } from './predicate.ts';
import type { Query } from './query.ts';
import type { Plan } from './search-plan.ts';
import type { PieceOf, Sink } from './sink.ts';
import type { StoreStats } from './stats.ts';

export interface LogStore extends LogReader {
  /**
   * Resolves when the batch is durable, part of every answer from then on, as a whole, and has moved the positions.
   * @param batch  `bytes`, decoded
   * @param streamsShareMax  of the limits of streams (STREAMS_MAX and others), that may be in use then; 1 by default
   * @throws CorruptionError  its row group is broken
   * @throws RowGroupTooLargeError  its row group would take too much memory; none of it is stored
   * @throws TooManyStreamsError  its new streams do not fit
   * @throws UnavailableError  it cannot be stored now; nothing of it will be seen later
   */
  append(bytes: Uint8Array, batch: Batch, streamsShareMax?: number): Promise<{ rowCount: number }>;

  /** How far each file is stored, by the batches that are. */
  readonly positions: StoredPositions;

  /**
   * Resolves when it is sure that every matching line acknowledged so far will go.
   * @throws UnavailableError  too many are waiting, or the disk fails; nothing is erased
   */
  erase(filter: Predicate): Promise<ErasureStatus>;

  /** Oldest first. Once one is `done`, its lines are in no answer and nowhere on disk. */
  erasures(): readonly ErasureStatus[];

  /** Undefined where there is none of this id, or none any more. */
  erasure(id: string): ErasureStatus | undefined;

  /** To be called now and then: drops what is older than the retention, and goes on with what failed. */
  tick(): Promise<void>;

  stats(): StoreStats;

  /** How many pieces of what is stored cannot be read now, and are missing in answers. */
  readonly unreadableCount: number;

  /** Why writes fail now; undefined when they do not. */
  readonly problem: string | undefined;

  /** Waits for what is being written. */
  close(): Promise<void>;

  /** Where a store can make copies of itself. */
  readonly backups?: BackupAbility;

  /** Where a store can verify what it has. */
  readonly check?: CheckAbility;
}

/** Where questions about lines are asked. The query engine (../query/engine.ts) asks; nothing else does. */
export interface LogReader {
  /** What is stored now: it has every line that is acknowledged, once. */
  view(): LogView;

  /** A live tail, from this very moment on. */
  follow<S extends Sink>(plan: Plan, sink: S, query: Query): Following<PieceOf<S>>;
}

/** The lines of a store at one instant, whatever happens to it meanwhile. Must be disposed of; again does nothing. */
export interface LogView extends Disposable {
  /**
   * The lines that the plan asks for, in its order and at most its limit, in pieces. Lines at the same instant of one
   * stream are in the order in which they came.
   */
  search<S extends Sink>(plan: Plan, sink: S, query: Query): AsyncIterable<PieceOf<S>>;

  /** Counts and measures by group, without the lines; the groups of most rows first, or in the plan's order. */
  aggregate(plan: AggregatePlan, query: Query): Promise<Aggregation>;

  /** Which names the lines have, and with which values. @param names  only these; undefined for all */
  facets(predicate: Predicate, names: readonly string[] | undefined, query: Query): Promise<FacetCounts>;

  /**
   * The streams that have lines in the time range and whose labels satisfy the filters, and with them the names and values
   * of labels. Text is not looked at.
   */
  streams(predicate: Predicate, query: Query): Promise<readonly Labels[]>;
}

/** A live tail: between its history and its news, no line is missed or doubled. */
export interface Following<Piece> {
  /** Of what was stored when it began: the newest lines, as many as the plan's limit, oldest first. To be read first. */
  readonly history: AsyncIterable<Piece>;
  /**
   * Every line that matches, as its batch becomes durable. Ends with the query's signal alone.
   * @throws UnavailableError  the client reads too slowly
   */
  readonly news: AsyncIterable<Piece>;
  /** To be called when it is not read any more; again does nothing. */
  leave(): void;
}
