/** Removes the files that a crash left behind at the next start, once no manifest can name them. */
import { join } from 'node:path';
import { type Disk, isFolder, isReadError } from '../platform/disk.ts';
import { MANIFEST_TEMPORARY_FILE, segmentPath, walFolder, walSequence } from '../platform/filenames.ts';
import type { Manifest } from './manifest.ts';
import { type DayFolder, listDay, listDays } from './segment-folders.ts';

/** Removes flushed WAL files, segments that the manifest does not name, and a half-written one. */
export async function removeLeftovers(disk: Disk, dataDir: string, manifest: Manifest): Promise<void> {
  await disk.remove(join(dataDir, MANIFEST_TEMPORARY_FILE));
  const named = new Set(manifest.segments.map(({ day, sequence }) => segmentPath(dataDir, day, sequence)));
  for (const folder of (await listDays(disk, dataDir)).days) {
    try {
      await removeUnnamed(disk, folder, named);
    } catch (error) {
      // They only take room; the next start retries.
      if (!isReadError(error)) throw error;
    }
  }
  // Last: a rebuild must not find the segments of a failed flush without the WAL file that it flushed.
  for (const name of await disk.list(walFolder(dataDir))) {
    const path = join(walFolder(dataDir), name);
    if ((walSequence(name) ?? Infinity) < manifest.walFrom && !(await isFolder(disk, path))) await disk.remove(path);
  }
}

async function removeUnnamed(disk: Disk, folder: DayFolder, named: ReadonlySet<string>): Promise<void> {
  const { segments, foreign } = await listDay(disk, folder);
  let left = foreign.length;
  for (const { path } of segments) {
    if (named.has(path) || (await isFolder(disk, path))) left++;
    else await disk.remove(path);
  }
  if (left === 0) await disk.remove(folder.path);
}
