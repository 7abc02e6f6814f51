/**
 * The contract of a log store: the embedded one (../engines/embedded/embedded-log-store.ts) is one, a distributed
 * engine may be another. Nothing bypasses it. test/server/store/contract.ts tests each of these promises.
 *
 * No answer depends on how rows are stored. Only what an operator reads counts pieces of it, row groups and files: stats.ts,
 * query.ts, check.ts and backup.ts; a store that has none reports what it has instead.
 */
import type { Labels } from '../../shared/labels.ts';
import type { Batch } from '../../shared/wire.ts';
import type { AggregatePlan, Aggregation } from './aggregate-plan.ts';
import type { BackupAbility } from './backup.ts';
import type { StoreCapacity } from './capacity.ts';
import type { CheckAbility } from './check.ts';
import type { ErasureRequest, ErasureStatus } from './erasure-status.ts';
import type { FacetCounts, FacetsSide, NamedValues } from './facets.ts';
import type { StoredPositions } from './positions.ts';
import type { Predicate } from './predicate.ts';
import type { Query } from './query.ts';
import type { Plan } from './search-plan.ts';
import type { SessionAbility } from './sessions.ts';
import type { RowValues, ValuesAsked } from './row-values.ts';
import type { PieceOf, Sink } from './sink.ts';
import type { StoreStats } from './stats.ts';
import type { ViewAbility } from './views.ts';

export interface LogStore extends LogReader {
  /**
   * Resolves when the batch is durable, completely part of every answer from then on, and has moved the positions.
   * @param batch  `bytes`, decoded
   * @param streamsShareMax  share of the limits of streams (STREAMS_MAX and others) that may be in use then; 1 by
   *   default
   * @throws CorruptionError  its row group is broken
   * @throws RowGroupTooLargeError  its row group would take too much memory; none of it is stored
   * @throws TooManyStreamsError  its new streams do not fit
   * @throws UnavailableError  it cannot be stored now; nothing of it will be seen later
   */
  append(bytes: Uint8Array, batch: Batch, streamsShareMax?: number): Promise<{ rowCount: number }>;

  /** The stored positions of each file. */
  readonly positions: StoredPositions;

  /**
   * Resolves when it is certain that every matching line acknowledged so far will be erased.
   * @param isRemembered  whether matching lines whose times are before the request, and which arrive later, are erased
   *   soon after, for as long as such lines would be kept; false by default
   * @param request  kept with it
   * @throws UnavailableError  too many are waiting, or the disk fails; nothing is erased
   */
  erase(filter: Predicate, isRemembered?: boolean, request?: ErasureRequest): Promise<ErasureStatus>;

  /** Oldest first. Once one is `done`, its lines are in no answer and nowhere on disk. */
  erasures(): readonly ErasureStatus[];

  /** Returns undefined where there is none with this id any more. */
  erasure(id: string): ErasureStatus | undefined;

  /**
   * Ends the memory of an erasure: its filter is nowhere any more. Returns undefined where there is none with this id.
   * @throws PodlogError  it was never done
   * @throws UnavailableError  the disk fails, and it is still remembered
   */
  forgetErasure(id: string): Promise<ErasureStatus | undefined>;

  /** Must be called at intervals: drops what is older than the retention, and retries what failed. */
  tick(): Promise<void>;

  stats(): StoreStats;

  /** Room, intake, and what retention makes of them. */
  capacity(): StoreCapacity;

  /** Number of pieces of stored data that cannot be read now, and are missing in answers. */
  readonly unreadableCount: number;

  /** Why writes fail now; undefined when they do not. */
  readonly problem: string | undefined;

  /** Waits for running writes. */
  close(): Promise<void>;

  /** Set by stores that can make backups. */
  readonly backups?: BackupAbility;

  /** Set by stores that can keep saved views. */
  readonly views?: ViewAbility;

  /** Set by stores that can keep what sessions need over a restart. */
  readonly sessions?: SessionAbility;

  /** Set by stores that can verify their data. */
  readonly check?: CheckAbility;
}

/** The read side of a store. Only the query engine (../query/engine.ts) uses it. */
export interface LogReader {
  /** The secret that seals the store's cursors, CURSOR_KEY_BYTES long. As lasting as the store. */
  readonly cursorKey: Uint8Array;

  /** Returns a view of the lines that are stored now: every acknowledged line, once. */
  view(): LogView;

  /**
   * Starts a live tail at this moment.
   * @param onDropped  gets what the client reads too slowly for; without it, the tail of such a client ends
   */
  follow<S extends Sink>(
    plan: Plan,
    sink: S,
    query: Query,
    onDropped?: (piece: PieceOf<S>) => void,
  ): Following<PieceOf<S>>;
}

/** The lines of a store at one instant, whatever happens to it meanwhile. Must be disposed of; a second time does nothing. */
export interface LogView extends Disposable {
  /**
   * Yields the lines that match the plan, in its direction and at most its limit, in pieces. Lines at the same instant
   * of one stream are in the order of their arrival.
   */
  search<S extends Sink>(plan: Plan, sink: S, query: Query): AsyncIterable<PieceOf<S>>;

  /** Counts and measures by group, without the lines; the groups with most rows first, or in the plan's order. */
  aggregate(plan: AggregatePlan, query: Query): Promise<Aggregation>;

  /**
   * Returns the names that the lines have, with their values.
   * @param names  only these; undefined for all
   */
  facets(predicate: Predicate, names: readonly string[] | undefined, query: Query): Promise<FacetCounts>;

  /**
   * Does the same for several sides, which may have lines in common: one answer for each, in their order. Values of a name that
   * are too many to count on one side are counted on none.
   * @param values  to be counted on each side, besides
   */
  facetsOfSides(
    sides: readonly FacetsSide[],
    values: readonly NamedValues[],
    query: Query,
  ): Promise<readonly FacetCounts[]>;

  /**
   * Returns what some names say in the lines that match, without the lines: at a fraction of the cost of a search. Undefined
   * where there are more lines, or longer values, than are asked for.
   */
  rowValues(predicate: Predicate, asked: ValuesAsked, query: Query): Promise<readonly RowValues[] | undefined>;

  /** Returns how many lines have each label or field, of FACET_NAMES_MAX of them; an empty value may count. */
  nameRows(predicate: Predicate, query: Query): Promise<ReadonlyMap<string, number>>;

  /**
   * Returns the streams that have lines in the time range and whose labels satisfy the filters, and with them the names
   * and values of labels. Text is ignored.
   */
  streams(predicate: Predicate, query: Query): Promise<readonly Labels[]>;
}

/** A live tail: no line is missed or doubled between its history and its news. */
export interface Following<Piece> {
  /**
   * The newest lines that were stored when it began, as many as the plan's limit, oldest first. Or, where the plan begins after
   * a line, every line that comes after it or arrived in a later batch: a client that has seen it in a live tail misses none,
   * and may get some again, at most a minute older than it. Must be read first.
   */
  readonly history: AsyncIterable<Piece>;
  /** The lines that were stored when it began, for other questions than the history. Until `news` is read, or it is left. */
  readonly view: LogView;
  /**
   * Every line that matches, as its batch becomes durable. Ends only with the query's signal.
   * @throws UnavailableError  the client reads too slowly, and nothing may be dropped
   */
  readonly news: AsyncIterable<Piece>;
  /** Must be called when it is no longer read; a second call does nothing. */
  leave(): void;
}
