/** Which lines bytes of the store's files stand for: what may be lost with them. */
import { CorruptionError } from '../../shared/errors.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { decodeBatch } from '../../shared/wire.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import { RECORD_HEADER_BYTES, syncedBytesAt } from '../../server/engines/embedded/wal/format.ts';
import { scanWal } from '../../server/engines/embedded/wal/reader.ts';

/** Texts of the lines in all records that begin at or behind an offset. */
export function linesOfRecords(bytes: Buffer, from: number): string[] {
  return scanWal(bytes, bytes.length)
    .records.filter(({ offset }) => offset - RECORD_HEADER_BYTES >= from)
    .flatMap(({ payload }) => linesOfBatch(payload));
}

/** Of the last group that has lines: they are in doubt when the mark behind them and the header of the next file are lost. */
export function linesOfLastGroup(bytes: Buffer): string[] {
  const last = scanWal(bytes, bytes.length).records.findLast(({ payload }) => linesOfBatch(payload).length > 0);
  return last === undefined ? [] : linesOfRecords(bytes, syncedBytesAt(bytes, last.offset - RECORD_HEADER_BYTES));
}

/** True when no line lies at or behind an offset: the mark of the last group may, which then is lost. */
export function isBehindRows(bytes: Buffer, offset: number): boolean {
  const { records } = scanWal(bytes, bytes.length);
  const last = records.findLast(({ payload }) => linesOfBatch(payload).length > 0);
  return last !== undefined && offset >= last.offset + last.payload.length;
}

/**
 * Texts of the lines of the record that has this byte.
 * @param isBehind  of the records behind it instead: they are lost with it when it is taken for torn
 */
export function linesInWal(bytes: Buffer, offset: number, isBehind = false): string[] {
  const { records } = scanWal(bytes, bytes.length);
  return records
    .filter(({ offset: at, payload }) => {
      const start = at - RECORD_HEADER_BYTES;
      return isBehind ? offset < start : start <= offset && offset < at + payload.length;
    })
    .flatMap(({ payload }) => linesOfBatch(payload));
}

function linesOfBatch(payload: Buffer): string[] {
  const { rowGroup } = decodeBatch(payload);
  return rowGroup.length === 0 ? [] : textsOf(rowGroup);
}

/** Texts of the lines of the row group that has this byte; without one, all of the segment's. */
export function linesInSegment(bytes: Buffer, rowGroups: readonly RowGroupRef[], offset: number): string[] {
  const hit = rowGroups.filter((ref) => isWithin(ref, offset));
  const lost = hit.length > 0 ? hit : rowGroups;
  return lost.flatMap((ref) => textsOf(bytes.subarray(ref.offset, ref.offset + ref.sizeBytes)));
}

export function isWithin(ref: RowGroupRef, offset: number): boolean {
  return ref.offset <= offset && offset < ref.offset + ref.sizeBytes;
}

/** None when the row group is damaged already: its lines were counted as lost then. */
function textsOf(rowGroup: Uint8Array): string[] {
  try {
    const group = new RowGroup(rowGroup);
    const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
    const { bytes, offsets } = group.lines(rows);
    return rows.map((row) => bytes.toString('utf8', offsets[row], offsets[row + 1]));
  } catch (error) {
    if (error instanceof CorruptionError) return [];
    throw error;
  }
}
