/** Comes to a store with each question; the query engine (../query/engine.ts) makes one for each query. */
import type { Cursor } from './cursor.ts';
import type { QueryBudget } from './query-budget.ts';

export interface Query {
  /**
   * Aborted when the answer is no longer wanted: work for it ends then, and the answer fails with the signal's reason.
   */
  readonly signal: AbortSignal;
  readonly budget: QueryBudget;
  /** Counted up by the store while it works. */
  readonly statistics: QueryStatistics;
  /** Set by a search before its first piece. */
  readonly page: AnswerPage;
}

/** Where the answer of a search ends. */
export interface AnswerPage {
  /** Whether more lines match than the answer has. */
  hasMore: boolean;
  /**
   * Its last line; undefined while it is not known, and where there is none. Of an answer without a limit, which does not
   * know its last line, that of the last piece.
   */
  last: Cursor | undefined;
}

export function newPage(): AnswerPage {
  return { hasMore: false, last: undefined };
}

/** The cost of a query so far; a store without row groups counts whatever it reads at once. */
export interface QueryStatistics {
  /** Row groups that were stored when the query began, and their bytes. */
  rowGroupsConsidered: number;
  bytesConsidered: number;
  /**
   * Row groups that were read: neither times, labels nor indexes had excluded them. One that is read twice counts
   * twice.
   */
  rowGroupsRead: number;
  /** Their bytes, whichever part of them was needed: a row group of one batch is a thousandth of a merged one. */
  rowGroupBytesRead: number;
  /** Bytes read from files; cached data is not counted. */
  bytesRead: number;
  /**
   * Rows that satisfy the predicate where a search has scanned: more than its answer has if that is limited. Counted
   * only by searches.
   */
  rowsMatched: number;
  /** Row groups in which lines have structured metadata, whether they matched or not. Counted only by aggregations. */
  withMetadata: number;
}

export function newStatistics(): QueryStatistics {
  return {
    rowGroupsConsidered: 0,
    bytesConsidered: 0,
    rowGroupsRead: 0,
    rowGroupBytesRead: 0,
    bytesRead: 0,
    rowsMatched: 0,
    withMetadata: 0,
  };
}
