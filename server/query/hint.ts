/** Advice about a question. */
export interface Hint {
  readonly message: string;
  /** The parameters of the question that it suggests, as they stand in a URL. */
  readonly parameters?: string;
  /** How many lines that question finds. */
  readonly lines?: number;
}
