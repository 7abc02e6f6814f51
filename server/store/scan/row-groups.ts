/**
 * Row groups as a worker thread reads them: only the pages that a query asks for. What was decoded is kept up to a
 * fixed number of bytes, and a few files stay open. A row group is immutable, so nothing is thrown out for being old;
 * files are closed after some seconds, because a deleted file takes room until then.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { CorruptionError } from '../../../shared/errors.ts';
import { type ByteSource, RowGroup } from '../../../shared/row-group/reader.ts';
import { OPEN_FILES_MAX, OPEN_FILE_MS_MAX, WORKER_CACHE_BYTES_MAX, WORKER_HEADERS_MAX } from '../../limits.ts';
import type { RowGroupRef } from '../snapshot.ts';

/** All that a worker needs to know of a row group. */
export type RowGroupPlace = Pick<RowGroupRef, 'path' | 'offset' | 'sizeBytes'>;

export function placeOf({ path, offset, sizeBytes }: RowGroupRef): RowGroupPlace {
  return { path, offset, sizeBytes };
}

export class RowGroups {
  readonly #headers = new LRUCache<string, RowGroup>({ max: WORKER_HEADERS_MAX });
  readonly #decoded = new LRUCache<string, { readonly part: object; readonly bytes: number }>({
    maxSize: WORKER_CACHE_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes + 1,
  });
  readonly #files = new LRUCache<string, number>({
    max: OPEN_FILES_MAX,
    ttl: OPEN_FILE_MS_MAX,
    ttlAutopurge: true,
    dispose: (file) => closeSync(file),
  });

  /** @throws CorruptionError */
  open(place: RowGroupPlace): RowGroup {
    const key = `${place.path}@${place.offset}`;
    let group = this.#headers.get(key);
    if (group === undefined) {
      group = new RowGroup(this.#source(place), {
        get: (part) => this.#decoded.get(`${key}#${part}`)?.part,
        set: (part, decoded, bytes) => this.#decoded.set(`${key}#${part}`, { part: decoded, bytes }),
      });
      this.#headers.set(key, group);
    }
    return group;
  }

  #source({ path, offset, sizeBytes }: RowGroupPlace): ByteSource {
    return {
      sizeBytes,
      read: (from, size) => readRange(this.#file(path), offset + from, size),
    };
  }

  #file(path: string): number {
    let file = this.#files.get(path);
    if (file === undefined) this.#files.set(path, (file = openSync(path, 'r')));
    return file;
  }
}

function readRange(file: number, offset: number, sizeBytes: number): Buffer {
  // What is cached outlives the request: its memory must not come from the pool that small buffers share.
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const count = readSync(file, bytes, at, sizeBytes - at, offset + at);
    if (count === 0) throw new CorruptionError('the file ends inside a row group');
    at += count;
  }
  return bytes;
}
