/** Reads a WAL file as far as the disk can: a bad sector costs only the records in it. */
import { type Disk, isReadError, withFile } from '../platform/disk.ts';

/** Attempts for a piece: transient errors must not cost a batch. */
const TRIES_MAX = 4;

/** Size of a piece where the file cannot be read as a whole: no less than any disk's sector. */
const PIECE_BYTES = 4096;

/** Bytes that cannot be read are zeros, which are never taken for a record. */
export async function readWal(disk: Disk, path: string): Promise<{ bytes: Buffer; isWhole: boolean }> {
  try {
    return { bytes: await disk.readFile(path), isWhole: true };
  } catch (error) {
    if (!isReadError(error)) throw error;
  }
  const bytes = Buffer.alloc((await disk.sizeOf(path)) ?? 0);
  let isWhole = true;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = await readStubbornly(disk, path, at, PIECE_BYTES);
    if (Buffer.isBuffer(piece)) piece.copy(bytes, at);
    else isWhole = false;
  }
  return { bytes, isWhole };
}

/** Why bytes could not be read. */
export interface Unread {
  readonly error: unknown;
}

/** Reads a piece of a file that may need several attempts. */
export async function readStubbornly(
  disk: Disk,
  path: string,
  offset: number,
  sizeBytes: number,
): Promise<Buffer | Unread> {
  let error: unknown;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      return await withFile(disk, path, 'read', (file) => file.read(offset, sizeBytes));
    } catch (failure) {
      if (!isReadError(failure)) throw failure;
      error = failure;
    }
  }
  return { error };
}
