/**
 * A few values of a column chunk, without decoding the others: what it takes to put a few lines of a large group
 * together. Constants cost nothing to open whole, and of raw values the length of each one before has to be known.
 */
import type { ByteReader } from '../bytes.ts';
import type { ColumnChunk, ColumnValues } from './column.ts';
import { pickDecimals } from './encodings/decimal.ts';
import { pickDictionary } from './encodings/dictionary.ts';
import { pickHex } from './encodings/hex.ts';
import { pickIntegers } from './encodings/integer.ts';
import { pickCutTexts } from './encodings/pattern.ts';
import { pickTimestamps } from './encodings/timestamp.ts';
import { pickUuids } from './encodings/uuid.ts';
import {
  ENCODING_CONSTANT,
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_HEX,
  ENCODING_INTEGER,
  ENCODING_PATTERN,
  ENCODING_RAW,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
} from './format.ts';
import type { PageReader } from './page.ts';

/** Which values are wanted, and what their rows are. */
export interface Picked {
  /** Of the chunk's values, ascending. */
  readonly indices: Int32Array;
  readonly baseDay: number;
  /** Time of the row of each of them, ns from the start of baseDay. Called only for timestamps. */
  readonly timesNs: () => Float64Array;
}

export function canBePicked({ encoding }: ColumnChunk): boolean {
  return encoding !== ENCODING_CONSTANT && encoding !== ENCODING_RAW;
}

/** True when what is picked has memory of its own, whatever becomes of the pages. */
export function arePickedCopied({ encoding }: ColumnChunk): boolean {
  return encoding !== ENCODING_DICTIONARY && encoding !== ENCODING_PATTERN;
}

/** Value i of the result is value indices[i] of the chunk, which `canBePicked` from. @throws CorruptionError */
export function pickColumn(
  { encoding }: ColumnChunk,
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  { indices, baseDay, timesNs }: Picked,
): ColumnValues {
  switch (encoding) {
    case ENCODING_INTEGER:
      return { kind: 'integer', ...pickIntegers(parameters, pages, count, indices) };
    case ENCODING_DECIMAL:
      return { kind: 'decimal', ...pickDecimals(parameters, pages, count, indices) };
    case ENCODING_TIMESTAMP:
      return { kind: 'timestamp', ...pickTimestamps(parameters, pages, baseDay, count, indices, timesNs()) };
    case ENCODING_DICTIONARY:
      return { kind: 'dictionary', ...pickDictionary(parameters, pages, count, indices) };
    case ENCODING_UUID:
      return { kind: 'uuid', ...pickUuids(parameters, pages, count, indices) };
    case ENCODING_HEX:
      return { kind: 'hex', ...pickHex(parameters, pages, count, indices) };
    case ENCODING_PATTERN:
      return { kind: 'pattern', ...pickCutTexts(parameters, pages, count, indices) };
    default:
      throw new RangeError(`BUG: values of encoding ${encoding} cannot be picked`);
  }
}
