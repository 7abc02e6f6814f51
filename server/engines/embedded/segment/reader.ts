/**
 * Reads what a segment says about its row groups: the tail, the directory and two sections, however large the segment
 * is. The row groups themselves are read by whoever scans them.
 */
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptionError } from '../../../../shared/errors.ts';
import { ROWS_MAX } from '../../../../shared/row-group/format.ts';
import { isTimeRange } from '../../../../shared/time.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { type Disk, type DiskFile, withFile } from '../platform/disk.ts';
import { segmentSequence } from '../core/filenames.ts';
import { decodeLineage, type Lineage, unknownLineage } from './lineage.ts';
import type { RowGroupRef } from '../core/snapshot.ts';
import {
  decodeDirectory,
  decodeRowGroups,
  decodeStreams,
  indexesSection,
  type Section,
  SECTION_LINEAGE,
  SECTION_ROW_GROUPS,
  SECTION_STREAMS,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  SEGMENT_TAIL_BYTES,
  type SegmentRowGroup,
} from './format.ts';

export interface SegmentTables {
  readonly rowGroups: readonly RowGroupRef[];
  /** Of all row groups. */
  readonly streams: readonly Labels[];
}

/**
 * The row groups of a segment, and its streams.
 * @param sizeBytes  as the manifest has it
 * @param hold  gives the label sets to use in place of the segment's own; called when all else has been read
 * @throws CorruptionError  with the path
 */
export async function readSegment(
  disk: Disk,
  path: string,
  sizeBytes: number,
  hold: (labelSets: readonly Labels[]) => readonly Labels[] = (labelSets) => labelSets,
): Promise<SegmentTables> {
  const actualBytes = await disk.sizeOf(path);
  if (actualBytes === undefined) throw new CorruptionError('the segment is missing', path);
  if (actualBytes !== sizeBytes) {
    throw new CorruptionError(`the segment has ${actualBytes} bytes, the manifest says ${sizeBytes}`, path);
  }
  const file = await disk.open(path, 'read');
  try {
    const directory = await readDirectory(file, sizeBytes);
    for (const section of directory) checkWithin(section, sizeBytes, `section ${section.kind}`);
    const labelSets = decodeStreams(await readSection(file, directory, SECTION_STREAMS));
    const rowGroups = decodeRowGroups(await readSection(file, directory, SECTION_ROW_GROUPS));
    for (const rowGroup of rowGroups) checkRowGroup(rowGroup, sizeBytes, labelSets.length);
    const catalogue = indexesSection(directory);
    const indexes = catalogue === undefined ? undefined : { path, ...catalogue };
    const streams = hold(labelSets);
    const refs = rowGroups.map((rowGroup, ordinal) => ({
      ...rowGroup,
      path,
      ...(indexes !== undefined && { indexed: { indexes, ordinal } }),
      streams: rowGroup.streams.map((index) => streams[index]!),
    }));
    return { rowGroups: refs, streams };
  } catch (error) {
    if (error instanceof CorruptionError) throw new CorruptionError(error.message, path, { cause: error });
    throw error;
  } finally {
    await file.close();
  }
}

/** @throws CorruptionError  with the path */
export async function readLineage(disk: Disk, path: string): Promise<Lineage> {
  try {
    const sizeBytes = (await disk.sizeOf(path)) ?? 0;
    return await withFile(disk, path, 'read', async (file) => {
      const directory = await readDirectory(file, sizeBytes);
      const section = directory.find(({ kind }) => kind === SECTION_LINEAGE);
      if (section === undefined) return unknownLineage(segmentSequence(basename(path)) ?? 0);
      checkWithin(section, sizeBytes, 'the lineage');
      return decodeLineage(await readSection(file, directory, SECTION_LINEAGE));
    });
  } catch (error) {
    if (error instanceof CorruptionError) throw new CorruptionError(error.message, path, { cause: error });
    throw error;
  }
}

async function readDirectory(file: DiskFile, sizeBytes: number): Promise<Section[]> {
  if (sizeBytes < SEGMENT_HEADER_BYTES + SEGMENT_TAIL_BYTES) throw new CorruptionError('too short for a segment');
  const tail = await file.read(sizeBytes - SEGMENT_TAIL_BYTES, SEGMENT_TAIL_BYTES);
  if (tail.readUInt32LE(8) !== SEGMENT_MAGIC) throw new CorruptionError('the segment does not end with "PLS1"');
  const directoryBytes = tail.readUInt32LE(0);
  const offset = sizeBytes - SEGMENT_TAIL_BYTES - directoryBytes;
  if (offset < SEGMENT_HEADER_BYTES) throw new CorruptionError('the directory is larger than the segment');
  return decodeDirectory(checked(await file.read(offset, directoryBytes), tail.readUInt32LE(4), 'the directory'));
}

async function readSection(file: DiskFile, directory: readonly Section[], kind: number): Promise<Buffer> {
  const { offset, sizeBytes, checksum } = known(
    directory.find((section) => section.kind === kind),
    `section ${kind}`,
  );
  return checked(await file.read(offset, sizeBytes), checksum, `section ${kind}`);
}

/** Nobody asks for more bytes than the file has, and so for more memory. */
function checkWithin(
  part: { readonly offset: number; readonly sizeBytes: number },
  fileBytes: number,
  what: string,
): void {
  if (part.offset + part.sizeBytes > fileBytes) throw new CorruptionError(`${what} lies outside of the segment`);
}

function checkRowGroup(rowGroup: SegmentRowGroup, fileBytes: number, streamCount: number): void {
  const { rowCount, baseDay, minTimeNs, maxTimeNs } = rowGroup;
  checkWithin(rowGroup, fileBytes, 'a row group');
  const hasRows = rowCount >= 1 && rowCount <= ROWS_MAX;
  if (!hasRows || !isTimeRange(baseDay, minTimeNs, maxTimeNs)) {
    throw new CorruptionError('the segment has a row group that cannot be');
  }
  const unknown = rowGroup.streams.find((stream) => stream >= streamCount);
  if (unknown !== undefined) throw new CorruptionError(`stream ${unknown} is missing`);
}

function checked(bytes: Buffer, checksum: number, what: string): Buffer {
  if (crc32(bytes) !== checksum) throw new CorruptionError(`the checksum of ${what} does not match`);
  return bytes;
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new CorruptionError(`${what} is missing`);
  return value;
}
