/**
 * The manifest on disk, twice: `MANIFEST.json` and `MANIFEST.copy.json`, so that no damage to one file hides every
 * line.
 *
 * A change writes one after the other, and a file that the previous manifest names is removed only once both are
 * written. So each of the two is a complete state of the store, whenever a process ends: all files that it names exist.
 * They differ only between the two renames, and then the one with the higher generation is in force.
 */
import { join } from 'node:path';
import { CorruptionError } from '../../../../shared/errors.ts';
import { type Disk, isReadError } from '../platform/disk.ts';
import { replaceJsonFile } from '../platform/json-file.ts';
import { MANIFEST_COPY_FILE, MANIFEST_FILE, MANIFEST_TEMPORARY_FILE } from '../platform/filenames.ts';
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts';
import { type Damage, damageOf, unreadable } from './quarantine.ts';

/** The contents of the two files. */
export interface Generations {
  /** The newest readable one; undefined when there is none. */
  readonly newest: Manifest | undefined;
  /** Paths of files that hold anything else: an older one, a damaged one, nothing. */
  readonly stale: readonly string[];
  readonly damages: readonly Damage[];
  /** The file system's error for files that a later attempt may read; undefined when there are none. */
  readonly readError: unknown;
}

interface Generation {
  readonly path: string;
  readonly manifest?: Manifest;
  readonly damage?: Damage;
  readonly readError?: unknown;
}

const MISSING = 'one of the two files of the manifest is missing; the other is whole';

export function manifestPaths(dataDir: string): string[] {
  return [MANIFEST_FILE, MANIFEST_COPY_FILE].map((name) => join(dataDir, name));
}

export async function readGenerations(disk: Disk, dataDir: string): Promise<Generations> {
  const read = await Promise.all(manifestPaths(dataDir).map((path) => readGeneration(disk, path)));
  const manifests = read.flatMap(({ manifest }) => manifest ?? []);
  // Among equals the first: an older podlog with a single manifest file knows neither generations nor the copy.
  const newest = manifests.toSorted((a, b) => b.generation - a.generation)[0];
  const stale = read.filter(({ manifest }) => !isSame(manifest, newest)).map(({ path }) => path);
  // An older podlog with a single manifest file wrote only the first, without a generation.
  const isAbsenceDamage = (path: string): boolean => path.endsWith(MANIFEST_FILE) || newest!.generation > 0;
  const damages = read.flatMap(({ path, manifest, damage }) => {
    if (damage !== undefined || manifest !== undefined) return damage ?? [];
    return newest !== undefined && isAbsenceDamage(path) ? [{ path, offset: 0, sizeBytes: 0, reason: MISSING }] : [];
  });
  const readError = read.find((each) => each.readError !== undefined)?.readError;
  return { newest, stale, damages, readError };
}

async function readGeneration(disk: Disk, path: string): Promise<Generation> {
  let sizeBytes = 0;
  try {
    const found = await disk.sizeOf(path);
    if (found === undefined) return { path };
    sizeBytes = found;
    return { path, manifest: decodeManifest((await disk.readFile(path)).toString('utf8')) };
  } catch (error) {
    if (error instanceof CorruptionError) return { path, damage: damageOf(path, 0, sizeBytes, error) };
    if (isReadError(error)) return { path, damage: unreadable(path, 0, sizeBytes, error), readError: error };
    throw error;
  }
}

function isSame(a: Manifest | undefined, b: Manifest | undefined): boolean {
  return a !== undefined && b !== undefined && encodeManifest(a) === encodeManifest(b);
}

/** @throws CorruptionError  no manifest can be read */
export async function readManifest(disk: Disk, dataDir: string): Promise<Manifest> {
  const { newest, damages } = await readGenerations(disk, dataDir);
  if (newest !== undefined) return newest;
  const reason = damages.length === 0 ? 'the manifest is missing' : damages.map((each) => each.reason).join('; ');
  throw new CorruptionError(reason, join(dataDir, MANIFEST_FILE));
}

/**
 * Opens the manifest of a folder that has one.
 * @throws CorruptionError
 */
export async function openManifest(disk: Disk, dataDir: string): Promise<ManifestFile> {
  return new ManifestFile(disk, dataDir, await readManifest(disk, dataDir));
}

/** Owns the manifest on disk. Updates run one after the other, each on the result of the previous one. */
export class ManifestFile {
  readonly #disk: Disk;
  readonly #dataDir: string;
  #current: Manifest;
  #generation: number;
  #updates: Promise<unknown> = Promise.resolve();

  /** @param current  the state on disk, or the one that the first update writes */
  constructor(disk: Disk, dataDir: string, current: Manifest) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.#current = current;
    this.#generation = current.generation;
  }

  get current(): Manifest {
    return this.#current;
  }

  /**
   * Resolves when the manifest that `change` returns is durable in both files. When it rejects, either manifest may be
   * on disk, so nothing that either of them names may be removed.
   */
  update(change: (manifest: Manifest) => Manifest): Promise<void> {
    const turn = this.#updates.then(() => this.#replace(change));
    this.#updates = turn.catch(() => {});
    return turn;
  }

  async #replace(change: (manifest: Manifest) => Manifest): Promise<void> {
    // Incremented even when it fails: the file of a failed attempt must be older than that of the next one.
    const next = { ...change(this.#current), generation: ++this.#generation };
    const text = encodeManifest(next);
    const temporary = join(this.#dataDir, MANIFEST_TEMPORARY_FILE);
    for (const path of manifestPaths(this.#dataDir)) await replaceJsonFile(this.#disk, path, text, temporary);
    await this.#disk.syncFolder(this.#dataDir);
    this.#current = next;
  }
}
