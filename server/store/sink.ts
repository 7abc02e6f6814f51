/** The form of the lines in an answer; part of a search, so that lines are written where they are found. */
import { type RowBlock, sizeOfBlock } from './row-block.ts';

/**
 * How lines are written in an answer: as objects, unchanged, as an array of objects, as columns for a spreadsheet or a
 * program.
 */
export type AnswerFormat = 'ndjson' | 'raw' | 'json' | 'csv' | 'csv-exact';

/** Labels that have a CSV column of their own; the others are joined in one. */
export const CSV_LABELS = ['namespace', 'pod', 'container', 'stream'] as const;
export const CSV_HEADER = `time,${CSV_LABELS.join(',')},labels,line\n`;

/** The end of each line of the format `json`, and so of each piece: whoever writes the array drops the last one. */
export const JSON_LINE_END = ',\n';

/** Text, written where the rows are found. */
export interface TextSink {
  readonly kind: 'text';
  readonly format: AnswerFormat;
}

/** Blocks of columns, for further processing. */
export interface RowsSink {
  readonly kind: 'rows';
  /** Labels and fields that are wanted besides time, labels, flags and line; each once. */
  readonly fields: readonly string[];
}

export type Sink = TextSink | RowsSink;

export type Piece = Uint8Array | RowBlock;

/** The type of an answer's pieces. */
export type PieceOf<S extends Sink> = S extends TextSink ? Uint8Array : RowBlock;

/** Returns the memory of a piece. */
export function sizeOfPiece(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : sizeOfBlock(piece);
}
