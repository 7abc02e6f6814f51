/**
 * Secrets of the store, each in a file of hexadecimal digits that only the server's own user may read: `cursor.key`
 * seals cursors (../../../store/cursor.ts), `session.key` signs sessions (../../../store/sessions.ts). Where a file is lost
 * or damaged there is a new key: what the old one has sealed is refused, and nothing else depends on it. Backups have none.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { CURSOR_KEY_BYTES } from '../../../store/cursor.ts';
import { SESSION_KEY_BYTES } from '../../../store/sessions.ts';
import { createFile, type Disk } from '../platform/disk.ts';
import { CURSOR_KEY_FILE, SESSION_KEY_FILE } from '../platform/filenames.ts';

export interface SecretKey {
  readonly file: string;
  readonly sizeBytes: number;
  /** What it seals, for the log. */
  readonly sealed: string;
}

export const CURSOR_KEY: SecretKey = { file: CURSOR_KEY_FILE, sizeBytes: CURSOR_KEY_BYTES, sealed: 'cursors' };
export const SESSION_KEY: SecretKey = { file: SESSION_KEY_FILE, sizeBytes: SESSION_KEY_BYTES, sealed: 'sessions' };

const OWNER_ONLY = 0o600;

/** Reads the key, or makes one. */
export async function readSecretKey(
  disk: Disk,
  dataDir: string,
  { file, sizeBytes, sealed }: SecretKey,
  log: Pick<Logger, 'warn'>,
): Promise<Uint8Array> {
  const path = join(dataDir, file);
  try {
    if ((await disk.sizeOf(path)) !== undefined) {
      const text = (await disk.readFile(path)).toString();
      if (/^[0-9a-f]+\n$/.test(text) && text.length === 2 * sizeBytes + 1) return Buffer.from(text.trim(), 'hex');
      log.warn({ path }, `the key of ${sealed} is damaged; ${sealed} from before are refused`);
      await disk.remove(path);
    }
    const key = randomBytes(sizeBytes);
    await createFile(disk, path, `${key.toString('hex')}\n`, OWNER_ONLY);
    await disk.syncFolder(dataDir);
    return key;
  } catch (error) {
    const message = `the key of ${sealed} cannot be read or written; ${sealed} hold until the next start`;
    log.warn({ path, err: error }, message);
    return randomBytes(sizeBytes);
  }
}
