/**
 * How much memory a row group takes once it is decoded, worked out from its header. How small a group is when it is encoded
 * says nothing: a few hundred bytes may be a million rows. What bounds memory by the number of row groups (intake, WAL files,
 * flushes, compactions) counts these bytes.
 *
 * An upper bound, for values as readers hold them, and for what is needed while one column is decoded.
 */
import { ByteReader } from '../bytes.ts';
import type { ColumnChunk } from './column.ts';
import { decodeTextsHere, skipRawTexts } from './encodings/distinct-texts.ts';
import { readWidth } from './encodings/integer.ts';
import { PLACES_MAX, placesOf } from './encodings/pattern.ts';
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
import type { Header } from './header.ts';
import { headerMemoryBytes } from './header-size.ts';
import type { PageEntry } from './page.ts';

export interface DecodedSize {
  /** The encoded bytes, the header, and every column. */
  readonly allBytes: number;
  /** The same with one column only, the largest: what reading takes that keeps no column. */
  readonly leastBytes: number;
}

/**
 * Of a row: time 8, stream 2, template 2, flags 1, place in template order 4, rank 4; and in a merge source 4, row 4,
 * stream 4, time 8 and place in the order of times 4.
 */
const ROW_BYTES = 48;

const NUMBER_BYTES = 8;

/** Of a value, beside the pages that are kept as they are. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  [ENCODING_CONSTANT]: 0,
  [ENCODING_DICTIONARY]: 2,
  [ENCODING_INTEGER]: NUMBER_BYTES,
  [ENCODING_DECIMAL]: NUMBER_BYTES + 1,
  [ENCODING_TIMESTAMP]: NUMBER_BYTES,
  [ENCODING_UUID]: 4,
  [ENCODING_HEX]: 0,
  [ENCODING_RAW]: 4,
  [ENCODING_PATTERN]: 6,
};

/** Encodings whose pages are let go of once the numbers are put together from them. */
const ARE_NUMBERS = new Set([ENCODING_INTEGER, ENCODING_DECIMAL, ENCODING_TIMESTAMP]);

export function decodedSizeOf(header: Header): DecodedSize {
  const { info, columns, pages } = header;
  let keptBytes = 0;
  let largestBytes = 0;
  for (const [index, { chunk, count }] of columns.entries()) {
    const entries = pages[index]!;
    const pageBytes = rawBytesOf(entries);
    const valueBytes = count * VALUE_BYTES[chunk.encoding]! + numbersOf(chunk, count, pageBytes) * NUMBER_BYTES;
    const kept = valueBytes + (ARE_NUMBERS.has(chunk.encoding) ? 0 : pageBytes);
    keptBytes += kept;
    largestBytes = Math.max(largestBytes, valueBytes + pageBytes);
  }
  const always = info.sizeBytes + headerMemoryBytes(header) + info.rowCount * ROW_BYTES;
  return { allBytes: always + Math.max(keptBytes, largestBytes), leastBytes: always + largestBytes };
}

function rawBytesOf(entries: readonly PageEntry[]): number {
  let sizeBytes = 0;
  for (const { rawSize } of entries) sizeBytes += rawSize;
  return sizeBytes;
}

/** How many numbers the texts of a pattern chunk have at most; of other chunks, none. */
function numbersOf({ encoding, parameters }: ColumnChunk, count: number, pageBytes: number): number {
  if (encoding !== ENCODING_PATTERN) return 0;
  const here = decodeTextsHere(new ByteReader(parameters));
  if (here !== undefined) return count * Math.min(PLACES_MAX, Math.max(...placesOf(here)));
  const reader = new ByteReader(parameters);
  // Numbers that are all alike take no bytes of a page, however many they are.
  const width = skipRawTexts(reader) && reader.remaining > 0 ? readWidth(reader) : 0;
  return Math.min(count * PLACES_MAX, width === 0 ? Infinity : pageBytes / width);
}
