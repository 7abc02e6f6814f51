/** Erases from a backup (see core/backup.ts): it is a data folder of its own, which no server has open. */
import { PodlogError } from '../../../../../shared/errors.ts';
import type { Disk } from '../../platform/disk.ts';
import { segmentPath, walFolder } from '../../platform/filenames.ts';
import { syncRemovals } from '../../core/folder.ts';
import type { lockFolder } from '../../platform/lock.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import { openManifest } from '../../core/manifest-file.ts';
import { listSegments } from '../../core/segment-folders.ts';
import type { EraseInput, EraseOutput } from './erase-segment.ts';
import { type ErasureJob, JobFiles, jobPath } from '../../core/erasure-job.ts';

export interface EraseBackupContext {
  readonly disk: Disk;
  readonly lock: typeof lockFolder;
  /** The job as it is once it is done. */
  readonly job: ErasureJob;
  /** Returns a sequence for a new segment: no file of the backup has it. */
  readonly takeSequence: () => number;
  readonly erase: (part: Pick<EraseInput, 'dataDir' | 'segment' | 'sequence'>) => Promise<EraseOutput>;
}

/** @throws PodlogError  a server writes to the backup, or did */
export async function eraseBackup(dataDir: string, context: EraseBackupContext): Promise<void> {
  const { disk, lock, job, takeSequence, erase } = context;
  if ((await disk.list(walFolder(dataDir))).length > 0) {
    const message = `the snapshot ${dataDir} was written to by a server: remove it, or copy it elsewhere`;
    throw new PodlogError('PODLOG_SNAPSHOT_CHANGED', 409, message);
  }
  await using _ = await lock(dataDir);
  const manifest = await openManifest(disk, dataDir);
  const { segments, orderFrom, erasures } = manifest.current;
  // Where it runs again, most backups are from before what has arrived since.
  const isDone = (erasures?.[job.id] ?? -1) >= orderFrom;
  for (const segment of isDone ? [] : segments) {
    const sequence = takeSequence();
    const output = await erase({ dataDir, segment, sequence });
    if (output.kind === 'unchanged') continue;
    await manifest.update((before) => ({
      ...before,
      nextSequence: Math.max(before.nextSequence, sequence + 1),
      segments: replaced(before.segments, segment, output.segment),
    }));
  }
  if (job.remembered !== undefined) {
    await manifest.update((before) => ({
      ...before,
      erasures: { ...before.erasures, [job.id]: Math.min(job.scope.orderBefore, before.orderFrom) },
    }));
    await new JobFiles(disk, dataDir).save(job);
  }
  // Also removes what a crash left of an earlier attempt.
  await removeUnnamed(disk, dataDir, manifest.current.segments);
  await syncRemovals(disk, dataDir);
}

/** Leaves no value of the filter in a backup. */
export async function forgetInBackup(disk: Disk, dataDir: string, job: ErasureJob): Promise<void> {
  if ((await disk.sizeOf(jobPath(dataDir, job.id))) !== undefined) await new JobFiles(disk, dataDir).save(job);
}

function replaced(
  segments: readonly ManifestSegment[],
  old: ManifestSegment,
  rewritten: ManifestSegment | undefined,
): ManifestSegment[] {
  const others = segments.filter(({ sequence }) => sequence !== old.sequence);
  return rewritten === undefined ? others : [...others, rewritten];
}

async function removeUnnamed(disk: Disk, dataDir: string, segments: readonly ManifestSegment[]): Promise<void> {
  const named = new Set(segments.map(({ day, sequence }) => segmentPath(dataDir, day, sequence)));
  for (const { path } of await listSegments(disk, dataDir)) if (!named.has(path)) await disk.remove(path);
}
