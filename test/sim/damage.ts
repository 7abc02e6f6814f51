/** Which lines one byte of a file stands for: what may be lost with it. */
import { CorruptionError } from '../../shared/errors.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { decodeBatch } from '../../shared/wire.ts';
import type { RowGroupRef } from '../../server/store/snapshot.ts';
import { FILE_HEADER_BYTES } from '../../server/store/wal/format.ts';
import { scanWal } from '../../server/store/wal/reader.ts';

/** Texts of the lines of the record that has this byte; and, as the newest records may be torn, of those behind it. */
export function linesInWal(bytes: Buffer, offset: number): string[] {
  const { records } = scanWal(bytes, bytes.length);
  return records
    .filter((record) => offset < record.offset + record.payload.length && offset >= FILE_HEADER_BYTES)
    .flatMap(({ payload }) => {
      const { rowGroup } = decodeBatch(payload);
      return rowGroup.length === 0 ? [] : textsOf(rowGroup);
    });
}

/** Texts of the lines of the row group that has this byte; without one, all of the segment's. */
export function linesInSegment(bytes: Buffer, rowGroups: readonly RowGroupRef[], offset: number): string[] {
  const hit = rowGroups.filter((ref) => ref.offset <= offset && offset < ref.offset + ref.sizeBytes);
  const lost = hit.length > 0 ? hit : rowGroups;
  return lost.flatMap((ref) => textsOf(bytes.subarray(ref.offset, ref.offset + ref.sizeBytes)));
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
