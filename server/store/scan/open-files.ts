/** A few files that a worker thread keeps open, closed after some seconds because a deleted one takes room until then. */
import { closeSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { CorruptionError } from '../../../shared/errors.ts';
import { OPEN_FILE_MS_MAX, OPEN_FILES_MAX } from '../../limits.ts';

/** Bytes of a file, in memory of their own. Throws CorruptionError when the file ends before. */
export interface FileReader {
  read(path: string, offset: number, sizeBytes: number): Buffer;
}

export class OpenFiles implements FileReader {
  readonly #files = new LRUCache<string, number>({
    max: OPEN_FILES_MAX,
    ttl: OPEN_FILE_MS_MAX,
    ttlAutopurge: true,
    dispose: (file) => closeSync(file),
  });

  read(path: string, offset: number, sizeBytes: number): Buffer {
    let file = this.#files.get(path);
    if (file === undefined) this.#files.set(path, (file = openSync(path, 'r')));
    // What is cached outlives the request: its memory must not come from the pool that small buffers share.
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    for (let at = 0; at < sizeBytes;) {
      const count = readSync(file, bytes, at, sizeBytes - at, offset + at);
      if (count === 0)
        throw new CorruptionError(`${path} ends at byte ${offset + at}, ${sizeBytes - at} more were expected`);
      at += count;
    }
    return bytes;
  }
}
