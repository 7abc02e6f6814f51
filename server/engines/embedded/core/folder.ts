/** The data folder as a whole: creates and locks it, and verifies that this podlog can read its version. */
import { dirname, join } from 'node:path';
import { UsageError } from '../../../../shared/errors.ts';
import { errorCode, reasonOf } from '../../../../shared/system-error.ts';
import { createFile, type Disk, isFolder } from '../platform/disk.ts';
import {
  FOLDERS,
  QUARANTINE_FOLDER,
  SEGMENTS_FOLDER,
  SNAPSHOTS_FOLDER,
  VERSION_FILE,
  WAL_FOLDER,
  walFolder,
} from '../platform/filenames.ts';
import { type FolderLock, lockFolder } from '../platform/lock.ts';
import { manifestPaths } from './manifest-file.ts';
import { copyToQuarantine, type Damage } from './quarantine.ts';
import { listDays } from './segment-folders.ts';
import { expectNobodysElse, expectOurs, FORMAT_VERSION, readVersion } from './version-file.ts';

export interface OpenedFolder {
  readonly lock: FolderLock;
  /** What was wrong with its version file, which is repaired now. */
  readonly damages: readonly Damage[];
}

/**
 * @param lock  locks the folder for this process
 * @throws UsageError  it cannot be created, is in use, is of another version, or not podlog's alone
 */
export async function openFolder(disk: Disk, dataDir: string, lock = lockFolder): Promise<OpenedFolder> {
  try {
    await disk.makeFolder(dataDir);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  await expectLayout(disk, dataDir);
  await expectNobodysElse(disk, dataDir);
  await using undo = new AsyncDisposableStack();
  const held = undo.use(await lock(dataDir));
  try {
    if ((await disk.sizeOf(join(dataDir, VERSION_FILE))) === undefined) await syncFoldersAbove(disk, dataDir);
    const damage = await ensureVersion(disk, dataDir);
    await disk.makeFolder(walFolder(dataDir));
    await disk.makeFolder(join(dataDir, SEGMENTS_FOLDER));
    await disk.syncFolder(dataDir);
    undo.move();
    return { lock: held, damages: damage === undefined ? [] : [damage] };
  } catch (error) {
    throw error instanceof UsageError ? error : unusable(dataDir, error);
  }
}

/**
 * Asserts that folders are folders, and files are files.
 * @throws UsageError  which one is not, and what to do about it
 */
export async function expectLayout(disk: Disk, dataDir: string): Promise<void> {
  const expectKind = async (path: string, wanted: 'folder' | 'file'): Promise<void> => {
    if ((await disk.sizeOf(path)) === undefined || (await isFolder(disk, path)) === (wanted === 'folder')) return;
    const found = wanted === 'folder' ? 'a file' : 'a folder';
    throw new UsageError(`${path} is ${found}, where podlog has a ${wanted} of its own: move it elsewhere`, 1);
  };
  try {
    for (const path of FOLDERS.map((name) => join(dataDir, name))) await expectKind(path, 'folder');
    for (const path of [join(dataDir, VERSION_FILE), ...manifestPaths(dataDir)]) await expectKind(path, 'file');
    for (const { path } of (await listDays(disk, dataDir)).days) await expectKind(path, 'folder');
  } catch (error) {
    throw error instanceof UsageError ? error : unusable(dataDir, error);
  }
}

const FOLDERS_OF_ROWS = [WAL_FOLDER, SEGMENTS_FOLDER, QUARANTINE_FOLDER, SNAPSHOTS_FOLDER];

/** After this, files with rows that were removed stay removed after a power cut; those within a backup are not covered. */
export async function syncRemovals(disk: Disk, dataDir: string): Promise<void> {
  const folders = FOLDERS_OF_ROWS.map((name) => join(dataDir, name));
  const days = (await listDays(disk, dataDir)).days.map(({ path }) => path);
  for (const folder of [...folders, ...days]) {
    if ((await disk.sizeOf(folder)) !== undefined) await disk.syncFolder(folder);
  }
}

/**
 * A folder that was just created, or by a process that ended before it had written a version, must itself survive a
 * power cut.
 */
async function syncFoldersAbove(disk: Disk, path: string): Promise<void> {
  const above = dirname(path);
  if (above === path) return;
  try {
    await disk.syncFolder(above);
  } catch (error) {
    // A folder that cannot be read was not created by this process.
    if (errorCode(error) !== 'EACCES') throw error;
  }
  await syncFoldersAbove(disk, above);
}

/**
 * Writes the version file if it is not as it should be.
 * @returns what was wrong with it; undefined when nothing was
 */
async function ensureVersion(disk: Disk, dataDir: string): Promise<Damage | undefined> {
  const path = join(dataDir, VERSION_FILE);
  const found = await readVersion(disk, dataDir);
  if (found.kind === 'current') return undefined;
  if (found.kind === 'other') {
    const versions = `${JSON.stringify(found.text)}, this podlog reads ${JSON.stringify(FORMAT_VERSION.trim())}`;
    const advice = 'run that version, or name another folder';
    throw new UsageError(
      `the data folder ${dataDir} was written by another version of podlog: ${versions}; ${advice}`,
      1,
    );
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
  const path = error instanceof Error && 'path' in error ? String(error.path) : dataDir;
  const place = path === dataDir ? '' : `${path}: `;
  const reason = errorCode(error) === 'ENOENT' ? 'nothing can be made there; name another folder' : reasonOf(error);
  return new UsageError(`the data folder ${dataDir} cannot be used: ${place}${reason}`, 1, { cause: error });
}
