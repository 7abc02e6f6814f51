/**
 * Writes a segment again without the rows that a filter asks for. Row groups that have none are copied as they are; the
 * others are encoded anew, so that no dictionary, range or index keeps a value of a row that is gone. Does not use the
 * indexes: rows must go even when an index is broken. Runs in a worker thread.
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { mergeRowGroups } from '../../../shared/row-group/merge.ts';
import { RowGroup, verifyRowGroup } from '../../../shared/row-group/reader.ts';
import { SEGMENT_ZSTD_LEVEL } from '../../limits.ts';
import { taskKind } from '../../workers/task.ts';
import { type Disk, type DiskFile, withFile } from '../disk.ts';
import { segmentPath } from '../filenames.ts';
import type { ManifestSegment } from '../manifest.ts';
import { copyToQuarantine, damageOf } from '../quarantine.ts';
import type { Plan } from '../scan/plan.ts';
import { matchRows, mayMatch } from '../scan/match-rows.ts';
import { readSegment } from '../segment/reader.ts';
import { SegmentWriter } from '../segment/writer.ts';
import type { RowGroupRef } from '../snapshot.ts';
import { StreamTable } from '../stream-table.ts';

export interface EraseInput {
  readonly dataDir: string;
  readonly segment: ManifestSegment;
  readonly plan: Plan;
  /** Row groups of this `order` or a higher one stay. */
  readonly orderBefore: number;
  /** Of the new segment. */
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
      /** Of row groups that cannot be read, which are left out: nobody can show that they do not hold such a row. */
      readonly unreadableRows: number;
    };

export const ERASE = taskKind<EraseInput, EraseOutput>('erase');

/** What becomes of a row group: 1 for each row that stays, all of them, or none because it cannot be read. */
type Verdict =
  { readonly kind: 'keep' } | { readonly kind: 'some'; readonly kept: Uint8Array } | { readonly kind: 'drop' };

/** @throws CorruptionError  the tables of the segment cannot be read */
export async function eraseSegment(disk: Disk, input: EraseInput): Promise<EraseOutput> {
  const { dataDir, segment, plan, orderBefore } = input;
  const path = segmentPath(dataDir, segment.day, segment.sequence);
  const refs = await readSegment(disk, path, segment.sizeBytes, new StreamTable());
  // No merge mixes rows of before the request with later ones, so the segment is all of one sort.
  if (!refs.some((ref) => ref.order < orderBefore && mayMatch(ref, plan))) return { kind: 'unchanged' };
  return withFile(disk, path, 'read', async (file) => {
    const verdicts: Verdict[] = [];
    for (const ref of refs) verdicts.push(await judge(file, ref, plan));
    if (verdicts.every(({ kind }) => kind === 'keep')) return { kind: 'unchanged' };
    return rewrite(disk, input, file, refs, verdicts);
  });
}

async function judge(file: DiskFile, ref: RowGroupRef, plan: Plan): Promise<Verdict> {
  if (!mayMatch(ref, plan)) return { kind: 'keep' };
  try {
    const group = await readGroup(file, ref);
    const rows = matchRows(group, plan);
    if (rows.length === 0) return { kind: 'keep' };
    const kept = new Uint8Array(group.info.rowCount).fill(1);
    for (const row of rows) kept[row] = 0;
    return { kind: 'some', kept };
  } catch (error) {
    if (error instanceof CorruptionError) return { kind: 'drop' };
    throw error;
  }
}

async function readGroup(file: DiskFile, { offset, sizeBytes }: RowGroupRef): Promise<RowGroup> {
  const bytes = await file.read(offset, sizeBytes);
  verifyRowGroup(bytes);
  return new RowGroup(bytes);
}

async function rewrite(
  disk: Disk,
  { dataDir, segment: { day }, sequence, indexedFields }: EraseInput,
  file: DiskFile,
  refs: readonly RowGroupRef[],
  verdicts: readonly Verdict[],
): Promise<EraseOutput> {
  const path = segmentPath(dataDir, day, sequence);
  await disk.remove(path);
  const writer = await SegmentWriter.create(disk, path, indexedFields);
  let rowCount = 0;
  let erasedRows = 0;
  let unreadableRows = 0;
  try {
    for (const [index, ref] of refs.entries()) {
      let order = ref.order;
      for (const bytes of await remains(disk, dataDir, file, ref, verdicts[index]!)) {
        const info = verifyRowGroup(bytes);
        await writer.add(bytes, { ...info, order });
        order += info.rowCount;
      }
      const left = order - ref.order;
      rowCount += left;
      if (verdicts[index]!.kind === 'some') erasedRows += ref.rowCount - left;
      else unreadableRows += ref.rowCount - left;
    }
    if (rowCount === 0) {
      await writer.abandon();
      return { kind: 'rewritten', segment: undefined, erasedRows, unreadableRows };
    }
    const sizeBytes = await writer.finish();
    return { kind: 'rewritten', segment: { day, sequence, sizeBytes, rowCount }, erasedRows, unreadableRows };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** What is left of a row group, encoded. */
async function remains(
  disk: Disk,
  dataDir: string,
  file: DiskFile,
  ref: RowGroupRef,
  verdict: Verdict,
): Promise<Iterable<Uint8Array>> {
  switch (verdict.kind) {
    case 'keep':
      return copied(disk, dataDir, file, ref);
    case 'some': {
      const group = await readGroup(file, ref);
      const { kept } = verdict;
      return mergeRowGroups([group], { day: group.info.baseDay, level: SEGMENT_ZSTD_LEVEL, keep: () => kept });
    }
    case 'drop':
      return [];
  }
}

/** A row group that cannot be read, but by its times and streams has no such row, is worth keeping in quarantine. */
async function copied(disk: Disk, dataDir: string, file: DiskFile, ref: RowGroupRef): Promise<Uint8Array[]> {
  const bytes = await file.read(ref.offset, ref.sizeBytes);
  try {
    verifyRowGroup(bytes);
    return [bytes];
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    await copyToQuarantine(disk, dataDir, damageOf(ref.path, ref.offset, ref.sizeBytes, error));
    return [];
  }
}
