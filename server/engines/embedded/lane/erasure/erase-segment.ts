/**
 * Rewrites a segment without the rows that match a filter. Row groups that have none are copied unchanged; the others
 * are encoded again, so that no dictionary, range or index keeps a value of an erased row. Does not use the indexes:
 * rows must go even when an index is broken. Runs in a worker thread.
 */
import { CorruptionError } from '../../../../../shared/errors.ts';
import { mergeRowGroups } from '../../../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../../../shared/row-group/verify.ts';
import { SEGMENT_ZSTD_LEVEL } from '../../../../limits.ts';
import { taskKind } from '../../../../workers/task.ts';
import { type Disk, type DiskFile, withFile } from '../../platform/disk.ts';
import { segmentPath } from '../../platform/filenames.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import { copyToQuarantine, damageOf } from '../../core/quarantine.ts';
import type { Plan } from '../../../../store/search-plan.ts';
import { matchRows, mayMatch } from '../../scan/match-rows.ts';
import { mergedLineage } from '../../segment/lineage.ts';
import { readLineage, readSegment } from '../../segment/reader.ts';
import { writeSegment } from '../../core/write-segment.ts';
import type { RowGroupRef } from '../../segment/row-group-ref.ts';

export interface EraseInput {
  readonly dataDir: string;
  readonly segment: ManifestSegment;
  readonly plan: Plan;
  /** Row groups of this `order` or a higher one stay. */
  readonly orderBefore: number;
  /** Sequence of the new segment. */
  readonly sequence: number;
  readonly indexedFields: readonly string[];
}

export type EraseOutput =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'rewritten';
      /** Complete and durable; undefined when no row is left. */
      readonly segment: ManifestSegment | undefined;
      readonly erasedRows: number;
      /** Rows of unreadable row groups, which are left out: they may hold matching rows. */
      readonly unreadableRows: number;
    };

export const ERASE = taskKind<EraseInput, EraseOutput>('erase');

/** What remains of a row group: the rows with a 1, all rows, or none because it is damaged or cannot be read. */
type Remainder =
  { readonly kind: 'keep' } | { readonly kind: 'some'; readonly kept: Uint8Array } | { readonly kind: 'drop' };

/**
 * @param isCancelled  asked before each row group
 * @throws CorruptionError  the tables of the segment cannot be read
 */
export async function eraseSegment(
  disk: Disk,
  input: EraseInput,
  isCancelled: () => boolean = () => false,
): Promise<EraseOutput> {
  const { dataDir, segment, plan, orderBefore } = input;
  const path = segmentPath(dataDir, segment.day, segment.sequence);
  const { rowGroups: refs } = await readSegment(disk, path, segment.sizeBytes);
  // No merge mixes rows from before the request with later ones, so all of a segment is on one side.
  if (!refs.some((ref) => ref.order < orderBefore && mayMatch(ref, plan))) return { kind: 'unchanged' };
  return withFile(disk, path, 'read', async (file) => {
    const remainders: Remainder[] = [];
    for (const ref of refs) {
      if (isCancelled()) throw new Error('the erasure was stopped');
      remainders.push(await judge(file, ref, plan));
    }
    if (remainders.every(({ kind }) => kind === 'keep')) return { kind: 'unchanged' };
    return rewrite(disk, input, { file, refs, remainders, isCancelled });
  });
}

/** @throws RangeError  its checksums match, and its rows cannot be told apart all the same: nothing of it is erased */
async function judge(file: DiskFile, ref: RowGroupRef, plan: Plan): Promise<Remainder> {
  if (!mayMatch(ref, plan)) return { kind: 'keep' };
  let group: RowGroup;
  try {
    group = await readGroup(file, ref);
  } catch (error) {
    if (error instanceof CorruptionError) return { kind: 'drop' };
    throw error;
  }
  const rows = matchUndamaged(group, plan);
  if (rows.length === 0) return { kind: 'keep' };
  const kept = new Uint8Array(group.info.rowCount).fill(1);
  for (const row of rows) kept[row] = 0;
  return { kind: 'some', kept };
}

function matchUndamaged(group: RowGroup, plan: Plan): Uint32Array {
  try {
    return matchRows(group, plan);
  } catch (cause) {
    if (!(cause instanceof CorruptionError)) throw cause;
    throw new RangeError(`BUG: an undamaged row group cannot be searched: ${cause.message}`, { cause });
  }
}

async function readGroup(file: DiskFile, { offset, sizeBytes }: RowGroupRef): Promise<RowGroup> {
  const bytes = await file.read(offset, sizeBytes);
  verifyRowGroup(bytes);
  return new RowGroup(bytes);
}

interface Source {
  readonly file: DiskFile;
  readonly refs: readonly RowGroupRef[];
  /** One for each of them. */
  readonly remainders: readonly Remainder[];
  readonly isCancelled: () => boolean;
}

async function rewrite(disk: Disk, input: EraseInput, source: Source): Promise<EraseOutput> {
  const { dataDir, segment, sequence, indexedFields } = input;
  const unreadable = { rowCount: 0 };
  const orderFrom = Math.min(...source.refs.map(({ order }) => order));
  const path = segmentPath(dataDir, segment.day, segment.sequence);
  const lineage = mergedLineage([await readLineage(disk, path)], sequence);
  const storesTies = source.refs.every(({ tiesFrom }) => tiesFrom !== undefined);
  const target = { dataDir, day: segment.day, sequence, indexedFields, orderFrom, storesTies, lineage };
  const written = await writeSegment(disk, target, remains(disk, dataDir, source, unreadable));
  const erasedRows = segment.rowCount - unreadable.rowCount - (written?.rowCount ?? 0);
  return { kind: 'rewritten', segment: written, erasedRows, unreadableRows: unreadable.rowCount };
}

/** Yields the encoded remains of the row groups; adds to `unreadable` the rows of those that could not be read. */
async function* remains(
  disk: Disk,
  dataDir: string,
  { file, refs, remainders, isCancelled }: Source,
  unreadable: { rowCount: number },
): AsyncGenerator<Uint8Array> {
  for (const [index, ref] of refs.entries()) {
    if (isCancelled()) throw new Error('the erasure was stopped');
    const remainder = remainders[index]!;
    if (remainder.kind === 'some') {
      const group = await readGroup(file, ref);
      const { kept } = remainder;
      const options = { day: group.info.baseDay, level: SEGMENT_ZSTD_LEVEL, keep: () => kept };
      yield* mergeRowGroups([group], ref.tiesFrom === undefined ? options : { ...options, origins: [ref] });
      continue;
    }
    const bytes = remainder.kind === 'keep' ? await copied(disk, dataDir, file, ref) : undefined;
    if (bytes === undefined) unreadable.rowCount += ref.rowCount;
    else yield bytes;
  }
}

/** An unreadable row group whose times and streams exclude matching rows is worth keeping in quarantine. */
async function copied(disk: Disk, dataDir: string, file: DiskFile, ref: RowGroupRef): Promise<Uint8Array | undefined> {
  const bytes = await file.read(ref.offset, ref.sizeBytes);
  try {
    verifyRowGroup(bytes);
    return bytes;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    await copyToQuarantine(disk, dataDir, damageOf(ref.path, ref.offset, ref.sizeBytes, error));
    return undefined;
  }
}
