/**
 * What the rest of the server asks of a log store, whatever it is made of: the embedded one is one (see
 * ../engines/embedded/embedded-log-store.ts), a distributed engine may be another. test/server/store/contract.ts says, as tests,
 * what each of these promises means.
 *
 * Nothing here tells how rows are stored: there are no row groups, files or snapshots. An answer is of one instant all
 * the same: it has every line that was acknowledged before it was asked for, once.
 */
import type { Labels } from '../../shared/labels.ts';
import type { Batch } from '../../shared/wire.ts';
import type { AggregatePlan, Cell } from './aggregate-plan.ts';
import type { Filter } from './erasure-filter.ts';
import type { Predicate } from './predicate.ts';
import type { Plan } from './search-plan.ts';
import type { AnswerFormat } from './sink.ts';
import type { StoreStats } from './stats.ts';

export interface LogStore {
  /**
   * Resolves when the batch is durable and part of every answer from then on, as a whole.
   * @param batch  `bytes`, decoded
   * @param streamsShareMax  of the limits of streams (STREAMS_MAX and others), that may be in use then; 1 by default
   * @throws CorruptionError  its row group is broken
   * @throws TooManyStreamsError  its new streams do not fit
   * @throws UnavailableError  it cannot be stored now; nothing of it will be seen later
   */
  append(bytes: Uint8Array, batch: Batch, streamsShareMax?: number): Promise<{ rowCount: number }>;

  /**
   * The text of the lines that the plan asks for, in its order and at most its limit, in pieces. Lines at the same
   * instant of one stream are in the order in which they came.
   */
  search(plan: Plan, format: AnswerFormat, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** The streams that have lines in the time range and whose labels satisfy the filters. Text is not looked at. */
  streams(predicate: Predicate, signal: AbortSignal): Promise<readonly Labels[]>;

  /** Counts and measures by group, without the lines; the groups of most rows first. */
  aggregate(plan: AggregatePlan, signal: AbortSignal): Promise<readonly Cell[]>;

  /** Resolves when it is sure that every matching line acknowledged so far will go; see `isErased`. */
  erase(filter: Filter): Promise<{ readonly id: string }>;

  /** Whether an erasure is done: its lines are in no answer and nowhere on disk. */
  isErased(id: string): boolean;

  /** To be called now and then: drops what is older than the retention, and goes on with what failed. */
  tick(): Promise<void>;

  stats(): StoreStats;

  /** How many pieces of what is stored cannot be read now, and are missing in answers. */
  readonly unreadableCount: number;

  /** Why writes fail now; undefined when they do not. */
  readonly problem: string | undefined;

  /** Waits for what is being written. */
  close(): Promise<void>;
}
