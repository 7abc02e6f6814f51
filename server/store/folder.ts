/** The data folder as a whole: made, locked, and of a version that this podlog can read. */
import { dirname, join } from 'node:path';
import { UsageError } from '../../shared/errors.ts';
import { createFile, type Disk, diskErrorCode } from './disk.ts';
import { SEGMENTS_FOLDER, VERSION_FILE, walFolder } from './filenames.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { copyToQuarantine, type Damage } from './quarantine.ts';
import { expectOurs, FORMAT_VERSION, readVersion } from './version-file.ts';

export interface OpenedFolder {
  readonly lock: FolderLock;
  /** What was wrong with its version, which is whole now. */
  readonly damages: readonly Damage[];
}

/**
 * @param lock  takes the folder for this process alone
 * @throws UsageError  it cannot be made, is in use, is of another version, or not podlog's
 */
export async function openFolder(disk: Disk, dataDir: string, lock = lockFolder): Promise<OpenedFolder> {
  try {
    await disk.makeFolder(dataDir);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  const held = await lock(dataDir);
  try {
    if ((await disk.sizeOf(join(dataDir, VERSION_FILE))) === undefined) await syncFoldersAbove(disk, dataDir);
    const damage = await ensureVersion(disk, dataDir);
    await disk.makeFolder(walFolder(dataDir));
    await disk.makeFolder(join(dataDir, SEGMENTS_FOLDER));
    await disk.syncFolder(dataDir);
    return { lock: held, damages: damage === undefined ? [] : [damage] };
  } catch (error) {
    await held.release();
    throw error instanceof UsageError ? error : unusable(dataDir, error);
  }
}

/** After this, files of the WAL and segments that were removed are not back after a power cut. */
export async function syncRemovals(disk: Disk, dataDir: string): Promise<void> {
  const segments = join(dataDir, SEGMENTS_FOLDER);
  const days = (await disk.list(segments)).map((day) => join(segments, day));
  for (const folder of [walFolder(dataDir), segments, ...days]) await disk.syncFolder(folder);
}

/** A folder that was made just now, or by a process that ended before it had a version, must itself survive a power cut. */
async function syncFoldersAbove(disk: Disk, path: string): Promise<void> {
  const above = dirname(path);
  if (above === path) return;
  try {
    await disk.syncFolder(above);
  } catch (error) {
    // What cannot be read was not made by this process.
    if (diskErrorCode(error) !== 'EACCES') throw error;
  }
  await syncFoldersAbove(disk, above);
}

/** Makes the file where it is not what it should be. @returns what was wrong with it; undefined when nothing was */
async function ensureVersion(disk: Disk, dataDir: string): Promise<Damage | undefined> {
  const path = join(dataDir, VERSION_FILE);
  const found = await readVersion(disk, dataDir);
  if (found.kind === 'current') return undefined;
  if (found.kind === 'other') {
    const versions = `${JSON.stringify(found.text)}, this podlog reads ${JSON.stringify(FORMAT_VERSION.trim())}`;
    throw new UsageError(`the data folder ${dataDir} was written by another version of podlog: ${versions}`, 1);
  }
  if (found.kind === 'lost') {
    await expectOurs(disk, dataDir, found.damage);
    if (found.damage.sizeBytes > 0) await copyToQuarantine(disk, dataDir, found.damage);
  }
  await disk.remove(path);
  await createFile(disk, path, FORMAT_VERSION);
  // Durable before anything else is: data without a version must be proven to be podlog's.
  await disk.syncFolder(dataDir);
  return found.kind === 'lost' ? found.damage : undefined;
}

function unusable(dataDir: string, error: unknown): UsageError {
  const code = diskErrorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  const hint = code === 'EACCES' || code === 'EROFS' || code === 'EPERM' ? '; it must be writable by this user' : '';
  return new UsageError(`the data folder ${dataDir} cannot be used: ${reason}${hint}`, 1, { cause: error });
}
