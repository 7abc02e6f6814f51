/**
 * A column chunk: the values of one field and kind in a row group. `encodeColumn` offers them to one encoding after the
 * other, `decodeColumn` gives typed values back, and `writeValue` turns one of them into the bytes that stood in the line.
 *
 *     header of a chunk:  encoding u8, parameters sized, byte set u8 (0 none, 1 present) [32 bytes], pages
 */
import { ByteReader, type ByteWriter } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { byteSetOf } from './byte-set.ts';
import { copyByteString, type ValueRefs } from '../byte-strings.ts';
import type { ColumnValues, CutTexts } from './encodings/column-values.ts';
import type { Encoding, NewColumn, RowTimes, Scratch } from './encodings/encoding.ts';
import { writeDecimal } from './encodings/decimal.ts';
import { DictionaryBuilder } from './encodings/dictionary.ts';
import { writeHex } from './encodings/hex.ts';
import { writeInteger } from './encodings/integer.ts';
import { PatternCutter } from './encodings/pattern-cutter.ts';
import { cutTextSizeMax, writeCutText } from './encodings/pattern.ts';
import { BY_PREFERENCE, ENCODING_OF_KIND, ENCODINGS } from './encodings/table.ts';
import { writeTimestamp } from './encodings/timestamp.ts';
import { writeUuid } from './encodings/uuid.ts';
import { ENCODING_LAST, ENCODING_PATTERN, type ValueKind } from './format.ts';
import type { PageReader, PageWriter } from './pages/page.ts';

/** Scratch memory for encoding columns, one after the other. */
export class ColumnEncoder implements Scratch {
  readonly cutter = new PatternCutter();
  readonly #dictionary = new DictionaryBuilder();
  #numbers = new Float64Array(1024);
  #small = new Uint8Array(1024);

  numbers(count: number): Float64Array {
    if (this.#numbers.length < count) this.#numbers = new Float64Array(count * 2);
    return this.#numbers;
  }

  small(count: number): Uint8Array {
    if (this.#small.length < count) this.#small = new Uint8Array(count * 2);
    return this.#small;
  }

  cut(refs: ValueRefs): CutTexts | undefined {
    return this.cutter.cut(refs);
  }

  distinct(refs: ValueRefs, countMax: number): { readonly texts: ValueRefs; readonly codes: Uint16Array } | undefined {
    if (!this.#dictionary.build(refs, countMax)) return undefined;
    return { texts: this.#dictionary.values(refs), codes: this.#dictionary.codes.subarray(0, refs.count) };
  }
}

/** Encodes the values of one column: writes encoding, parameters and byte set into `header`, and its pages. */
export function encodeColumn(
  refs: ValueRefs,
  kind: ValueKind,
  rows: RowTimes,
  encoder: ColumnEncoder,
  header: ByteWriter,
  parameters: ByteWriter,
  pages: PageWriter,
): void {
  parameters.reset();
  const column: NewColumn = { refs, kind, rows, scratch: encoder, parameters, pages };
  for (const each of BY_PREFERENCE) {
    const encoded = each.encode(column);
    if (encoded !== undefined) return writeColumnHeader(header, encoded.encoding, parameters, encoded.texts);
  }
  throw new RangeError('BUG: no encoding takes the values of a column');
}

/** @param texts  as in Encoded */
export function writeColumnHeader(
  header: ByteWriter,
  encoding: number,
  parameters: ByteWriter,
  texts?: ValueRefs,
): void {
  header.u8(encoding);
  header.sized(parameters.view());
  header.u8(texts === undefined ? 0 : 1);
  if (texts !== undefined) header.raw(byteSetOf(texts, encoding === ENCODING_PATTERN));
}

/** The header of a chunk as it stands in the row group's header, and its pages. */
export interface ColumnChunk {
  readonly encoding: number;
  readonly parameters: Buffer;
  /** 256 bits: which bytes occur in the values. Absent where the encoding implies them (numbers, UUIDs, hex, constants). */
  readonly byteSet: Buffer | undefined;
}

export function readColumnChunk(reader: ByteReader): ColumnChunk {
  const encoding = reader.u8();
  if (encoding > ENCODING_LAST) throw new CorruptionError(`unknown encoding ${encoding}`);
  const parameters = reader.sized();
  return { encoding, parameters, byteSet: reader.u8() === 1 ? reader.raw(32) : undefined };
}

/**
 * @param count  values of the chunk
 * @throws CorruptionError
 */
export function decodeColumn(chunk: ColumnChunk, pages: PageReader, count: number, rows: RowTimes): ColumnValues {
  return encodingOf(chunk).decode({ ...parametersOf(chunk), pages, count, rows });
}

/** Whether a few values can be had without decoding the others. */
export function canBePicked(chunk: ColumnChunk): boolean {
  return encodingOf(chunk).pick !== undefined;
}

/** Whether decoded values refer to the pages. */
export function arePagesKept(chunk: ColumnChunk): boolean {
  return encodingOf(chunk).arePagesKept;
}

/** True when what is picked has memory of its own, whatever becomes of the pages. */
export function arePickedCopied(chunk: ColumnChunk): boolean {
  return encodingOf(chunk).arePickedCopied;
}

/**
 * A few values of a chunk, without decoding the others: what it takes to put a few lines of a large group together. Value i
 * of the result is value indices[i] of the chunk, which `canBePicked` from.
 * @param indices  ascending
 * @param rows  of these values alone
 * @throws CorruptionError
 */
export function pickColumn(
  chunk: ColumnChunk,
  pages: PageReader,
  count: number,
  indices: Int32Array,
  rows: RowTimes,
): ColumnValues {
  const encoding = encodingOf(chunk);
  if (encoding.pick === undefined) throw new RangeError(`BUG: values of encoding ${encoding.id} cannot be picked`);
  return encoding.pick({ ...parametersOf(chunk), pages, count, rows }, indices);
}

/** @throws CorruptionError */
export function encodingOf({ encoding: id }: ColumnChunk): Encoding {
  const encoding = ENCODINGS[id];
  if (encoding === undefined) throw new CorruptionError(`unknown encoding ${id}`);
  return encoding;
}

function parametersOf({ parameters: bytes }: ColumnChunk): { bytes: Buffer; parameters: ByteReader } {
  return { bytes, parameters: new ByteReader(bytes) };
}

/** How many values there are. */
export function valueCount(values: ColumnValues): number {
  return (ENCODING_OF_KIND[values.kind] as Encoding).count(values);
}

/** Memory that decoded values hold. */
export function memoryBytesOf(values: ColumnValues): number {
  return (ENCODING_OF_KIND[values.kind] as Encoding).memoryBytes(values);
}

/** Bytes that any number, timestamp, UUID or hex value may take as text. */
export const FIXED_VALUE_BYTES_MAX = 128;

/**
 * Writes one value as it stood in the line. `out` must have room for valueSizeMax. Returns the offset after it. Called for each
 * value of each line, so this and valueSizeMax branch here: calls by way of the table could not be inlined.
 */
export function writeValue(values: ColumnValues, index: number, out: Buffer, at: number): number {
  switch (values.kind) {
    case 'constant':
      return at + values.value.copy(out, at);
    case 'dictionary': {
      const code = values.codes[index]!;
      return copyByteString(values.values, code, out, at);
    }
    case 'integer':
      return writeInteger(values.values[index]!, out, at);
    case 'decimal':
      return writeDecimal(values, index, out, at);
    case 'timestamp':
      return writeTimestamp(values, index, out, at);
    case 'uuid':
      return writeUuid(values, index, out, at);
    case 'hex':
      return writeHex(values, index, out, at);
    case 'raw':
      return copyByteString(values, index, out, at);
    case 'pattern':
      return writeCutText(values, index, out, at);
  }
}

/** How many bytes writeValue may write for this value. */
export function valueSizeMax(values: ColumnValues, index: number): number {
  switch (values.kind) {
    case 'constant':
      return values.value.length;
    case 'dictionary': {
      const code = values.codes[index]!;
      return values.values.offsets[code + 1]! - values.values.offsets[code]!;
    }
    case 'raw':
      return values.offsets[index + 1]! - values.offsets[index]!;
    case 'hex':
      return values.width * 2;
    case 'pattern':
      return cutTextSizeMax(values, index);
    default:
      return FIXED_VALUE_BYTES_MAX;
  }
}

/** Values of a column that belong to one template. */
interface ColumnPart {
  readonly template: number;
  readonly firstValue: number;
}

/** Returns the index of a template's first value in a column that it has. Parts ascend by template. */
export function firstValueOf({ parts }: { readonly parts: readonly ColumnPart[] }, template: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle]!.template < template) low = middle + 1;
    else high = middle;
  }
  const part = parts[low];
  if (part?.template !== template) throw new RangeError('BUG: the template does not have this column');
  return part.firstValue;
}
