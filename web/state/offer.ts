/** What may be typed next. */
export interface Offer {
  readonly text: string;
  /** What comes in place of the text from `start` up to the caret. */
  readonly insert: string;
  readonly start: number;
  /** How many lines have it, or what it does. */
  readonly detail: string;
}
