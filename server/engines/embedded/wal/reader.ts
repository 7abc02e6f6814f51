/**
 * Separates the records of a WAL file from what a crash or a failing disk left between and after them. Pure: bytes in,
 * ranges out; see core/recover.ts for how they are handled.
 */
import type { DurableSize } from './chain.ts';
import {
  FILE_HEADER_BYTES,
  isMarkAt,
  PAYLOAD_MAGIC,
  RECORD_HEADER_BYTES,
  recordBytesAt,
  syncedBytesAt,
} from './format.ts';

export interface WalRecord {
  /** Where the payload begins in the file. */
  readonly offset: number;
  readonly payload: Buffer;
}

/** Bytes that were durable records once and fail their checksum now. */
export interface BrokenRange {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface WalScan {
  readonly records: readonly WalRecord[];
  readonly broken: readonly BrokenRange[];
  /** The rest of the file from here on never became durable. */
  readonly durableBytes: number;
  /** Bytes after them, not counting a mark, which means nothing there. */
  readonly tornBytes: number;
  /**
   * Records that may have been acknowledged or refused: the last group of a file whose end is unknown, where no mark
   * follows it.
   */
  readonly doubtful: BrokenRange | undefined;
}

/**
 * Every valid record of a file, and every range between them that is not one.
 *
 * A file whose durable size is known is wholly valid up to it, or broken. In the newest file it is not known: a crash
 * may have torn the last group of records that was being written, and only that. Each record says up to where the file
 * was durable when it was written, so a range below what the last valid record says is broken; the first one above it
 * is torn, and with it all that follows: those records belong to the same group and were not acknowledged either, and
 * keeping them without the torn one would leave a hole in their files' positions. The last group is known to be durable
 * when a mark follows it (see encodeMark): then nothing of it is torn.
 *
 * In a file before the newest whose end is unknown, all of the last group is in doubt, unless a mark follows it: it may
 * have been refused, sent again, and be in a later file, too. Records that were refused name the size before them, so they
 * never lie below the size that the last valid record names.
 *
 * @param durableSize  see durableSizeOf
 */
export function scanWal(bytes: Buffer, durableSize: DurableSize): WalScan {
  const { doubtful, ...scan } = scanUpTo(bytes, durableSize);
  const isMark = scan.durableBytes < bytes.length && isMarkAt(bytes, scan.durableBytes);
  const restBytes = isMark || doubtful !== undefined ? 0 : Math.max(0, bytes.length - scan.durableBytes);
  return { ...scan, tornBytes: restBytes, doubtful: isMark ? undefined : doubtful };
}

type ScanUpTo = Omit<WalScan, 'tornBytes'>;

function scanUpTo(bytes: Buffer, durableSize: DurableSize): ScanUpTo {
  const end = typeof durableSize === 'number' ? Math.min(durableSize, bytes.length) : bytes.length;
  const { records, gaps } = splitRecords(bytes, end);
  if (typeof durableSize === 'number') {
    if (durableSize > end) gaps.push({ offset: end, sizeBytes: durableSize - end });
    return { records, broken: gaps, durableBytes: durableSize, doubtful: undefined };
  }
  const last = records.at(-1);
  const syncedBytes = last === undefined ? FILE_HEADER_BYTES : syncedBytesAt(bytes, last.offset - RECORD_HEADER_BYTES);
  if (durableSize === 'unknown') return upTo(Math.min(syncedBytes, end), end, records, gaps);
  const torn = gaps.find(({ offset }) => offset >= syncedBytes);
  return { ...upTo(torn?.offset ?? end, end, records, gaps), doubtful: undefined };
}

/** Splits the ranges of the file at `size`. */
function upTo(size: number, end: number, records: readonly WalRecord[], gaps: readonly BrokenRange[]): ScanUpTo {
  return {
    records: records.filter(({ offset }) => offset < size),
    broken: gaps
      .filter(({ offset }) => offset < size)
      .map(({ offset, sizeBytes }) => ({ offset, sizeBytes: Math.min(sizeBytes, size - offset) })),
    durableBytes: size,
    doubtful: size < end ? { offset: size, sizeBytes: end - size } : undefined,
  };
}

/**
 * Bytes that look like a record after a broken one are verified by their checksum, over the size that they claim. Bytes
 * that are verified in vain, as a multiple of the file. Beyond: the rest of the file is broken; only a file crafted for
 * it comes to that.
 */
const VAIN_CHECKS_MAX = 64;

function splitRecords(bytes: Buffer, end: number): { records: WalRecord[]; gaps: BrokenRange[] } {
  const budget = { bytes: VAIN_CHECKS_MAX * bytes.length };
  const records: WalRecord[] = [];
  const gaps: BrokenRange[] = [];
  let at = Math.min(FILE_HEADER_BYTES, end);
  while (at < end) {
    const recordBytes = recordBytesAt(bytes, at, end);
    if (recordBytes > 0) {
      records.push({
        offset: at + RECORD_HEADER_BYTES,
        payload: bytes.subarray(at + RECORD_HEADER_BYTES, at + recordBytes),
      });
      at += recordBytes;
    } else {
      const next = nextRecord(bytes, at + 1, end, budget);
      gaps.push({ offset: at, sizeBytes: next - at });
      at = next;
    }
  }
  return { records, gaps };
}

/** Returns the offset of the first valid record at or after `from`, or `end`. */
function nextRecord(bytes: Buffer, from: number, end: number, budget: { bytes: number }): number {
  let magic = bytes.indexOf(PAYLOAD_MAGIC, from + RECORD_HEADER_BYTES);
  while (magic !== -1 && magic < end) {
    const offset = magic - RECORD_HEADER_BYTES;
    if (budget.bytes < 0) return end;
    if (recordBytesAt(bytes, offset, end) > 0) return offset;
    const claimedBytes = bytes.readUInt32LE(offset + 4);
    if (claimedBytes <= end - offset) budget.bytes -= claimedBytes;
    magic = bytes.indexOf(PAYLOAD_MAGIC, magic + 1);
  }
  return end;
}
