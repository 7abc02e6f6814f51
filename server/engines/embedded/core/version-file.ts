/**
 * `VERSION` identifies a folder as podlog's, and its format. When the file is missing or damaged, the folder is
 * podlog's if any other file proves it: a manifest, a WAL file or a segment whose checksum matches.
 */
import { join } from 'node:path';
import { CorruptionError, UsageError } from '../../../../shared/errors.ts';
import { type Disk, isReadError, withFile } from '../platform/disk.ts';
import { FOLDERS, SEGMENTS_FOLDER, VERSION_FILE, WAL_FOLDER, walFolder, walSequence } from '../platform/filenames.ts';
import { manifestPaths, readGenerations } from './manifest-file.ts';
import { type Damage, unreadable } from './quarantine.ts';
import { listSegments } from './segment-folders.ts';
import { readSegment } from '../segment/reader.ts';
import { decodeFileHeader, FILE_HEADER_BYTES } from '../wal/format.ts';

/** Incremented with every change that an older podlog would misread. */
export const FORMAT_VERSION = 'podlog data 1\n';

/** The content of the file in a folder of another podlog. */
const OTHER_VERSION = /^podlog data [1-9]\d{0,8}\n$/;

/**
 * - `current`  as this podlog writes it
 * - `other`    of another podlog
 * - `new`      the folder has nothing of a store, at most a file that a crash truncated when it was created
 * - `lost`     missing or damaged, and the folder has data
 */
export type FoundVersion =
  | { readonly kind: 'current' | 'new' }
  | { readonly kind: 'other'; readonly text: string }
  | { readonly kind: 'lost'; readonly damage: Damage };

export async function readVersion(disk: Disk, dataDir: string): Promise<FoundVersion> {
  const path = join(dataDir, VERSION_FILE);
  const lost = (sizeBytes: number, reason: string): FoundVersion => {
    return { kind: 'lost', damage: { path, offset: 0, sizeBytes, reason } };
  };
  try {
    if ((await disk.sizeOf(path)) === undefined) {
      return (await hasData(disk, dataDir)) ? lost(0, 'it is missing') : { kind: 'new' };
    }
    const text = (await disk.readFile(path)).toString('utf8');
    if (text === FORMAT_VERSION) return { kind: 'current' };
    if (OTHER_VERSION.test(text)) return { kind: 'other', text: text.trim() };
    if (FORMAT_VERSION.startsWith(text) && !(await hasData(disk, dataDir))) return { kind: 'new' };
    return lost(text.length, `it is ${JSON.stringify(text.slice(0, 40))} instead of ${JSON.stringify(FORMAT_VERSION)}`);
  } catch (error) {
    if (!isReadError(error)) throw error;
    return { kind: 'lost', damage: unreadable(path, 0, 0, error) };
  }
}

/** @throws UsageError  nothing proves that the folder is podlog's */
export async function expectOurs(disk: Disk, dataDir: string, { reason }: Damage): Promise<void> {
  if (await isOurs(disk, dataDir)) return;
  const advice = `restore the file ("${FORMAT_VERSION.trim()}" and a newline) if the folder is podlog's, or choose another`;
  throw new UsageError(
    `the data folder ${dataDir} has data, but no file ${VERSION_FILE} that is whole (${reason}), and no manifest, WAL file or segment of podlog that is: ${advice}`,
    1,
  );
}

/** Names of strangers' files that are shown; there may be millions. */
const STRANGERS_SHOWN = 3;
/** File systems make it in the root folder of a volume. */
const VOLUME_FOLDER = 'lost+found';

/**
 * A folder without a store must be empty otherwise, since it may have been named by mistake.
 * @throws UsageError  it has files that are not podlog's
 */
export async function expectNobodysElse(disk: Disk, dataDir: string): Promise<void> {
  if ((await readVersion(disk, dataDir)).kind !== 'new') return;
  const allowed = [...FOLDERS, VERSION_FILE, VOLUME_FOLDER];
  const strangers = (await disk.list(dataDir)).filter((name) => !allowed.includes(name)).toSorted();
  if (strangers.length === 0) return;
  const more = strangers.length > STRANGERS_SHOWN ? ` and ${strangers.length - STRANGERS_SHOWN} more` : '';
  const shown = strangers.slice(0, STRANGERS_SHOWN).join(', ');
  throw new UsageError(
    `the data folder ${dataDir} has files that are not podlog's (${shown}${more}): name an empty folder, or a new one`,
    1,
  );
}

async function hasData(disk: Disk, dataDir: string): Promise<boolean> {
  const names = await disk.list(dataDir);
  const ours = [WAL_FOLDER, SEGMENTS_FOLDER, ...manifestPaths('')];
  return names.some((name) => ours.includes(name));
}

/** Whether the checksum of any of podlog's files matches. */
export async function isOurs(disk: Disk, dataDir: string): Promise<boolean> {
  if ((await readGenerations(disk, dataDir)).newest !== undefined) return true;
  for (const name of await disk.list(walFolder(dataDir))) {
    if (walSequence(name) !== undefined && (await isWal(disk, join(walFolder(dataDir), name)))) return true;
  }
  for (const { path } of await listSegments(disk, dataDir)) if (await isSegment(disk, path)) return true;
  return false;
}

function isWal(disk: Disk, path: string): Promise<boolean> {
  return isReadable(async () => {
    const bytes = await withFile(disk, path, 'read', (file) => file.read(0, FILE_HEADER_BYTES));
    return decodeFileHeader(bytes) !== undefined;
  });
}

function isSegment(disk: Disk, path: string): Promise<boolean> {
  return isReadable(async () => {
    await readSegment(disk, path, (await disk.sizeOf(path)) ?? 0);
    return true;
  });
}

async function isReadable(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CorruptionError || isReadError(error)) return false;
    throw error;
  }
}
