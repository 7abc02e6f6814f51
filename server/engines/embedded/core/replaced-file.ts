/** Files that each change replaces as a whole: saved views, ended sessions. */
import type { Logger } from 'pino';
import { CorruptionError } from '../../../../shared/errors.ts';
import { type Disk, isReadError } from '../platform/disk.ts';
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
