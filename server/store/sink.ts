/** The form of the lines in an answer; part of a search, so that lines are written where they are found. */
import { type RowBlock, sizeOfBlock } from './row-block.ts';

/**
 * How lines are written in an answer: as objects, unchanged, as an array of objects, as columns for a spreadsheet or a
 * program, as a person reads them.
 */
export type AnswerFormat = 'ndjson' | 'raw' | 'json' | 'csv' | 'csv-exact' | 'text';

/** The end of each line of the format `json`, and so of each piece: whoever writes the array drops the last one. */
export const JSON_LINE_END = ',\n';

/** Text, written where the rows are found. */
export interface TextSink {
  readonly kind: 'text';
  readonly format: AnswerFormat;
  /** Seals the cursors of lines: NO_CURSOR_KEY by default. */
  readonly cursorKey?: Uint8Array;
  /** What rows consist of: see columns.ts. Undefined for what the format has by itself; never with `raw`. */
  readonly columns?: readonly string[] | undefined;
  /** The time zone of the times, as in parseTimeZone; UTC if there is none. */
  readonly zone?: string | undefined;
  /** Options of the format `text`. */
  readonly readable?: Readable | undefined;
}

/** How lines are shown to a person. */
export interface Readable {
  /** With the colours of a terminal. */
  readonly isColored: boolean;
  /** Whether lines may be of several namespaces, so that each has its own. */
  readonly withNamespace: boolean;
  /** The day in the time zone, in days since 1970, whose lines have no date. */
  readonly today: number;
}

/** Blocks of columns, for further processing. */
export interface RowsSink {
  readonly kind: 'rows';
  /** Labels and fields that are wanted besides time, labels, flags and line; each once. */
  readonly fields: readonly string[];
  /** Whether the structured metadata of lines is wanted. */
  readonly withMetadata?: boolean;
  /** Lines are left empty: a store need not build them. Not with metadata. */
  readonly withoutLines?: true;
}

export type Sink = TextSink | RowsSink;

export type Piece = Uint8Array | RowBlock;

/** The type of an answer's pieces. */
export type PieceOf<S extends Sink> = S extends TextSink ? Uint8Array : RowBlock;

/** Returns the memory of a piece. */
export function sizeOfPiece(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : sizeOfBlock(piece);
}
