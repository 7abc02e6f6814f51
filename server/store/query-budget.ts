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
   * Room for so many rows, which must be released.
   * @throws UnavailableError
   */
  reserve(rowsMax: number): HeldRows;
}

export interface HeldRows {
  /** So many were found. */
  keep(rows: number): void;
  release(): void;
}

export interface TextBudget {
  /** @throws UnavailableError  too many answers are on their way */
  begin(): AnswerPieces;
}

/** Pieces of one answer: text, or blocks of rows. */
export interface AnswerPieces {
  /** How large the next piece may be, in bytes; it is held from now on, and the last but one is taken. */
  reserve(): number;
  /** How large the piece has become. */
  hold(sizeBytes: number): void;
  end(): void;
}

export interface MemoryBudget {
  /** The share of one aggregation, which it must release. */
  share(): MemoryShare;
}

export interface MemoryShare {
  /** It holds so much more. @throws UnavailableError */
  add(bytes: number): void;
  release(): void;
}
