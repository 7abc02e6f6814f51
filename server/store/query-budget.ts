/**
 * What one query may take of what all queries share: lines, text and memory. The query engine (../query/engine.ts) hands
 * it to a store with the question; the store says what it takes, and gives it back when the answer ends.
 */
export interface QueryBudget {
  readonly answerRows: RowBudget;
  readonly answerText: TextBudget;
  readonly memory: MemoryBudget;
}

export interface RowBudget {
  /**
   * Room for so many rows, until it is disposed of.
   * @throws UnavailableError
   */
  reserve(rowsMax: number): HeldRows;
}

export interface HeldRows extends Disposable {
  /** So many were found. */
  keep(rows: number): void;
}

export interface TextBudget {
  /** @throws UnavailableError  too many answers are on their way */
  begin(): AnswerPieces;
}

/** Pieces of one answer: text, or blocks of rows. */
export interface AnswerPieces extends Disposable {
  /** How large the next piece may be, in bytes; it is held from now on, and the last but one is taken. */
  reserve(): number;
  /** How large the piece has become. */
  hold(sizeBytes: number): void;
}

export interface MemoryBudget {
  /** The share of one aggregation, until it is disposed of. */
  share(): MemoryShare;
}

export interface MemoryShare extends Disposable {
  /** It holds so much more. @throws UnavailableError */
  add(bytes: number): void;
}
