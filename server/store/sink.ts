/** In which form an answer has its lines; part of what a search is asked, so that they get it where they are found. */

/** How lines are written in an answer: as objects, as they were, as an array of objects, as columns for a spreadsheet or a program. */
export type AnswerFormat = 'ndjson' | 'raw' | 'json' | 'csv' | 'csv-exact';

/** Labels that have a CSV column of their own; the others are joined in one. */
export const CSV_LABELS = ['namespace', 'pod', 'container', 'stream'] as const;
export const CSV_HEADER = `time,${CSV_LABELS.join(',')},labels,line\n`;

/** Text, written where the rows are found. */
export interface TextSink {
  readonly kind: 'text';
  readonly format: AnswerFormat;
}

export type Sink = TextSink;

/** What the pieces of an answer are. */
export type PieceOf<S extends Sink> = S extends TextSink ? Uint8Array : never;
