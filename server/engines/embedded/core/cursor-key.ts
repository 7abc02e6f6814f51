/**
 * `cursor.key`, the secret that seals cursors (../../../store/cursor.ts), in hexadecimal digits. Where the file is lost or
 * damaged there is a new one: cursors from before are refused, and nothing else depends on it. Backups have none.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { CURSOR_KEY_BYTES } from '../../../store/cursor.ts';
import { createFile, type Disk } from '../platform/disk.ts';
import { CURSOR_KEY_FILE } from './filenames.ts';

const KEY_TEXT = new RegExp(`^[0-9a-f]{${2 * CURSOR_KEY_BYTES}}\\n$`);

/** Reads the key, or makes one. */
export async function readCursorKey(disk: Disk, dataDir: string, log: Pick<Logger, 'warn'>): Promise<Uint8Array> {
  const path = join(dataDir, CURSOR_KEY_FILE);
  try {
    if ((await disk.sizeOf(path)) !== undefined) {
      const text = (await disk.readFile(path)).toString();
      if (KEY_TEXT.test(text)) return Buffer.from(text.trim(), 'hex');
      log.warn({ path }, 'the key of cursors is damaged; cursors from before are refused');
      await disk.remove(path);
    }
    const key = randomBytes(CURSOR_KEY_BYTES);
    await createFile(disk, path, `${key.toString('hex')}\n`);
    await disk.syncFolder(dataDir);
    return key;
  } catch (error) {
    log.warn({ path, err: error }, 'the key of cursors cannot be read or written; cursors hold until the next start');
    return randomBytes(CURSOR_KEY_BYTES);
  }
}
