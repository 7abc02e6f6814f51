/**
 * Tells the records of a WAL file from what a crash or a failing disk left between and behind them. Pure: bytes in,
 * ranges out; see ../recover.ts for what is done about them.
 */
import { FILE_HEADER_BYTES, PAYLOAD_MAGIC, RECORD_HEADER_BYTES, recordBytesAt, syncedBytesAt } from './format.ts';

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
  /** What lies in the file from here on never became durable. */
  readonly durableBytes: number;
}

/**
 * Every valid record of a file, and every range between them that is not one.
 *
 * A file whose durable size is known is wholly valid up to it, or broken. In the newest file it is not known: a crash
 * may have torn the last group of records that was being written, and only that. Each record says up to where the file
 * was durable when it was written, so a range below what the last valid record says is broken; the first one above it
 * is torn, and with it all that follows: those records belong to the same group and were not acknowledged either, and
 * keeping them without the torn one would leave a hole in their files' positions.
 *
 * @param durableBytes  as the next file's header has it; undefined for the newest file
 */
export function scanWal(bytes: Buffer, durableBytes: number | undefined): WalScan {
  const end = Math.min(durableBytes ?? bytes.length, bytes.length);
  const { records, gaps } = splitRecords(bytes, end);
  if (durableBytes !== undefined) {
    if (durableBytes > end) gaps.push({ offset: end, sizeBytes: durableBytes - end });
    return { records, broken: gaps, durableBytes };
  }
  const last = records.at(-1);
  const syncedBytes = last === undefined ? FILE_HEADER_BYTES : syncedBytesAt(bytes, last.offset - RECORD_HEADER_BYTES);
  const torn = gaps.find(({ offset }) => offset >= syncedBytes);
  if (torn === undefined) return { records, broken: gaps, durableBytes: end };
  return {
    records: records.filter(({ offset }) => offset < torn.offset),
    broken: gaps.filter(({ offset }) => offset < torn.offset),
    durableBytes: torn.offset,
  };
}

function splitRecords(bytes: Buffer, end: number): { records: WalRecord[]; gaps: BrokenRange[] } {
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
      const next = nextRecord(bytes, at + 1, end);
      gaps.push({ offset: at, sizeBytes: next - at });
      at = next;
    }
  }
  return { records, gaps };
}

/** Offset of the first valid record at or behind `from`, or `end`. */
function nextRecord(bytes: Buffer, from: number, end: number): number {
  let magic = bytes.indexOf(PAYLOAD_MAGIC, from + RECORD_HEADER_BYTES);
  while (magic !== -1 && magic < end) {
    const offset = magic - RECORD_HEADER_BYTES;
    if (recordBytesAt(bytes, offset, end) > 0) return offset;
    magic = bytes.indexOf(PAYLOAD_MAGIC, magic + 1);
  }
  return end;
}
