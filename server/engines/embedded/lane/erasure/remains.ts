/** Files besides the live ones that may still hold erased rows once all live segments are rewritten. */
import { join } from 'node:path';
import { CorruptionError } from '../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { type Disk, isReadError } from '../../platform/disk.ts';
import { QUARANTINE_FOLDER, walFolder, walSequence } from '../../platform/filenames.ts';
import type { Manifest } from '../../core/manifest.ts';
import { mayMatch } from '../../scan/match-rows.ts';
import { listSegments } from '../../core/segment-folders.ts';
import type { Plan } from '../../../../store/search-plan.ts';
import type { Scope } from '../../core/erasure-job.ts';

/**
 * Lists files from before the request that no manifest names any more, but which still exist: snapshots may hold them.
 */
export async function filesToGo(disk: Disk, dataDir: string, manifest: Manifest, scope: Scope): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await disk.list(walFolder(dataDir))) {
    if ((walSequence(name) ?? Infinity) < scope.walBefore) paths.push(join(walFolder(dataDir), name));
  }
  const named = new Set(manifest.segments.map(({ sequence }) => sequence));
  for (const { sequence, path } of await listSegments(disk, dataDir)) {
    if (sequence < scope.segmentBefore && !named.has(sequence)) paths.push(path);
  }
  return paths;
}

/**
 * Removes copies of broken bytes. They cannot be searched, so all copies are removed except those of row groups whose
 * header excludes matching rows by its times and streams.
 */
export async function eraseQuarantine(disk: Disk, dataDir: string, plan: Plan): Promise<void> {
  const folder = join(dataDir, QUARANTINE_FOLDER);
  for (const name of await disk.list(folder)) {
    const path = join(folder, name);
    if (await mayHold(disk, path, plan)) await disk.remove(path);
  }
}

async function mayHold(disk: Disk, path: string, plan: Plan): Promise<boolean> {
  try {
    return mayMatch(new RowGroup(await disk.readFile(path)).info, plan);
  } catch (error) {
    if (error instanceof CorruptionError || isReadError(error)) return true;
    throw error;
  }
}
