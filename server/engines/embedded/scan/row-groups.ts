/**
 * Row groups in a worker thread, which reads only the pages that a query needs. Decoded parts are kept up to a
 * fixed number of bytes (decoded-parts.ts). A row group is immutable, so nothing expires.
 */
import { LRUCache } from 'lru-cache';
import type { ByteSource } from '../../../../shared/row-group/header.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import {
  HEADERS_KNOWN_MAX,
  PASSING_HEADERS_BYTES_MAX,
  WORKER_HEADERS_BYTES_MAX,
  WORKER_LABELS_BYTES_MAX,
} from '../../../limits.ts';
import { DecodedParts } from './decoded-parts.ts';
import { KeptParts } from './kept-parts.ts';
import { hasArrays } from './name.ts';
import { type HeldLabels, SharedLabels } from './shared-labels.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { StoredBytes } from './open-files.ts';

/** What a worker must know to read a row group. */
export type RowGroupPlace = Pick<RowGroupRef, 'path' | 'offset' | 'sizeBytes' | 'order' | 'tiesFrom' | 'onlyArraysOf'>;

export function placeOf({ path, offset, sizeBytes, order, tiesFrom, onlyArraysOf }: RowGroupRef): RowGroupPlace {
  return {
    path,
    offset,
    sizeBytes,
    order,
    ...(tiesFrom !== undefined && { tiesFrom }),
    ...(onlyArraysOf !== undefined && { onlyArraysOf }),
  };
}

/** Whether no row can match, because only arrays may, and the row group has none. */
export function lacksArrays(group: RowGroup, { onlyArraysOf = [] }: RowGroupPlace): boolean {
  return !onlyArraysOf.every((names) => names.some((name) => hasArrays(group, name)));
}

export function placeKey({ path, offset }: RowGroupPlace): string {
  return `${path}@${offset}`;
}

export class RowGroups {
  readonly #files: StoredBytes;
  readonly #labels = new SharedLabels(WORKER_LABELS_BYTES_MAX);
  /** The labels of the headers that are kept, or pass. */
  readonly #held = new WeakMap<RowGroup, HeldLabels>();
  readonly #headers = new KeptParts<RowGroup>(WORKER_HEADERS_BYTES_MAX, HEADERS_KNOWN_MAX, (group) =>
    this.#held.get(group)!.release(),
  );
  /** Those that there is no room for, until others are read: a search renders rows soon after it has found them. */
  readonly #passing = new LRUCache<string, RowGroup>({
    maxSize: PASSING_HEADERS_BYTES_MAX,
    dispose: (group) => this.#held.get(group)!.release(),
  });
  readonly #decoded = new DecodedParts();

  constructor(files: StoredBytes) {
    this.#files = files;
  }

  /** What tasks have open stays open: a group that is dropped from the cache keeps what it has. */
  emptyCaches(): void {
    this.#headers.clear();
    this.#passing.clear();
    this.#decoded.clear();
  }

  /**
   * Visits a row group: all that is decoded of it, and not kept, has the same memory as that of the next one. So nothing of it
   * may be referred to afterwards.
   * @throws CorruptionError
   */
  visit<T>(place: RowGroupPlace, work: (group: RowGroup) => T): T {
    const group = this.open(place);
    return this.#decoded.visit(placeKey(place), () => work(group));
  }

  /** @throws CorruptionError */
  open(place: RowGroupPlace): RowGroup {
    const key = placeKey(place);
    let group = this.#headers.get(key) ?? this.#passing.get(key);
    if (group === undefined) {
      const { path, offset, sizeBytes } = place;
      const files = this.#files;
      const source = {
        sizeBytes,
        read: (from: number, size: number) => files.read(path, offset + from, size),
        peek: (from: number, size: number, number?: number) => files.peek(path, offset + from, size, number),
      };
      group = this.#read(source, key);
    }
    return group;
  }

  #read(source: ByteSource, key: string): RowGroup {
    const labels = this.#labels.hold();
    let group: RowGroup;
    try {
      group = new RowGroup(source, this.#decoded.of(key), labels);
    } catch (error) {
      labels.release();
      throw error;
    }
    this.#held.set(group, labels);
    this.#keep(key, group, group.headerMemoryBytes() - labels.labelBytes);
    return group;
  }

  #keep(key: string, group: RowGroup, bytes: number): void {
    if (this.#headers.add(key, group, bytes)) return;
    if (bytes <= PASSING_HEADERS_BYTES_MAX) this.#passing.set(key, group, { size: bytes });
    else this.#held.get(group)!.release();
  }
}
