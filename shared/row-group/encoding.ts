/**
 * What an encoding does for a column chunk, and what is known of one before its values are read. Each encoding is a file of
 * encodings/, and encodings/table.ts lists them.
 */
import type { ByteReader, ByteWriter } from '../bytes.ts';
import type { ValueRefs } from './byte-strings.ts';
import type { ColumnValues, CutTexts } from './column-values.ts';
import { KIND_PLAIN, KIND_SCALAR, KIND_STRING, type ValueKind } from './format.ts';
import type { PageReader, PageWriter } from './page.ts';

export interface Encoding<V extends ColumnValues = ColumnValues> {
  /** ENCODING_… */
  readonly id: number;
  /** Every byte that its values may have as text; undefined where the encoding does not tell. */
  readonly alphabet: string | undefined;
  /** Memory of a decoded value, apart from the pages. */
  readonly valueBytes: number;
  /** Whether decoded values lie in the pages, which are kept then. */
  readonly arePagesKept: boolean;
  /** Whether picked values have memory of their own, whatever becomes of the pages. */
  readonly arePickedCopied: boolean;

  /**
   * Writes the values, if they are its own; otherwise nothing but scratch memory. The encodings are tried in an order: see
   * encodings/table.ts.
   */
  encode(column: NewColumn): Encoded | undefined;
  /** @throws CorruptionError */
  decode(chunk: StoredColumn): V;
  /**
   * A few values without the others, which takes less than to decode all: value i of the result is value indices[i] of the
   * chunk. Absent where it would not. @throws CorruptionError
   */
  pick?(chunk: StoredColumn, indices: Int32Array): V;
  /** How many values there are. */
  count(values: V): number;
  /** Memory that decoded values hold. */
  memoryBytes(values: V): number;
  /** How many more numbers a decoded chunk has than values, at most. @param pageBytes  of all its pages */
  numbersMax?(parameters: Buffer, count: number, pageBytes: number): number;
}

/** What encoding a timestamp column needs to know of its rows. */
export interface RowTimes {
  readonly baseDay: number;
  /** Time of the row of each value, ns from the start of baseDay. Called only for columns that hold timestamps. */
  timesNs(): Float64Array;
}

/** The values of a column to be encoded, at least one, and where its chunk is written to. */
export interface NewColumn {
  readonly refs: ValueRefs;
  readonly kind: ValueKind;
  readonly rows: RowTimes;
  readonly scratch: Scratch;
  readonly parameters: ByteWriter;
  readonly pages: PageWriter;
}

/** Memory and tables that one column after the other is encoded with. */
export interface Scratch {
  numbers(count: number): Float64Array;
  small(count: number): Uint8Array;
  /** See PatternCutter. */
  cut(refs: ValueRefs): CutTexts | undefined;
  /** The distinct values, and which of them each value is; undefined when they are too many. */
  distinct(refs: ValueRefs): { readonly texts: ValueRefs; readonly codes: Uint16Array } | undefined;
}

/** What was written, and where the encoding does not tell: values that between them have every byte of the texts. */
export interface Encoded {
  readonly encoding: number;
  readonly texts?: ValueRefs;
}

/** A chunk to be read. Its parameters twice: as they are, and to be read from the start. */
export interface StoredColumn {
  readonly bytes: Buffer;
  readonly parameters: ByteReader;
  readonly pages: PageReader;
  /** Values of the chunk. */
  readonly count: number;
  /** Of the values that are asked for. */
  readonly rows: RowTimes;
}

/** Whether values of a kind are text that may be anything. */
export function isText(kind: ValueKind): boolean {
  return kind === KIND_STRING || kind === KIND_PLAIN;
}

/** Judged by the first value alone: false where no value need be looked at. */
export function mayBeNumber({ refs: { bytes, starts, ends }, kind }: NewColumn): boolean {
  const first = starts[0]! < ends[0]! ? bytes[starts[0]!]! : 0;
  return kind === KIND_SCALAR || (isText(kind) && first >= 0x30 && first <= 0x39);
}
