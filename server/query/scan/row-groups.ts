/**
 * Opened row groups of one worker thread, with the columns that queries have decoded. The cache holds a fixed number of
 * bytes; a row group is immutable, so nothing ever has to be thrown out for being old.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { CorruptionError } from '../../../shared/errors.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { DECODED_BYTES_PER_STORED_BYTE, WORKER_CACHE_BYTES_MAX } from '../../limits.ts';
import type { RowGroupRef } from '../../store/snapshot.ts';

/** All that a worker needs to know of a row group. */
export type RowGroupPlace = Pick<RowGroupRef, 'path' | 'offset' | 'sizeBytes'>;

export function placeOf({ path, offset, sizeBytes }: RowGroupRef): RowGroupPlace {
  return { path, offset, sizeBytes };
}

export class RowGroups {
  readonly #cache = new LRUCache<string, RowGroup>({
    maxSize: WORKER_CACHE_BYTES_MAX,
    sizeCalculation: (group) => group.info.sizeBytes * DECODED_BYTES_PER_STORED_BYTE,
  });

  /** @throws CorruptionError */
  open(place: RowGroupPlace): RowGroup {
    const key = `${place.path}@${place.offset}`;
    let group = this.#cache.get(key);
    if (group === undefined) {
      group = new RowGroup(readRange(place));
      this.#cache.set(key, group);
    }
    return group;
  }
}

function readRange({ path, offset, sizeBytes }: RowGroupPlace): Buffer {
  const file = openSync(path, 'r');
  try {
    // A cached group outlives the request: its memory must not come from the shared pool.
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    for (let at = 0; at < sizeBytes;) {
      const count = readSync(file, bytes, at, sizeBytes - at, offset + at);
      if (count === 0) throw new CorruptionError('the file ends inside a row group');
      at += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
