/** Makes the store's reference to a row group from its header. */
import { RowGroupTooLargeError } from '../../../../shared/errors.ts';
import type { DecodedSize } from '../../../../shared/row-group/decoded-size.ts';
import type { RowGroupInfo } from '../../../../shared/row-group/header.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import type { Batch } from '../../../../shared/wire.ts';
import { ROW_GROUP_DECODED_BYTES_MAX, ROW_GROUP_LINE_BYTES_MAX } from '../../../limits.ts';
import type { WalRowGroupRef } from '../segment/row-group-ref.ts';

export type BatchInfo = RowGroupInfo & { readonly decodedSize: DecodedSize };

/**
 * Checks the checksums of a batch's row group; undefined when the batch has none.
 * @throws CorruptionError
 */
export function verifyBatch(batch: Batch): BatchInfo | undefined {
  if (batch.rowGroup.length === 0) return undefined;
  const group = new RowGroup(batch.rowGroup);
  group.verifyPages();
  return { ...group.info, decodedSize: group.decodedSize() };
}

/** @throws RowGroupTooLargeError  it would take more memory than a row group may */
export function assertFits({ decodedSize: { allBytes }, lineBytes }: BatchInfo): void {
  if (allBytes > ROW_GROUP_DECODED_BYTES_MAX) {
    throw tooLarge(`${allBytes} bytes of memory`, `ROW_GROUP_DECODED_BYTES_MAX (${ROW_GROUP_DECODED_BYTES_MAX})`);
  }
  if (lineBytes > ROW_GROUP_LINE_BYTES_MAX) {
    throw tooLarge(`${lineBytes} bytes of lines`, `ROW_GROUP_LINE_BYTES_MAX (${ROW_GROUP_LINE_BYTES_MAX})`);
  }
}

function tooLarge(what: string, limit: string): RowGroupTooLargeError {
  return new RowGroupTooLargeError(`a row group of ${what} is more than ${limit}: send fewer lines at once`);
}

/**
 * @param recordEnd  end of the record in the file: a row group is the last part of its record
 * @param order  number of rows stored before
 * @param streams  those of the row group, as the store holds them
 */
export function rowGroupRef(
  info: BatchInfo,
  path: string,
  recordEnd: number,
  order: number,
  streams: readonly Labels[],
): WalRowGroupRef {
  return {
    path,
    offset: recordEnd - info.sizeBytes,
    sizeBytes: info.sizeBytes,
    decodedBytes: info.decodedSize.allBytes,
    rowCount: info.rowCount,
    lineBytes: info.lineBytes,
    baseDay: info.baseDay,
    minTimeNs: info.minTimeNs,
    maxTimeNs: info.maxTimeNs,
    order,
    streams,
  };
}

/** Returns the time of the newest line, in epoch milliseconds. */
export function newestTimeMs({ baseDay, maxTimeNs }: Pick<RowGroupInfo, 'baseDay' | 'maxTimeNs'>): number {
  return (baseDay * NS_PER_DAY + maxTimeNs) / 1e6;
}
