/**
 * Merges segments of one day into one, or rewrites one without its expired rows. Runs in a worker thread: plain data
 * in, plain data out. Memory: see shared/row-group/merge/merge-sorted.ts.
 */
import { CorruptionError, MergeTooLargeError, type Unusable, unusableBy } from '../../../../../shared/errors.ts';
import type { Labels } from '../../../../../shared/labels.ts';
import { labelsDigest } from '../../../../../shared/labels-digest.ts';
import { mergeSorted, type SortedInput } from '../../../../../shared/row-group/merge/merge-sorted.ts';
import type { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../../../shared/row-group/verify.ts';
import { COMPACTION_DECODED_BYTES_MAX, COMPACTION_OPEN_BYTES_MAX } from '../../../../limits.ts';
import { taskKind } from '../../../../workers/task.ts';
import { type Disk, type DiskFile, isReadError, unreadableError, withFile } from '../../platform/disk.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import { mergedLineage } from '../../segment/lineage.ts';
import { readLineage } from '../../segment/reader.ts';
import { writeSegment } from '../../core/write-segment.ts';
import type { LiveSegment } from '../../core/recover.ts';
import { type BareRowGroupRef, withoutStreams } from '../../segment/row-group-ref.ts';

export interface CompactInput {
  readonly dataDir: string;
  /** As in `2026-11-23`; and in days since 1970. */
  readonly day: string;
  readonly dayNumber: number;
  readonly sequence: number;
  readonly level: number;
  readonly indexedFields: readonly string[];
  /** In order of arrival. */
  readonly segments: readonly CompactSegment[];
  /** By labelsDigest: rows of this stream that are older, in ns from the start of the day, are left out. */
  readonly cutoffsNs: ReadonlyMap<string, number>;
}

export interface CompactSegment {
  readonly path: string;
  readonly rowGroups: readonly BareRowGroupRef[];
  /** Streams of all row groups: each label set is sent once. */
  readonly streams: readonly Labels[];
}

export function compactSegment({ path, rowGroups, streams }: LiveSegment): CompactSegment {
  return { path, rowGroups: rowGroups.map(withoutStreams), streams };
}

export type CompactOutput =
  | {
      readonly kind: 'merged';
      /** Complete and durable, not yet named by a manifest; undefined when no row is left. */
      readonly segment: ManifestSegment | undefined;
      /** Number of rows that were left out. */
      readonly expiredRows: number;
    }
  /** The segments do not fit into memory together. Only for several segments. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'damaged'; readonly rowGroup: BareRowGroupRef; readonly why: Unusable };

export const COMPACT = taskKind<CompactInput, CompactOutput>('compact');

/**
 * @param isCancelled  asked at intervals
 * @throws CorruptionError  rows are in the wrong place, though all checksums match
 */
export async function compact(disk: Disk, input: CompactInput, isCancelled: () => boolean): Promise<CompactOutput> {
  const { segments } = input;
  const files: DiskFile[] = [];
  try {
    for (const { path } of segments) files.push(await disk.open(path, 'read'));
    return await merge(disk, input, files, isCancelled);
  } catch (error) {
    if (error instanceof MergeTooLargeError) return { kind: 'too-large' };
    const damaged =
      error instanceof CorruptionError || isReadError(error) ? await findDamaged(disk, segments) : undefined;
    if (damaged === undefined) throw error;
    return damaged;
  } finally {
    for (const file of files) await file.close();
  }
}

async function merge(
  disk: Disk,
  input: CompactInput,
  files: readonly DiskFile[],
  isCancelled: () => boolean,
): Promise<CompactOutput> {
  const { segments, dayNumber: day, level, cutoffsNs } = input;
  const rowCount = segments.flatMap(({ rowGroups }) => rowGroups).reduce((sum, each) => sum + each.rowCount, 0);
  const inputs = segments.map((segment, i) => inputOf(files[i]!, segment));
  const keep = cutoffsNs.size === 0 ? {} : { keep: (group: RowGroup) => keptRows(group, cutoffsNs) };
  const limits = { decodedBytesMax: COMPACTION_DECODED_BYTES_MAX, openBytesMax: COMPACTION_OPEN_BYTES_MAX };
  const groups = mergeSorted(inputs, { day, level, ...limits, ...keep });
  const orderFrom = Math.min(...segments.flatMap(({ rowGroups }) => rowGroups.map(({ order }) => order)));
  const lineages = await Promise.all(segments.map(({ path }) => readLineage(disk, path)));
  const lineage = mergedLineage(lineages, input.sequence);
  const segment = await writeSegment(
    disk,
    { ...input, orderFrom, storesTies: true, lineage },
    untilCancelled(groups, isCancelled),
  );
  const expiredRows = rowCount - (segment?.rowCount ?? 0);
  if (expiredRows < 0 || (expiredRows > 0 && cutoffsNs.size === 0)) {
    throw new RangeError(`BUG: ${rowCount} rows became ${rowCount - expiredRows} in a compaction`);
  }
  return { kind: 'merged', segment, expiredRows };
}

function inputOf(file: DiskFile, { rowGroups, streams }: CompactSegment): SortedInput {
  let index = 0;
  const next = async (): Promise<Uint8Array | undefined> => {
    const ref = rowGroups[index++];
    return ref === undefined ? undefined : file.read(ref.offset, ref.sizeBytes);
  };
  return { streams, next, origins: rowGroups };
}

function keptRows(group: RowGroup, cutoffsNs: ReadonlyMap<string, number>): Uint8Array | undefined {
  const cutoffs = group.info.streams.map((labels) => cutoffsNs.get(labelsDigest(labels)) ?? -Infinity);
  if (Math.max(...cutoffs) <= group.info.minTimeNs) return undefined;
  const codes = group.streamCodes();
  return Uint8Array.from(group.timesNs(), (timeNs, row) => (timeNs < cutoffs[codes[row]!]! ? 0 : 1));
}

async function* untilCancelled(
  groups: AsyncIterable<Uint8Array>,
  isCancelled: () => boolean,
): AsyncGenerator<Uint8Array> {
  for await (const group of groups) {
    if (isCancelled()) throw new Error('the compaction was stopped');
    yield group;
  }
}

/** Finds the first row group whose checksums do not match, or that cannot be read. */
async function findDamaged(disk: Disk, segments: readonly CompactSegment[]): Promise<CompactOutput | undefined> {
  for (const { path, rowGroups } of segments) {
    for (const rowGroup of rowGroups) {
      const why = await whyUnusable(disk, path, rowGroup);
      if (why !== undefined) return { kind: 'damaged', rowGroup, why };
    }
  }
  return undefined;
}

async function whyUnusable(disk: Disk, path: string, rowGroup: BareRowGroupRef): Promise<Unusable | undefined> {
  try {
    verifyRowGroup(await withFile(disk, path, 'read', (file) => file.read(rowGroup.offset, rowGroup.sizeBytes)));
    return undefined;
  } catch (error) {
    if (error instanceof CorruptionError) return unusableBy(error);
    if (isReadError(error)) return unusableBy(unreadableError(path, error));
    throw error;
  }
}
