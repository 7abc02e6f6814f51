/** The steps of a job that take lines out of files: of one live segment, and of what is beside the live ones. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { planForAll } from '../../../../store/search-plan.ts';
import { listBackups } from '../../core/backup.ts';
import { backupsFolder, segmentPath } from '../../platform/filenames.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { Store } from '../../core/store.ts';
import type { Disk } from '../../platform/disk.ts';
import type { lockFolder } from '../../platform/lock.ts';
import { eraseBackup } from './erase-backup.ts';
import type { EraseInput, EraseOutput } from './erase-segment.ts';
import type { ErasureJob } from '../../core/erasure-job.ts';
import { doneJob, type OpenJob, resultOf } from './open-job.ts';
import { eraseQuarantine } from './remains.ts';

export interface RewriteContext {
  readonly store: Pick<Store, 'manifest' | 'replaceSegments' | 'segments' | 'takeSequence'>;
  readonly dataDir: string;
  readonly disk: Disk;
  readonly lock: typeof lockFolder;
  readonly indexedFields: readonly string[];
  /** Runs `eraseSegment`, in a worker or in this thread; settles when it has ended, also when it was asked to stop. */
  readonly erase: (input: EraseInput, stop: AbortSignal) => Promise<EraseOutput>;
  /** Makes a job durable. */
  readonly save: (job: ErasureJob) => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
}

/** Returns segments that have rows of the scope; one that cannot be read may have some. */
export function segmentsInScope({ store, dataDir }: RewriteContext, { scope }: ErasureJob): ManifestSegment[] {
  const live = new Map(store.segments().map((segment) => [segment.path, segment]));
  return store.manifest.segments.filter(({ day, sequence }) => {
    const rowGroups = live.get(segmentPath(dataDir, day, sequence))?.rowGroups;
    if (rowGroups === undefined) return scope.orderFrom === 0 && sequence < scope.segmentBefore;
    return rowGroups.some(({ order }) => order >= scope.orderFrom && order < scope.orderBefore);
  });
}

/** Whether a live segment may still have rows of an erasure that is done again after a restore. */
export function isLeft(store: RewriteContext['store'], { job, restored }: OpenJob): boolean {
  if (restored === undefined || !restored.isAccepted) return restored !== undefined;
  const { orderFrom, orderBefore } = job.scope;
  return store.segments().some(({ sequence, rowGroups }) => {
    return !restored.erased.has(sequence) && rowGroups.some(({ order }) => order >= orderFrom && order < orderBefore);
  });
}

/** @throws errors of the disk and of damaged segments */
export async function rewriteLive(
  context: RewriteContext,
  open: OpenJob,
  segment: ManifestSegment,
  closing: AbortSignal,
): Promise<void> {
  const { store, dataDir, indexedFields, erase, save, log } = context;
  const { orderBefore } = open.job.scope;
  const plan = planForAll(open.job.filter!);
  const input = { dataDir, segment, plan, orderBefore, sequence: store.takeSequence(), indexedFields };
  const output = await erase(input, closing);
  const { sequence } = segment;
  if (output.kind === 'unchanged') {
    open.restored?.erased.add(sequence);
    return;
  }
  const others = open.job.rewritten.filter((each) => each.sequence !== sequence);
  open.job = { ...open.job, rewritten: [...others, { sequence, rowCount: output.erasedRows }] };
  await save(open.job);
  const path = segmentPath(dataDir, segment.day, sequence);
  await store.replaceSegments([{ path }], output.segment === undefined ? [] : [output.segment]);
  open.lookedAt.add(input.sequence);
  open.restored?.erased.add(input.sequence);
  if (output.unreadableRows > 0) {
    log.warn({ id: open.job.id, path, rows: output.unreadableRows }, 'erased rows that cannot be read');
  }
}

/** Erases from copies of broken bytes, and from backups. */
export async function eraseBeside(context: RewriteContext, open: OpenJob, closing: AbortSignal): Promise<void> {
  const { store, dataDir, disk, lock, indexedFields, erase, now } = context;
  const plan = planForAll(open.job.filter!);
  await eraseQuarantine(disk, dataDir, plan);
  for (const name of await listBackups(disk, dataDir)) {
    if (closing.aborted) return;
    await eraseBackup(join(backupsFolder(dataDir), name), {
      disk,
      lock,
      job: doneJob(open.job, resultOf(open, now())),
      takeSequence: () => store.takeSequence(),
      erase: (part) => erase({ ...part, plan, orderBefore: open.job.scope.orderBefore, indexedFields }, closing),
    });
  }
}
