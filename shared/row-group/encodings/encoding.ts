/**
 * The interface of an encoding: its operations on a column chunk, and its properties that are known before values are
 * read. Each encoding is a file in encodings/, and encodings/table.ts lists them.
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { ColumnValues, CutTexts } from './column-values.ts';
import { KIND_METADATA, KIND_PLAIN, KIND_SCALAR, KIND_STRING, type ValueKind } from '../format.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';

export interface Encoding<V extends ColumnValues = ColumnValues> {
  /** ENCODING_… */
  readonly id: number;
  /** All bytes that its values may have as text; undefined where the encoding does not limit them. */
  readonly alphabet: string | undefined;
  /** Memory of a decoded value, apart from the pages. */
  readonly valueBytes: number;
  /** Whether decoded values refer to the pages, which are kept then. */
  readonly arePagesKept: boolean;
  /** Whether picked values have memory of their own, independent of the pages. */
  readonly arePickedCopied: boolean;

  /**
   * Writes the values, if they are its own; otherwise nothing but scratch memory. The encodings are tried in an order: see
   * encodings/table.ts.
   */
  encode(column: NewColumn): Encoded | undefined;
  /** @throws CorruptionError */
  decode(chunk: StoredColumn): V;
  /**
   * Reads a few values without the others, where that is cheaper than decoding all: value i of the result is value
   * indices[i] of the chunk. Absent where it is not.
   * @throws CorruptionError
   */
  pick?(chunk: StoredColumn, indices: Int32Array): V;
  /** Returns the number of values. */
  count(values: V): number;
  /** Returns the memory of decoded values. */
  memoryBytes(values: V): number;
  /**
   * Returns an upper bound of the numbers that a decoded chunk has in addition to its values.
   * @param pageBytes  of all its pages
   */
  numbersMax?(parameters: Buffer, count: number, pageBytes: number): number;
}

/** Times of the rows of a timestamp column. */
export interface RowTimes {
  readonly baseDay: number;
  /** Time of the row of each value, ns from the start of baseDay. Called only for columns that hold timestamps. */
  timesNs(): Float64Array;
}

/** The values of a column to be encoded, at least one, and the destination of its chunk. */
export interface NewColumn {
  readonly refs: ValueRefs;
  readonly kind: ValueKind;
  readonly rows: RowTimes;
  readonly scratch: Scratch;
  readonly parameters: ByteWriter;
  readonly pages: PageWriter;
}

/** Memory and tables for encoding one column after the other. */
export interface Scratch {
  numbers(count: number): Float64Array;
  small(count: number): Uint8Array;
  /** See PatternCutter. */
  cut(refs: ValueRefs): CutTexts | undefined;
  /** Returns the distinct values, and the code of each value; undefined when they are more than `countMax`, or too many. */
  distinct(refs: ValueRefs, countMax: number): { readonly texts: ValueRefs; readonly codes: Uint16Array } | undefined;
}

/**
 * Result of an encoder; where the encoding does not limit bytes, values that together contain every byte of the texts.
 */
export interface Encoded {
  readonly encoding: number;
  readonly texts?: ValueRefs;
}

/** A chunk to be read. Its parameters twice: as bytes, and as a reader at their start. */
export interface StoredColumn {
  readonly bytes: Buffer;
  readonly parameters: ByteReader;
  readonly pages: PageReader;
  /** Values of the chunk. */
  readonly count: number;
  /** Rows of the requested values. */
  readonly rows: RowTimes;
}

/** Whether values of a kind are arbitrary text. */
export function isText(kind: ValueKind): boolean {
  return kind === KIND_STRING || kind === KIND_PLAIN || kind === KIND_METADATA;
}

/** Judged by the first value alone: if false, no other value need be read. */
export function mayBeNumber({ refs: { bytes, starts, ends }, kind }: NewColumn): boolean {
  const first = starts[0]! < ends[0]! ? bytes[starts[0]!]! : 0;
  return kind === KIND_SCALAR || (isText(kind) && first >= 0x30 && first <= 0x39);
}
