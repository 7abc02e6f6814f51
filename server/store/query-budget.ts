/**
 * A query's share of the resources that all queries share: lines, text and memory. The query engine
 * (../query/engine.ts) passes it to a store with the query; the store reserves what it uses, and releases it when the
 * answer ends.
 */
export interface QueryBudget {
  readonly answerRows: RowBudget;
  readonly answerText: TextBudget;
  readonly memory: MemoryBudget;
}

export interface RowBudget {
  /**
   * Reserves this many rows, until it is disposed of.
   * @throws UnavailableError
   */
  reserve(rowsMax: number): HeldRows;
}

export interface HeldRows extends Disposable {
  /** Keeps only the rows that were found. */
  keep(rows: number): void;
}

export interface TextBudget {
  /**
   * @param piecesHeld  pieces that are held at once; two by default, the last one and the one before it
   * @throws UnavailableError  too many answers are in flight
   */
  begin(piecesHeld?: number): AnswerPieces;
}

/** Pieces of one answer: text, or blocks of rows. */
export interface AnswerPieces extends Disposable {
  /** Returns how large the next piece may be, in bytes; it is held from now on, and the oldest one is released. */
  reserve(): number;
  /** Sets the actual size of the oldest piece whose size has not been set. */
  hold(sizeBytes: number): void;
}

export interface MemoryBudget {
  /** The share of one aggregation, until it is disposed of. */
  share(): MemoryShare;
}

export interface MemoryShare extends Disposable {
  /**
   * Reserves more.
   * @throws UnavailableError
   */
  add(bytes: number): void;
}
