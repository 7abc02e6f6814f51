/**
 * A few files that a worker thread keeps open, closed after some seconds because a deleted one takes room until then.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { CorruptionError } from '../../../../shared/errors.ts';
import { takeBytes } from '../../../../shared/row-group/pages/part-memory.ts';
import { OPEN_FILE_MS_MAX, OPEN_FILES_MAX, PEEK_KEPT_BYTES_MAX } from '../../../limits.ts';
import { isReadError, unreadableError } from '../platform/disk.ts';

/**
 * Reads bytes of a file. Both methods throw CorruptionError when the file is too short, UnreadableError when the disk
 * cannot read it.
 */
export interface StoredBytes {
  /** Returns memory of its own, or that of a part which is being decoded (shared/row-group/pages/part-memory.ts). */
  read(path: string, offset: number, sizeBytes: number): Buffer;
  /** Valid until the next peek with the same number: new memory costs three times what reading into it does. */
  peek(path: string, offset: number, sizeBytes: number, number?: number): Buffer;
}

export class OpenFiles implements StoredBytes {
  readonly #files = new LRUCache<string, number>({
    max: OPEN_FILES_MAX,
    ttl: OPEN_FILE_MS_MAX,
    ttlAutopurge: true,
    dispose: (file) => closeSync(file),
  });

  readonly #scratch: Buffer[] = [];
  #bytesRead = 0;

  /** Sum over all reads. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  read(path: string, offset: number, sizeBytes: number): Buffer {
    // Cached bytes outlive the request: they must not be in the pool that small buffers share.
    return this.#fill(path, offset, takeBytes(sizeBytes) ?? Buffer.allocUnsafeSlow(sizeBytes));
  }

  peek(path: string, offset: number, sizeBytes: number, number = 0): Buffer {
    if (sizeBytes > PEEK_KEPT_BYTES_MAX) return this.read(path, offset, sizeBytes);
    let scratch = this.#scratch[number];
    if (scratch === undefined || sizeBytes > scratch.length) {
      this.#scratch[number] = scratch = Buffer.allocUnsafeSlow(sizeBytes);
    }
    return this.#fill(path, offset, scratch.subarray(0, sizeBytes));
  }

  #fill(path: string, offset: number, bytes: Buffer): Buffer {
    try {
      return this.#fillOrFail(path, offset, bytes);
    } catch (error) {
      if (!isReadError(error)) throw error;
      // The next attempt opens it again.
      this.#files.delete(path);
      throw unreadableError(path, error);
    }
  }

  #fillOrFail(path: string, offset: number, bytes: Buffer): Buffer {
    let file = this.#files.get(path);
    if (file === undefined) this.#files.set(path, (file = openSync(path, 'r')));
    for (let at = 0; at < bytes.length;) {
      const count = readSync(file, bytes, at, bytes.length - at, offset + at);
      if (count === 0) {
        throw new CorruptionError(`${path} ends at byte ${offset + at}, ${bytes.length - at} more were expected`);
      }
      at += count;
      this.#bytesRead += count;
    }
    return bytes;
  }
}
