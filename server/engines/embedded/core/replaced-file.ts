/** Files that each change replaces as a whole: saved views, ended sessions. */
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { CorruptionError, UnavailableError } from '../../../../shared/errors.ts';
import { RETRY_AFTER_DISK_SECONDS } from '../../../limits.ts';
import { type Disk, isReadError } from '../platform/disk.ts';
import { replaceJsonFile } from '../platform/json-file.ts';
import { copyToQuarantine, linkToQuarantine } from './quarantine.ts';

export interface ReplacedFile<T> {
  readonly dataDir: string;
  readonly path: string;
  /** @throws CorruptionError */
  readonly decode: (text: string) => T;
  /** What is logged where the file cannot be read: that, and what follows. */
  readonly unreadable: string;
}

/**
 * Reads a file at a start. One that is damaged or unreadable is quarantined, because the next change replaces it, and it
 * may be readable later.
 * @returns undefined when it is missing; null when it cannot be read
 */
export async function readReplacedFile<T extends object>(
  disk: Disk,
  { dataDir, path, decode, unreadable }: ReplacedFile<T>,
  log: Pick<Logger, 'error'>,
): Promise<T | undefined | null> {
  await disk.remove(`${path}.tmp`);
  const sizeBytes = await disk.sizeOf(path);
  if (sizeBytes === undefined) return undefined;
  try {
    return decode((await disk.readFile(path)).toString('utf8'));
  } catch (err) {
    if (!(err instanceof CorruptionError || isReadError(err))) throw err;
    const copy =
      err instanceof CorruptionError
        ? await copyToQuarantine(disk, dataDir, { path, offset: 0, sizeBytes, reason: err.message })
        : await linkToQuarantine(disk, dataDir, path);
    log.error({ err, path, copy }, unreadable);
    return null;
  }
}

/**
 * Replaces a file with a text, durably. One writer at a time.
 * @param failure  what has not happened, for the error
 * @throws UnavailableError  the disk fails
 */
export async function writeReplacedFile(disk: Disk, path: string, text: string, failure: string): Promise<void> {
  try {
    await replaceJsonFile(disk, path, text, `${path}.tmp`);
    await disk.syncFolder(dirname(path));
  } catch (cause) {
    throw new UnavailableError(`the disk is full or fails: ${failure}`, RETRY_AFTER_DISK_SECONDS, { cause });
  }
}
