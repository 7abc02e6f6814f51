/**
 * Memory that a row group takes once it is decoded, computed from its header. Its encoded size says nothing: a few
 * hundred bytes may be a million rows. Limits of memory by row groups (intake, WAL files, flushes, compactions) count
 * these bytes.
 *
 * An upper bound, for values as readers hold them, and for the scratch memory of decoding one column.
 */
import { encodingOf } from './column.ts';
import type { Header } from './header.ts';
import { headerMemoryBytes } from './header-size.ts';
import type { PageEntry } from './pages/page.ts';

export interface DecodedSize {
  /** The encoded bytes, the header, and every column. */
  readonly allBytes: number;
  /** The same with only the largest column: memory of a reader that keeps no column. */
  readonly leastBytes: number;
}

/**
 * Bytes of a row: time 8, stream 2, template 2, flags 1, place in template order 4, rank 4; and in a merge source 4,
 * row 4, stream 4, time 8 and place in the order of times 4.
 */
const ROW_BYTES = 48;

const NUMBER_BYTES = 8;

/** Bytes of a row whose run is known: its code, and in a merge its code among those that are added and sorted. */
const RUN_ROW_BYTES = 6;

/** Bytes of a row with an arrival of its own: its number and its arrival. */
const TIE_BYTES = 16;

export function decodedSizeOf(header: Header): DecodedSize {
  const { info, columns, pages, ties, runs } = header;
  let keptBytes = 0;
  let largestBytes = 0;
  for (const [index, { chunk, count }] of columns.entries()) {
    const entries = pages[index]!;
    const pageBytes = rawBytesOf(entries);
    const encoding = encodingOf(chunk);
    const numbers = encoding.numbersMax?.(chunk.parameters, count, pageBytes) ?? 0;
    const valueBytes = count * encoding.valueBytes + numbers * NUMBER_BYTES;
    keptBytes += valueBytes + (encoding.arePagesKept ? pageBytes : 0);
    largestBytes = Math.max(largestBytes, valueBytes + pageBytes);
  }
  const rowBytes = ROW_BYTES + (runs === undefined ? 0 : RUN_ROW_BYTES);
  const always = info.sizeBytes + headerMemoryBytes(header) + info.rowCount * rowBytes + (ties?.count ?? 0) * TIE_BYTES;
  return { allBytes: always + Math.max(keptBytes, largestBytes), leastBytes: always + largestBytes };
}

function rawBytesOf(entries: readonly PageEntry[]): number {
  let sizeBytes = 0;
  for (const { rawSize } of entries) sizeBytes += rawSize;
  return sizeBytes;
}
