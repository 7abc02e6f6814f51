/**
 * A few values of a column chunk of numbers or times, without decoding the others: what it takes to put a few lines of
 * a large group together. Other encodings cost little to open whole.
 */
import type { ByteReader } from '../bytes.ts';
import type { ColumnChunk, ColumnValues } from './column.ts';
import { pickDecimals } from './encodings/decimal.ts';
import { pickIntegers } from './encodings/integer.ts';
import { pickTimestamps } from './encodings/timestamp.ts';
import { ENCODING_DECIMAL, ENCODING_INTEGER, ENCODING_TIMESTAMP } from './format.ts';
import type { PageReader } from './page.ts';

/** Which values are wanted, and what their rows are. */
export interface Picked {
  /** Of the chunk's values, ascending. */
  readonly indices: Int32Array;
  readonly baseDay: number;
  /** Time of the row of each of them, ns from the start of baseDay. */
  readonly timesNs: Float64Array;
}

export function canBePicked({ encoding }: ColumnChunk): boolean {
  return encoding === ENCODING_INTEGER || encoding === ENCODING_DECIMAL || encoding === ENCODING_TIMESTAMP;
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
      return { kind: 'timestamp', ...pickTimestamps(parameters, pages, baseDay, count, indices, timesNs) };
    default:
      throw new RangeError(`BUG: values of encoding ${encoding} cannot be picked`);
  }
}
