/**
 * Bytes that failed their checksum are set aside: copied to `quarantine/`, counted, reported, and no longer read. The
 * rest of the store goes on. A copy is named after where it came from, so setting aside twice leaves one copy.
 */
import { basename, join } from 'node:path';
import type { CorruptionError } from '../../shared/errors.ts';
import { type Disk, withFile } from './disk.ts';
import { QUARANTINE_FOLDER } from './filenames.ts';

/** What a part of the store reports about damage that it met. */
export interface Damage {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: string;
}

/** Copies the damaged bytes; best effort, as the disk may be full or failing. @returns where the copy is */
export async function copyToQuarantine(disk: Disk, dataDir: string, damage: Damage): Promise<string | undefined> {
  const folder = join(dataDir, QUARANTINE_FOLDER);
  const copyPath = join(folder, `${basename(damage.path)}-${damage.offset}`);
  try {
    await disk.makeFolder(folder);
    const bytes = await withFile(disk, damage.path, 'read', (file) => file.read(damage.offset, damage.sizeBytes));
    await disk.remove(copyPath);
    await withFile(disk, copyPath, 'create', (file) => file.write([bytes], 0));
    return copyPath;
  } catch {
    return undefined;
  }
}

export function damageOf(path: string, offset: number, sizeBytes: number, error: CorruptionError): Damage {
  return { path, offset, sizeBytes, reason: error.message };
}
