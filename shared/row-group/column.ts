/**
 * A column chunk: the values of one field and kind in a row group. `encodeColumn` chooses the encoding, `decodeColumn`
 * gives typed values back, and `writeValue` turns one of them into the bytes that stood in the line.
 *
 *     header of a chunk:  encoding u8, parameters sized, byte set u8 (0 none, 1 present) [32 bytes], pages
 */
import type { ByteReader, ByteWriter } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { byteSetOf } from './byte-set.ts';
import { copyByteString, refsOf, sameBytes } from './byte-strings.ts';
import type { ByteStrings, ValueRefs } from './byte-strings.ts';
import { decodeDecimals, encodeDecimals, parseDecimals, writeDecimal } from './encodings/decimal.ts';
import type { Decimals } from './encodings/decimal.ts';
import { decodeDictionary, DictionaryBuilder, encodeDictionary } from './encodings/dictionary.ts';
import type { Dictionary } from './encodings/dictionary.ts';
import { decodeHex, encodeHex, parseHex, writeHex } from './encodings/hex.ts';
import type { HexValues } from './encodings/hex.ts';
import { decodeIntegers, encodeIntegers, parseIntegers, writeInteger } from './encodings/integer.ts';
import type { Integers } from './encodings/integer.ts';
import {
  cutTextsMemoryBytes,
  cutTextSizeMax,
  decodeCutTexts,
  encodeCutTexts,
  isDigit,
  writeCutText,
} from './encodings/pattern.ts';
import type { CutTexts } from './encodings/pattern.ts';
import { PatternCutter } from './encodings/pattern-cutter.ts';
import { decodeRaw, encodeRaw } from './encodings/raw.ts';
import {
  decodeTimestamps,
  encodeTimestamps,
  looksLikeTimestamp,
  parseTimestamps,
  writeTimestamp,
} from './encodings/timestamp.ts';
import type { Timestamps } from './encodings/timestamp.ts';
import { decodeUuids, encodeUuids, looksLikeUuid, parseUuids, writeUuid } from './encodings/uuid.ts';
import { UUID_BYTES, type Uuids } from './encodings/uuid-short.ts';
import {
  ENCODING_CONSTANT,
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_HEX,
  ENCODING_INTEGER,
  ENCODING_LAST,
  ENCODING_PATTERN,
  ENCODING_RAW,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
  KIND_PLAIN,
  KIND_SCALAR,
  KIND_STRING,
} from './format.ts';
import type { ValueKind } from './format.ts';
import type { PageReader, PageWriter } from './page.ts';

/** The decoded values of a column chunk. */
export type ColumnValues =
  | { readonly kind: 'constant'; readonly value: Buffer; readonly count: number }
  | ({ readonly kind: 'dictionary' } & Dictionary)
  | ({ readonly kind: 'integer' } & Integers)
  | ({ readonly kind: 'decimal'; readonly min: number; readonly max: number } & Decimals)
  | ({ readonly kind: 'timestamp' } & Timestamps)
  | ({ readonly kind: 'uuid' } & Uuids)
  | ({ readonly kind: 'hex' } & HexValues)
  | ({ readonly kind: 'raw' } & ByteStrings)
  | ({ readonly kind: 'pattern' } & CutTexts);

/** What encoding a timestamp column needs to know of its rows. */
export interface RowTimes {
  readonly baseDay: number;
  /** Time of the row of each value, ns from the start of baseDay. Called only for columns that hold timestamps. */
  timesNs(): Float64Array;
}

/** Scratch memory for encoding columns, one after the other. */
export class ColumnEncoder {
  readonly dictionary = new DictionaryBuilder();
  readonly cutter = new PatternCutter();
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
  const { encoding, texts } = chooseAndEncode(refs, kind, rows, encoder, parameters, pages);
  writeColumnHeader(header, encoding, parameters, texts);
}

/** What was written, and where the encoding does not tell: values that between them have every byte of the texts. */
export interface Encoded {
  readonly encoding: number;
  readonly texts?: ValueRefs;
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

function chooseAndEncode(
  refs: ValueRefs,
  kind: ValueKind,
  rows: RowTimes,
  encoder: ColumnEncoder,
  parameters: ByteWriter,
  pages: PageWriter,
): Encoded {
  const { bytes, starts, ends, count } = refs;
  const start = starts[0]!;
  const end = ends[0]!;
  if (isConstant(refs)) {
    parameters.raw(bytes.subarray(start, end));
    return { encoding: ENCODING_CONSTANT };
  }
  const isText = kind === KIND_STRING || kind === KIND_PLAIN;
  if (kind === KIND_SCALAR || (isText && end > start && isDigit(bytes[start]!))) {
    const numbers = encoder.numbers(count);
    if (parseIntegers(refs, numbers)) {
      encodeIntegers(numbers, count, parameters, pages);
      return { encoding: ENCODING_INTEGER };
    }
    const scales = encoder.small(count);
    if (parseDecimals(refs, numbers, scales)) {
      encodeDecimals(numbers, scales, count, parameters, pages);
      return { encoding: ENCODING_DECIMAL };
    }
    if (looksLikeTimestamp(bytes, start, end)) {
      const form = parseTimestamps(refs, rows.baseDay, rows.timesNs(), numbers);
      if (form !== undefined) {
        encodeTimestamps(form, numbers, count, parameters, pages);
        return { encoding: ENCODING_TIMESTAMP };
      }
    }
  }
  const cut = encoder.cutter.cut(refs);
  if (cut !== undefined) return encodePatterns(cut, parameters, pages);
  if (encoder.dictionary.build(refs) && encoder.dictionary.distinct < count * 0.7) {
    const texts = encoder.dictionary.values(refs);
    encodeDictionary(texts, encoder.dictionary.codes.subarray(0, count), parameters, pages);
    return { encoding: ENCODING_DICTIONARY, texts };
  }
  if (isText) {
    if (looksLikeUuid(bytes, start, end)) {
      const uuids = pages.scratch(count * UUID_BYTES);
      if (parseUuids(refs, uuids)) {
        encodeUuids(uuids, count, parameters, pages);
        return { encoding: ENCODING_UUID };
      }
    }
    const hex = parseHex(refs, pages);
    if (hex !== undefined) {
      encodeHex(hex, parameters, pages);
      return { encoding: ENCODING_HEX };
    }
  }
  encodeRaw(refs, parameters, pages);
  return { encoding: ENCODING_RAW, texts: refs };
}

export function encodePatterns(cut: CutTexts, parameters: ByteWriter, pages: PageWriter): Encoded {
  encodeCutTexts(cut, parameters, pages);
  return { encoding: ENCODING_PATTERN, texts: refsOf(cut.patterns) };
}

/** The header of a chunk as it stands in the row group's header, and its pages. */
export interface ColumnChunk {
  readonly encoding: number;
  readonly parameters: Buffer;
  /** 256 bits: which bytes occur in the values. Absent where the encoding tells (numbers, UUIDs, hex, constants). */
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
export function decodeColumn(
  chunk: ColumnChunk,
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  rows: RowTimes,
): ColumnValues {
  switch (chunk.encoding) {
    case ENCODING_CONSTANT:
      return { kind: 'constant', value: chunk.parameters, count };
    case ENCODING_DICTIONARY:
      return { kind: 'dictionary', ...decodeDictionary(parameters, pages, count) };
    case ENCODING_INTEGER:
      return { kind: 'integer', ...decodeIntegers(parameters, pages, count) };
    case ENCODING_DECIMAL:
      return { kind: 'decimal', ...decodeDecimals(parameters, pages, count) };
    case ENCODING_TIMESTAMP:
      return { kind: 'timestamp', ...decodeTimestamps(parameters, pages, rows.baseDay, rows.timesNs()) };
    case ENCODING_UUID:
      return { kind: 'uuid', ...decodeUuids(parameters, pages, count) };
    case ENCODING_HEX:
      return { kind: 'hex', ...decodeHex(parameters, pages, count) };
    case ENCODING_RAW:
      return { kind: 'raw', ...decodeRaw(parameters, pages, count) };
    case ENCODING_PATTERN:
      return { kind: 'pattern', ...decodeCutTexts(parameters, pages, count) };
    default:
      throw new CorruptionError(`unknown encoding ${chunk.encoding}`);
  }
}

/** How many values there are. */
export function valueCount(values: ColumnValues): number {
  switch (values.kind) {
    case 'constant':
      return values.count;
    case 'dictionary':
    case 'pattern':
      return values.codes.length;
    case 'integer':
      return values.values.length;
    case 'decimal':
      return values.mantissas.length;
    case 'timestamp':
      return values.units.length;
    case 'uuid':
      return values.count;
    case 'hex':
      return values.bytes.length / values.width;
    case 'raw':
      return values.offsets.length - 1;
  }
}

/** Memory that decoded values hold. */
export function memoryBytesOf(values: ColumnValues): number {
  switch (values.kind) {
    case 'constant':
      return values.value.length;
    case 'dictionary':
      return values.codes.byteLength + values.values.bytes.length + values.values.offsets.byteLength;
    case 'integer':
      return values.values.byteLength;
    case 'decimal':
      return values.mantissas.byteLength + values.scales.length;
    case 'timestamp':
      return values.units.byteLength;
    case 'uuid':
      return values.packed.length + values.pairs.length + (values.places?.byteLength ?? 0);
    case 'hex':
      return values.bytes.length;
    case 'raw':
      return values.bytes.length + values.offsets.byteLength;
    case 'pattern':
      return cutTextsMemoryBytes(values);
  }
}

/** Bytes that any number, timestamp, UUID or hex value may take as text. */
export const FIXED_VALUE_BYTES_MAX = 128;

/** Writes one value as it stood in the line. `out` must have room for valueSizeMax. Returns the offset after it. */
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

function isConstant({ bytes, starts, ends, count }: ValueRefs): boolean {
  const start = starts[0]!;
  const end = ends[0]!;
  // The last value is looked at first: it differs in almost every column that is no constant.
  for (let i = count - 1; i > 0; i--) if (!sameBytes(bytes, starts[i]!, ends[i]!, bytes, start, end)) return false;
  return true;
}
