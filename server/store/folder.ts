/** The data folder as a whole: made, locked, and of a version that this podlog can read. */
import { dirname, join } from 'node:path';
import { UsageError } from '../../shared/errors.ts';
import { createFile, type Disk, diskErrorCode } from './disk.ts';
import { SEGMENTS_FOLDER, VERSION_FILE, WAL_FOLDER, walFolder } from './filenames.ts';
import { type FolderLock, lockFolder } from './lock.ts';

/** Grows with every change that an older podlog would misread. */
export const FORMAT_VERSION = 'podlog data 1\n';

/**
 * @param lock  takes the folder for this process alone
 * @throws UsageError  it cannot be made, is in use, or is of another version
 */
export async function openFolder(disk: Disk, dataDir: string, lock = lockFolder): Promise<FolderLock> {
  try {
    await disk.makeFolder(dataDir);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  const held = await lock(dataDir);
  try {
    if ((await disk.sizeOf(join(dataDir, VERSION_FILE))) === undefined) await syncFoldersAbove(disk, dataDir);
    await checkVersion(disk, dataDir);
    await disk.makeFolder(walFolder(dataDir));
    await disk.makeFolder(join(dataDir, SEGMENTS_FOLDER));
    await disk.syncFolder(dataDir);
    return held;
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

async function checkVersion(disk: Disk, dataDir: string): Promise<void> {
  const path = join(dataDir, VERSION_FILE);
  if ((await disk.sizeOf(path)) !== undefined) {
    const found = (await disk.readFile(path)).toString('utf8');
    if (found === FORMAT_VERSION) return;
    // A crash between making and writing the file leaves it short, and the folder new.
    if (!FORMAT_VERSION.startsWith(found)) {
      const versions = `${JSON.stringify(found.trim().slice(0, 40))}, this podlog reads ${JSON.stringify(FORMAT_VERSION.trim())}`;
      throw new UsageError(`the data folder ${dataDir} was written by another version of podlog: ${versions}`, 1);
    }
    await disk.remove(path);
  } else if (await hasData(disk, dataDir)) {
    throw new UsageError(
      `the data folder ${dataDir} has data but no file ${VERSION_FILE}: restore it, or choose another`,
      1,
    );
  }
  await createFile(disk, path, FORMAT_VERSION);
  // Durable before anything else is: data without a version is refused.
  await disk.syncFolder(dataDir);
}

async function hasData(disk: Disk, dataDir: string): Promise<boolean> {
  const names = await disk.list(dataDir);
  return names.includes(WAL_FOLDER) || names.includes(SEGMENTS_FOLDER);
}

function unusable(dataDir: string, error: unknown): UsageError {
  const code = diskErrorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  const hint = code === 'EACCES' || code === 'EROFS' || code === 'EPERM' ? '; it must be writable by this user' : '';
  return new UsageError(`the data folder ${dataDir} cannot be used: ${reason}${hint}`, 1, { cause: error });
}
