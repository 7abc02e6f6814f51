/** Writes row groups of one day, sorted, as a segment; used by flush and compaction. */
import { verifyRowGroup } from '../../../../shared/row-group/verify.ts';
import type { Disk } from '../platform/disk.ts';
import { segmentPath } from '../platform/filenames.ts';
import type { ManifestSegment } from './manifest.ts';
import type { Lineage } from '../segment/lineage.ts';
import { SegmentWriter } from '../segment/writer.ts';

export interface NewSegment {
  readonly dataDir: string;
  /** As in `2026-11-23`. */
  readonly day: string;
  readonly sequence: number;
  /** Fields whose values get an index. */
  readonly indexedFields: readonly string[];
  /** Number of rows that were stored before the first one. */
  readonly orderFrom: number;
  /** Whether the row groups have the arrivals of their ties. */
  readonly storesTies: boolean;
  readonly lineage: Lineage;
}

/**
 * Resolves when the file is complete and durable; no manifest names it yet. When it rejects there is no file.
 * @returns undefined, and no file, when there is no row group
 */
export async function writeSegment(
  disk: Disk,
  { dataDir, day, sequence, indexedFields, orderFrom, storesTies, lineage }: NewSegment,
  rowGroups: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<ManifestSegment | undefined> {
  const path = segmentPath(dataDir, day, sequence);
  await disk.remove(path);
  const writer = await SegmentWriter.create(disk, path, indexedFields);
  try {
    let rowCount = 0;
    for await (const bytes of rowGroups) {
      const info = verifyRowGroup(bytes);
      await writer.add(bytes, { ...info, order: orderFrom + rowCount });
      rowCount += info.rowCount;
    }
    if (rowCount === 0) {
      await writer.abandon();
      return undefined;
    }
    return { day, sequence, sizeBytes: await writer.finish(lineage, storesTies ? orderFrom : undefined), rowCount };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
