/**
 * Repairs what a check found: broken parts go to quarantine/, everything else is kept, and a second check finds
 * nothing. Works on an open store, which has already recovered from a crash, and replaces segments as compaction does.
 */
import { CorruptionError, UnavailableError } from '../../../../shared/errors.ts';
import { segmentPath } from '../platform/filenames.ts';
import type { ManifestSegment } from '../core/manifest.ts';
import { copyToQuarantine, damageOf, keepWholeFile } from '../core/quarantine.ts';
import { type Lineage, mergedLineage, unknownLineage } from '../segment/lineage.ts';
import { readLineage } from '../segment/reader.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { Store } from '../core/store.ts';
import type { Finding } from './finding.ts';
import { bringBack, isQuarantined } from './bring-back.ts';
import { salvage } from './salvage.ts';
import { type RepairContext, type Repaired, writeRuns } from './write-runs.ts';

/**
 * Yields as it goes.
 * @throws  when a broken part could not be copied first; nothing of that file was changed then
 */
export async function* repairFolder(findings: readonly Finding[], context: RepairContext): AsyncGenerator<Repaired> {
  const ofWal = findings.filter(
    ({ kind, path }) => kind === 'wal-record' || (kind === 'missing' && path.endsWith('.wal')),
  );
  if (ofWal.length > 0) yield* repairWal(ofWal, context);
  const paths = new Set(findings.map(({ path }) => path));
  for (const segment of context.store.manifest.segments) {
    const path = segmentPath(context.dataDir, segment.day, segment.sequence);
    if (paths.delete(path)) yield await repairSegment(path, segment, context);
  }
  // To open the store has rebuilt a lost manifest, without the segments that it could not read.
  for (const path of paths) if (await isQuarantined(path, context)) yield await bringBack(path, context);
}

/**
 * Recovery has copied what it cannot read to quarantine/; the rest becomes segments, and the files are removed. A row
 * group that violates an invariant is mended by the merge; only when the flush fails is it quarantined.
 */
async function* repairWal(findings: readonly Finding[], context: RepairContext): AsyncGenerator<Repaired> {
  const { store, skipRetryWait } = context;
  const lost = new Map(findings.map(({ path }) => [path, 0]));
  try {
    await store.checkpoint();
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    for (const { path, rowCount } of await quarantineFound(findings, store)) {
      lost.set(path, (lost.get(path) ?? 0) + rowCount);
    }
    skipRetryWait();
    await store.checkpoint();
  }
  for (const [path, lostRows] of lost) yield { path, keptRows: 0, lostRows };
}

async function quarantineFound(findings: readonly Finding[], store: Store): Promise<RowGroupRef[]> {
  using snapshot = store.snapshot();
  const broken = snapshot.rowGroups.filter((rowGroup) => findings.some((finding) => covers(finding, rowGroup)));
  for (const rowGroup of broken) await store.quarantine(rowGroup, new CorruptionError('podlog check found it broken'));
  return broken;
}

function covers({ path, offset, sizeBytes }: Finding, rowGroup: RowGroupRef): boolean {
  return path === rowGroup.path && rowGroup.offset >= offset && rowGroup.offset < offset + sizeBytes;
}

function repairSegment(path: string, segment: ManifestSegment, context: RepairContext): Promise<Repaired> {
  const { disk, store } = context;
  return store.maintain(async () => {
    const old = [{ path }];
    const sizeBytes = await disk.sizeOf(path);
    if (sizeBytes === undefined) {
      await store.replaceSegments(old, []);
      return { path, keptRows: 0, lostRows: segment.rowCount };
    }
    const { salvaged, broken } = await salvage(disk, path, segment.day, sizeBytes);
    for (const { offset, sizeBytes: size, error } of broken) {
      await mustCopy(context, path, offset, size, error);
    }
    const keptRows = salvaged.reduce((sum, { group }) => sum + group.info.rowCount, 0);
    const named = broken.reduce((sum, { rowCount }) => sum + rowCount, keptRows);
    // Parts that no table names may be lost: then the whole file is worth keeping.
    if (named !== segment.rowCount) await keepWholeFile(disk, context.dataDir, path);
    const lineage = await lineageOf(path, segment.sequence, context);
    const added = await writeRuns(salvaged, segment.day, lineage, context);
    await store.replaceSegments(old, added);
    return { path, keptRows, lostRows: Math.max(0, segment.rowCount - keptRows) };
  });
}

async function mustCopy(
  { disk, dataDir }: RepairContext,
  path: string,
  offset: number,
  sizeBytes: number,
  error: CorruptionError,
): Promise<void> {
  const copy = await copyToQuarantine(disk, dataDir, damageOf(path, offset, sizeBytes, error));
  if (copy === undefined) throw new CorruptionError('it cannot be copied to quarantine/, so it stays as it is', path);
}

/** Returns the lineage of the segments that replace one, however many they are. */
async function lineageOf(path: string, sequence: number, { disk, store }: RepairContext): Promise<Lineage> {
  const job = store.takeSequence();
  try {
    return mergedLineage([await readLineage(disk, path)], job);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return mergedLineage([unknownLineage(sequence)], job);
  }
}
