/**
 * Checks a data folder that no server has open: its version and manifest, that the files named by the manifest exist
 * and no others, then every segment and WAL file. Yields findings as it goes, so that a check of a large folder shows
 * its progress, and can be cancelled.
 */
import { join } from 'node:path';
import { type Disk, isFolder, isReadError } from '../platform/disk.ts';
import { MANIFEST_FILE, MANIFEST_TEMPORARY_FILE, segmentPath, VERSION_FILE, walPath } from '../platform/filenames.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';
import { type Manifest, type ManifestSegment, missingWalFiles } from '../core/manifest.ts';
import { readGenerations } from '../core/manifest-file.ts';
import { unreadable } from '../core/quarantine.ts';
import { planRebuild } from '../core/rebuild.ts';
import { listDay, listDays } from '../core/segment-folders.ts';
import { FORMAT_VERSION, readVersion } from '../core/version-file.ts';
import type { CheckSegmentInput, CheckSegmentOutput } from './check-segment.ts';
import { checkWal, listWal } from './check-wal.ts';
import type { CheckSummary } from '../../../store/check.ts';
import { type CheckEvent, type Finding, type FindingKind, isProblem } from './finding.ts';

export interface CheckContext {
  readonly disk: Disk;
  readonly dataDir: string;
  /** Runs `checkSegment`, in a worker or in this thread. */
  readonly checkSegment: (input: CheckSegmentInput) => Promise<CheckSegmentOutput>;
  /** Returns what is wrong with the saved state of the senders, or undefined. */
  readonly stateProblem: (saved: JsonValue) => string | undefined;
}

/** The last event is `done`. @throws  errors of the disk */
export async function* checkFolder(context: CheckContext): AsyncGenerator<CheckEvent, CheckSummary> {
  const { disk, dataDir } = context;
  const counts = { segmentCount: 0, walFileCount: 0, rowGroupCount: 0, rowCount: 0, checkedBytes: 0, problemCount: 0 };
  const found = (finding: Finding): CheckEvent => {
    if (isProblem(finding)) counts.problemCount++;
    return { kind: 'finding', finding };
  };
  yield* (await checkVersion(disk, dataDir)).map(found);
  const { manifest, findings: ofManifest } = await checkManifest(disk, dataDir);
  yield* ofManifest.map(found);
  const wal = await listWal(disk, dataDir, manifest.walFrom);
  const unnamed = await unnamedFiles(disk, dataDir, manifest);
  for (const path of [...wal.leftovers, ...unnamed.leftovers]) {
    yield found(await wholeFile(disk, 'leftover', path, 'the manifest does not name it'));
  }
  for (const path of [...wal.foreign, ...unnamed.foreign]) {
    yield found(await wholeFile(disk, 'foreign', path, "it is not podlog's"));
  }
  yield* checkNumbers(dataDir, manifest).map(found);
  const stateProblem = context.stateProblem(manifest.positions);
  if (stateProblem !== undefined) {
    yield found(await wholeFile(disk, 'manifest', join(dataDir, MANIFEST_FILE), stateProblem));
  }
  const named = manifest.segments.map(({ day, sequence }) => segmentPath(dataDir, day, sequence));
  const totalBytes = await sizeOfAll(disk, [...named, ...wal.files.map(({ path }) => path)]);
  const progress = (): CheckEvent => ({ kind: 'progress', checkedBytes: counts.checkedBytes, totalBytes });
  for (const segment of manifest.segments) {
    const { findings, rowGroupCount, rowCount, sizeBytes } = await checkOrReport(context, segment);
    if (!findings.some(({ kind }) => kind === 'missing')) counts.segmentCount++;
    counts.rowGroupCount += rowGroupCount;
    counts.rowCount += rowCount;
    counts.checkedBytes += sizeBytes;
    yield* findings.map(found);
    yield progress();
  }
  const sequences = wal.files.map(({ sequence }) => sequence);
  const missing = new Set(missingWalFiles(manifest, sequences).map((sequence) => walPath(dataDir, sequence)));
  for await (const file of checkWal(disk, dataDir, wal.files, manifest.walFrom)) {
    counts.walFileCount++;
    counts.rowGroupCount += file.rowGroupCount;
    counts.rowCount += file.rowCount;
    counts.checkedBytes += file.sizeBytes;
    yield* file.findings.map(found);
    for (const { kind, path } of file.findings) if (kind === 'missing') missing.delete(path);
    yield progress();
  }
  // The header of the next file says more of those that it names.
  yield* [...missing].map(missingWal).map(found);
  yield { kind: 'done', summary: counts };
  return counts;
}

/** A segment that the disk cannot read must not keep the others from being checked. */
async function checkOrReport(
  { dataDir, checkSegment }: CheckContext,
  segment: ManifestSegment,
): Promise<CheckSegmentOutput> {
  try {
    return await checkSegment({ dataDir, segment });
  } catch (error) {
    if (!isReadError(error)) throw error;
    const { day, sequence, sizeBytes, rowCount } = segment;
    const { reason, path, offset } = unreadable(segmentPath(dataDir, day, sequence), 0, sizeBytes, error);
    const finding: Finding = { kind: 'segment', path, offset, sizeBytes, rowCount, what: reason };
    return { findings: [finding], rowGroupCount: 0, rowCount: 0, sizeBytes: 0 };
  }
}

async function checkVersion(disk: Disk, dataDir: string): Promise<Finding[]> {
  const found = await readVersion(disk, dataDir);
  switch (found.kind) {
    case 'current':
      return [];
    case 'lost': {
      const { path, offset, sizeBytes, reason } = found.damage;
      return [{ kind: 'version', path, offset, sizeBytes, rowCount: 0, what: reason }];
    }
    case 'new':
      return [await wholeFile(disk, 'version', join(dataDir, VERSION_FILE), 'it is missing, or was never finished')];
    case 'other': {
      const what = `it is of another podlog: ${JSON.stringify(found.text)} instead of ${JSON.stringify(FORMAT_VERSION.trim())}`;
      return [await wholeFile(disk, 'version', join(dataDir, VERSION_FILE), what)];
    }
  }
}

/**
 * Returns what is wrong with the two files of the manifest, and the manifest that is in force: rebuilt from all other
 * files when both are lost.
 */
async function checkManifest(disk: Disk, dataDir: string): Promise<{ manifest: Manifest; findings: Finding[] }> {
  const { newest, damages, readError } = await readGenerations(disk, dataDir);
  const findings = damages.map(({ reason, path, offset, sizeBytes }): Finding => {
    return { kind: 'generation', path, offset, sizeBytes, rowCount: 0, what: reason };
  });
  if (newest !== undefined) return { manifest: newest, findings };
  if (readError !== undefined) throw readError;
  if (findings.length === 0) {
    findings.push(
      await wholeFile(disk, 'generation', join(dataDir, MANIFEST_FILE), 'it is missing, and so is its copy'),
    );
  }
  const { manifest, damages: broken } = await planRebuild(disk, dataDir);
  for (const { path, offset, sizeBytes, reason } of broken) {
    findings.push({ kind: 'segment', path, offset, sizeBytes, rowCount: 0, what: reason });
  }
  return { manifest, findings };
}

interface Unnamed {
  /** Files that the next start removes: those of an interrupted flush or merge, or those that one replaced. */
  readonly leftovers: readonly string[];
  readonly foreign: readonly string[];
}

async function unnamedFiles(disk: Disk, dataDir: string, manifest: Manifest): Promise<Unnamed> {
  const named = new Set(manifest.segments.map(({ day, sequence }) => segmentPath(dataDir, day, sequence)));
  const { days, foreign: besideDays } = await listDays(disk, dataDir);
  const leftovers: string[] = [];
  const foreign = [...besideDays];
  for (const folder of days) {
    const listed = await listDay(disk, folder);
    for (const { path } of listed.segments) {
      if (!named.has(path)) ((await isFolder(disk, path)) ? foreign : leftovers).push(path);
    }
    foreign.push(...listed.foreign);
  }
  const temporary = join(dataDir, MANIFEST_TEMPORARY_FILE);
  if ((await disk.sizeOf(temporary)) !== undefined) leftovers.push(temporary);
  return { leftovers, foreign };
}

function missingWal(path: string): Finding {
  return { kind: 'missing', path, offset: 0, sizeBytes: 0, rowCount: 0, what: 'the manifest names this WAL file' };
}

/** Checks that no sequence is used twice. */
function checkNumbers(dataDir: string, { segments, nextSequence }: Manifest): Finding[] {
  const path = join(dataDir, MANIFEST_FILE);
  const seen = new Set<number>();
  return segments.flatMap(({ day, sequence, rowCount }) => {
    const what = seen.has(sequence)
      ? `it names the segment ${sequence} twice`
      : sequence >= nextSequence
        ? `it names the segment ${sequence} of ${day}, the next number is ${nextSequence}`
        : undefined;
    seen.add(sequence);
    return what === undefined ? [] : [{ kind: 'manifest', path, offset: 0, sizeBytes: 0, rowCount, what }];
  });
}

async function wholeFile(disk: Disk, kind: FindingKind, path: string, what: string): Promise<Finding> {
  return { kind, path, offset: 0, sizeBytes: (await disk.sizeOf(path)) ?? 0, rowCount: 0, what };
}

/** A file that cannot be read is reported when it is checked. */
async function sizeOfAll(disk: Disk, paths: readonly string[]): Promise<number> {
  let totalBytes = 0;
  for (const path of paths) totalBytes += (await disk.sizeOf(path).catch(zeroWhenUnreadable)) ?? 0;
  return totalBytes;
}

function zeroWhenUnreadable(error: unknown): number {
  if (isReadError(error)) return 0;
  throw error;
}
