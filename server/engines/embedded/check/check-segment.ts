/**
 * Checks that a segment satisfies every invariant of FORMAT.md#segment: every byte belongs to a row group, a section or
 * the frame; the tables agree with the row groups; the rows are sorted over all of the segment. Continues after a
 * broken part, so that one check finds everything. Runs in a worker thread on a server.
 */
import { labelsKey, type Labels } from '../../../../shared/labels.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { formatDay } from '../../../../shared/time.ts';
import { taskKind } from '../../../workers/task.ts';
import { type Disk, type DiskFile, withFile } from '../platform/disk.ts';
import { segmentPath } from '../platform/filenames.ts';
import type { ManifestSegment } from '../core/manifest.ts';
import {
  decodeRowGroups,
  decodeStreams,
  decodeTies,
  type Section,
  SECTION_KIND_REPEATED_MIN,
  SECTION_LINEAGE,
  SECTION_LINEAGE_COPY,
  SECTION_ROW_GROUPS,
  SECTION_STREAMS,
  SECTION_TIES,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  SEGMENT_TAIL_BYTES,
  type SegmentRowGroup,
} from '../segment/format.ts';
import { readDirectory, readSection, sectionOf } from '../segment/frame.ts';
import { decodeLineage, decompressPositions } from '../segment/lineage.ts';
import { asCorruption, checkRowGroup } from './check-row-group.ts';
import { IndexCheck } from './check-indexes.ts';
import type { Finding, Report } from './finding.ts';

export interface CheckSegmentInput {
  readonly dataDir: string;
  readonly segment: ManifestSegment;
}

export interface CheckSegmentOutput {
  readonly findings: readonly Finding[];
  readonly rowGroupCount: number;
  /** Rows of the row groups that can be read. */
  readonly rowCount: number;
  /** 0 when it is missing. */
  readonly sizeBytes: number;
}

export const CHECK_SEGMENT = taskKind<CheckSegmentInput, CheckSegmentOutput>('check-segment');

interface Tables {
  readonly sections: readonly Section[];
  readonly streams: readonly Labels[];
  readonly rowGroups: readonly SegmentRowGroup[];
}

/**
 * @param isCancelled  asked before each row group
 * @throws  when it was cancelled
 */
export async function checkSegment(
  disk: Disk,
  { dataDir, segment }: CheckSegmentInput,
  isCancelled: () => boolean = () => false,
): Promise<CheckSegmentOutput> {
  const path = segmentPath(dataDir, segment.day, segment.sequence);
  const findings: Finding[] = [];
  const report: Report = (kind, what, { offset, sizeBytes, rowCount }) => {
    findings.push({ kind, path, offset, sizeBytes, rowCount, what });
  };
  const whole = { offset: 0, sizeBytes: segment.sizeBytes, rowCount: segment.rowCount };
  const sizeBytes = await disk.sizeOf(path);
  if (sizeBytes === undefined) {
    report('missing', 'the manifest names this segment', whole);
    return { findings, rowGroupCount: 0, rowCount: 0, sizeBytes: 0 };
  }
  if (sizeBytes !== segment.sizeBytes) {
    report('segment', `it has ${sizeBytes} bytes, the manifest says ${segment.sizeBytes}`, { ...whole, sizeBytes });
    return { findings, rowGroupCount: 0, rowCount: 0, sizeBytes };
  }
  return withFile(disk, path, 'read', async (file) => {
    try {
      const tables = await readTables(file, segment);
      checkExtents(tables, sizeBytes);
      for (const kind of [SECTION_LINEAGE, SECTION_LINEAGE_COPY]) await checkLineage(file, tables, kind, report);
      const indexes = await IndexCheck.open(file, tables.sections, report);
      let readable = 0;
      let rowCount = 0;
      await checkRowGroups(file, segment, tables, { report, isCancelled }, (ordinal, group) => {
        readable++;
        rowCount += group.info.rowCount;
        indexes.add(ordinal, group);
      });
      // Without all row groups, the right content of the indexes is unknown; a repair rebuilds them.
      if (readable === tables.rowGroups.length) await indexes.compare(readable);
      return { findings, rowGroupCount: readable, rowCount, sizeBytes };
    } catch (error) {
      if (isCancelled()) throw error;
      report('segment', asCorruption(error).message, whole);
      return { findings, rowGroupCount: 0, rowCount: 0, sizeBytes };
    }
  });
}

/**
 * Reads the frame, the two tables that every segment has, and all else that it cannot be read without.
 * @throws CorruptionError
 */
async function readTables(file: DiskFile, { sizeBytes, rowCount }: ManifestSegment): Promise<Tables> {
  const sections = await readDirectory(file, sizeBytes);
  const head = await file.read(0, SEGMENT_HEADER_BYTES);
  if (head.readUInt32LE(0) !== SEGMENT_MAGIC) throw new CorruptionError('the segment does not begin with "PLS1"');
  const read = (kind: number, what: string): Promise<Buffer> => readSection(file, sectionOf(sections, kind), what);
  const streams = decodeStreams(await read(SECTION_STREAMS, 'the table of streams'));
  const rowGroups = decodeRowGroups(await read(SECTION_ROW_GROUPS, 'the table of row groups'));
  const ties = sectionOf(sections, SECTION_TIES);
  if (ties !== undefined) decodeTies(await readSection(file, ties, 'the ties'));
  const rows = rowGroups.reduce((sum, each) => sum + each.rowCount, 0);
  if (rows !== rowCount) throw new CorruptionError(`the row groups have ${rows} rows, the manifest says ${rowCount}`);
  return { sections, streams, rowGroups };
}

/** Row groups, sections and directory lie end to end: bytes between them would never be checked. */
function checkExtents({ sections, rowGroups }: Tables, fileBytes: number): void {
  const single = sections.map(({ kind }) => kind).filter((kind) => kind < SECTION_KIND_REPEATED_MIN);
  if (new Set(single).size < single.length) throw new CorruptionError('a section twice');
  let end = SEGMENT_HEADER_BYTES;
  for (const { offset, sizeBytes } of [...rowGroups, ...sections.toSorted((a, b) => a.offset - b.offset)]) {
    if (offset !== end)
      throw new CorruptionError(
        `bytes ${Math.min(offset, end)} to ${Math.max(offset, end)} are of nothing, or of two things`,
      );
    end += sizeBytes;
  }
  if (end > fileBytes - SEGMENT_TAIL_BYTES) throw new CorruptionError('a section reaches into the directory');
}

/** Older segments have none, or no copy. */
async function checkLineage(file: DiskFile, { sections }: Tables, kind: number, report: Report): Promise<void> {
  const section = sectionOf(sections, kind);
  if (section === undefined) return;
  try {
    const { state } = decodeLineage(await readSection(file, section, 'the lineage'));
    if (state !== undefined) decompressPositions(state.positions);
  } catch (error) {
    report('lineage', asCorruption(error).message, { ...section, rowCount: 0 });
  }
}

/** Checks the row groups; yields those that can be read, by their place in the table. */
async function checkRowGroups(
  file: DiskFile,
  { day }: ManifestSegment,
  tables: Tables,
  { report, isCancelled }: { readonly report: Report; readonly isCancelled: () => boolean },
  onReadable: (ordinal: number, group: RowGroup) => void,
): Promise<void> {
  let reachedNs = -Infinity;
  for (const [ordinal, ref] of tables.rowGroups.entries()) {
    if (isCancelled()) throw new Error('the check was stopped');
    try {
      const group = checkRowGroup(await file.read(ref.offset, ref.sizeBytes), 'segment');
      checkAgreement(group, ref, tables.streams);
      if (formatDay(group.info.baseDay) !== day) throw new CorruptionError(`it is of ${formatDay(group.info.baseDay)}`);
      checkStreamOrder(group);
      if (group.info.minTimeNs < reachedNs) {
        throw new CorruptionError('it begins before the previous row group ends');
      }
      reachedNs = group.info.maxTimeNs;
      onReadable(ordinal, group);
    } catch (error) {
      report('row-group', `row group ${ordinal}: ${asCorruption(error).message}`, ref);
    }
  }
}

/**
 * A query uses the table to decide whether it opens a row group.
 * @throws CorruptionError
 */
function checkAgreement({ info }: RowGroup, ref: SegmentRowGroup, streams: readonly Labels[]): void {
  for (const name of ['rowCount', 'lineBytes', 'baseDay', 'minTimeNs', 'maxTimeNs'] as const) {
    if (info[name] !== ref[name]) {
      throw new CorruptionError(`${name} is ${info[name]}, the table of row groups says ${ref[name]}`);
    }
  }
  const named = ref.streams.map((stream) => {
    const labels = streams[stream];
    if (labels === undefined) throw new CorruptionError(`stream ${stream} is not in the table of streams`);
    return labelsKey(labels);
  });
  const own = info.streams.map((labels) => labelsKey(labels));
  if (named.toSorted().join('\n') !== own.toSorted().join('\n')) {
    throw new CorruptionError('its streams are others than those in the table of row groups');
  }
}

/** @throws CorruptionError */
export function checkStreamOrder({ info }: RowGroup): void {
  const keys = info.streams.map((labels) => labelsKey(labels));
  for (let i = 1; i < keys.length; i++) {
    if (keys[i]! <= keys[i - 1]!) throw new CorruptionError('its streams are not sorted');
  }
}
