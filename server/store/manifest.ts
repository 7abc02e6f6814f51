/**
 * The manifest: which segments are live, where the WAL begins, and what was known of the senders at that point. One
 * small JSON file, replaced as a whole (see FORMAT.md#manifest), so every change of the set of files is atomic.
 */
import { crc32 } from 'node:zlib';
import { join } from 'node:path';
import { CorruptionError } from '../../shared/errors.ts';
import { createFile, type Disk } from './disk.ts';
import { MANIFEST_FILE, MANIFEST_TEMPORARY_FILE } from './filenames.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ManifestSegment {
  /** As in `2026-11-23`. */
  readonly day: string;
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
}

export interface Manifest {
  readonly version: 1;
  /** No file with this sequence or a higher one is named here. WAL files may have higher ones. */
  readonly nextSequence: number;
  /** WAL files below are flushed: their rows are in the segments. */
  readonly walFrom: number;
  /** `order` of the first row group in the WAL from there on. */
  readonly orderFrom: number;
  readonly segments: readonly ManifestSegment[];
  /** The state of the senders (see BatchState) as of the flushed WAL files. */
  readonly positions: JsonValue;
}

export const EMPTY_MANIFEST: Manifest = {
  version: 1,
  nextSequence: 1,
  walFrom: 1,
  orderFrom: 0,
  segments: [],
  positions: null,
};

const NO_CHECKSUM = '00000000';
const DAY = /^\d{4}-\d\d-\d\d$/;
const CHECKSUM_LINE = /^\{\n {2}"crc32": "([0-9a-f]{8})",\n/;

/** JSON whose first member is the checksum of the whole text, with zeros in the checksum's place. */
export function encodeManifest(manifest: Manifest): string {
  const text = `${JSON.stringify({ crc32: NO_CHECKSUM, ...manifest }, null, 2)}\n`;
  return text.replace(NO_CHECKSUM, checksumOf(text));
}

/** @throws CorruptionError */
export function decodeManifest(text: string): Manifest {
  const checksum = CHECKSUM_LINE.exec(text)?.[1];
  if (checksum === undefined || checksum !== checksumOf(text.replace(checksum, NO_CHECKSUM))) {
    throw new CorruptionError('the checksum of the manifest does not match');
  }
  const { crc32: _, ...manifest } = parse(text) as Manifest & { crc32: string };
  if (manifest.version !== 1) throw new CorruptionError(`unknown manifest version ${String(manifest.version)}`);
  if (!isManifest(manifest)) throw new CorruptionError('the manifest lacks a part, or has one that cannot be');
  return manifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CorruptionError('the manifest is not JSON', undefined, { cause });
  }
}

function isManifest({ nextSequence, walFrom, orderFrom, segments, positions }: Partial<Manifest>): boolean {
  return (
    [nextSequence, walFrom, orderFrom].every(isCount) &&
    Array.isArray(segments) &&
    segments.every(isSegment) &&
    positions !== undefined
  );
}

function isSegment(segment: Partial<ManifestSegment> | null): boolean {
  const { day, sequence, sizeBytes, rowCount } = segment ?? {};
  const isDay = typeof day === 'string' && DAY.test(day) && !Number.isNaN(Date.parse(day));
  return isDay && [sequence, sizeBytes, rowCount].every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** Owns the manifest on disk. Updates take their turn, each sees the result of the one before. */
export class ManifestFile {
  readonly #disk: Disk;
  readonly #dataDir: string;
  #current: Manifest;
  #updates: Promise<unknown> = Promise.resolve();

  private constructor(disk: Disk, dataDir: string, current: Manifest) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.#current = current;
  }

  /**
   * Reads the manifest; a folder without one is new.
   * @throws CorruptionError
   */
  static async open(disk: Disk, dataDir: string): Promise<ManifestFile> {
    const path = join(dataDir, MANIFEST_FILE);
    if ((await disk.sizeOf(path)) === undefined) {
      const file = new ManifestFile(disk, dataDir, EMPTY_MANIFEST);
      await file.update((manifest) => manifest);
      return file;
    }
    try {
      return new ManifestFile(disk, dataDir, decodeManifest((await disk.readFile(path)).toString('utf8')));
    } catch (error) {
      if (error instanceof CorruptionError) throw new CorruptionError(error.message, path, { cause: error });
      throw error;
    }
  }

  get current(): Manifest {
    return this.#current;
  }

  /**
   * Resolves when the manifest that `change` gives is durable. When it rejects, either manifest may be on disk, so
   * nothing that either of them names may be removed.
   */
  update(change: (manifest: Manifest) => Manifest): Promise<void> {
    const turn = this.#updates.then(() => this.#replace(change));
    this.#updates = turn.catch(() => {});
    return turn;
  }

  async #replace(change: (manifest: Manifest) => Manifest): Promise<void> {
    const next = change(this.#current);
    await this.#write(next);
    this.#current = next;
  }

  async #write(manifest: Manifest): Promise<void> {
    const temporary = join(this.#dataDir, MANIFEST_TEMPORARY_FILE);
    await this.#disk.remove(temporary);
    await createFile(this.#disk, temporary, encodeManifest(manifest));
    await this.#disk.rename(temporary, join(this.#dataDir, MANIFEST_FILE));
    await this.#disk.syncFolder(this.#dataDir);
  }
}
