/**
 * Reads a segment's description of its row groups: the tail, the directory and two sections, however large the segment
 * is. Scans read the row groups themselves.
 */
import { basename } from 'node:path';
import { CorruptionError } from '../../../../shared/errors.ts';
import { ROWS_MAX } from '../../../../shared/row-group/format.ts';
import { isTimeRange } from '../../../../shared/time.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { type Disk, withFile } from '../platform/disk.ts';
import { segmentSequence } from '../platform/filenames.ts';
import { decodeLineage, type Lineage, unknownLineage } from './lineage.ts';
import type { RowGroupRef } from './row-group-ref.ts';
import {
  decodeRowGroups,
  decodeStreams,
  decodeTies,
  indexesSection,
  SECTION_FIELD_NAMES,
  SECTION_LINEAGE,
  SECTION_LINEAGE_COPY,
  SECTION_ROW_GROUPS,
  SECTION_STREAMS,
  SECTION_TEXT_GRAMS,
  SECTION_TIES,
  type SegmentRowGroup,
} from './format.ts';
import { assertWithin, readDirectory, readSection, sectionOf } from './frame.ts';

export interface SegmentTables {
  readonly rowGroups: readonly RowGroupRef[];
  /** Streams of all row groups. */
  readonly streams: readonly Labels[];
}

/**
 * Reads the row groups of a segment, and its streams.
 * @param sizeBytes  as in the manifest
 * @param hold  returns the label sets to use in place of the segment's own; called when everything else has been read
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
  return withPath(path, () =>
    withFile(disk, path, 'read', async (file) => {
      const sections = await readDirectory(file, sizeBytes);
      const labelSets = decodeStreams(
        await readSection(file, sectionOf(sections, SECTION_STREAMS), 'the table of streams'),
      );
      const table = await readSection(file, sectionOf(sections, SECTION_ROW_GROUPS), 'the table of row groups');
      const rowGroups = decodeRowGroups(table);
      for (const rowGroup of rowGroups) assertRowGroup(rowGroup, sizeBytes, labelSets.length);
      const catalogue = indexesSection(sections);
      const fieldNames = sectionOf(sections, SECTION_FIELD_NAMES);
      const textGrams = sectionOf(sections, SECTION_TEXT_GRAMS);
      const indexes = catalogue && {
        path,
        ...catalogue,
        ...(fieldNames !== undefined && { fieldNames }),
        ...(textGrams !== undefined && { textGrams }),
      };
      const ties = sectionOf(sections, SECTION_TIES);
      const tiesFrom = ties === undefined ? undefined : decodeTies(await readSection(file, ties, 'the ties'));
      const streams = hold(labelSets);
      const refs = rowGroups.map((rowGroup, ordinal) => ({
        ...rowGroup,
        path,
        ...(indexes !== undefined && { indexed: { indexes, ordinal } }),
        ...(tiesFrom !== undefined && { tiesFrom }),
        streams: rowGroup.streams.map((index) => streams[index]!),
      }));
      return { rowGroups: refs, streams };
    }),
  );
}

/** Reads the copy where the first is damaged. @throws CorruptionError  with the path */
export function readLineage(disk: Disk, path: string): Promise<Lineage> {
  return withPath(path, async () => {
    const sizeBytes = (await disk.sizeOf(path)) ?? 0;
    return withFile(disk, path, 'read', async (file) => {
      const sections = await readDirectory(file, sizeBytes);
      let damage: CorruptionError | undefined;
      for (const kind of [SECTION_LINEAGE, SECTION_LINEAGE_COPY]) {
        const section = sectionOf(sections, kind);
        if (section === undefined) continue;
        try {
          return decodeLineage(await readSection(file, section, 'the lineage'));
        } catch (error) {
          if (!(error instanceof CorruptionError)) throw error;
          damage ??= error;
        }
      }
      if (damage !== undefined) throw damage;
      return unknownLineage(segmentSequence(basename(path)) ?? 0);
    });
  });
}

/** Adds the path to errors about the file's content. */
async function withPath<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CorruptionError) throw new CorruptionError(error.message, path, { cause: error });
    throw error;
  }
}

function assertRowGroup(rowGroup: SegmentRowGroup, fileBytes: number, streamCount: number): void {
  const { rowCount, baseDay, minTimeNs, maxTimeNs } = rowGroup;
  assertWithin(rowGroup, fileBytes, 'a row group');
  const hasRows = rowCount >= 1 && rowCount <= ROWS_MAX;
  if (!hasRows || !isTimeRange(baseDay, minTimeNs, maxTimeNs)) {
    throw new CorruptionError('the segment has a row group that cannot be');
  }
  const unknown = rowGroup.streams.find((stream) => stream >= streamCount);
  if (unknown !== undefined) throw new CorruptionError(`stream ${unknown} is missing`);
}
