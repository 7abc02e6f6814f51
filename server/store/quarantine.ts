/**
 * Bytes that failed their checksum are set aside: copied to `quarantine/`, counted, reported, and no longer read. The
 * rest of the store goes on. A copy is named after where it came from, so setting aside twice leaves one copy.
 */
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import type { CorruptionError } from '../../shared/errors.ts';
import type { Counter } from '../../shared/metrics.ts';
import { type Disk, withFile } from './disk.ts';
import { QUARANTINE_FOLDER } from './filenames.ts';
import type { BareRowGroupRef } from './snapshot.ts';

/** What a part of the store reports about damage that it met. */
export interface Damage {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: string;
}

/** Copies the damaged bytes; best effort, as the disk may be full or failing. @returns where the copy is */
export async function copyToQuarantine(disk: Disk, dataDir: string, damage: Damage): Promise<string | undefined> {
  const folder = join(dataDir, QUARANTINE_FOLDER);
  const copyPath = join(folder, `${basename(damage.path)}-${damage.offset}`);
  try {
    await disk.makeFolder(folder);
    const bytes = await withFile(disk, damage.path, 'read', (file) => file.read(damage.offset, damage.sizeBytes));
    await disk.remove(copyPath);
    await withFile(disk, copyPath, 'create', (file) => file.write([bytes], 0));
    return copyPath;
  } catch {
    return undefined;
  }
}

export function damageOf(path: string, offset: number, sizeBytes: number, error: CorruptionError): Damage {
  return { path, offset, sizeBytes, reason: error.message };
}

/** Bytes that the file system does not give: nothing can be copied, and a later read may succeed. */
export function unreadable(path: string, offset: number, sizeBytes: number, error: unknown): Damage {
  const reason = error instanceof Error ? error.message : String(error);
  return { path, offset, sizeBytes, reason: `cannot be read: ${reason}` };
}

/** Owns what was found broken while the store is open: keeps it out of snapshots, counts and reports it. */
export class Quarantine {
  readonly #disk: Disk;
  readonly #dataDir: string;
  readonly #log: Logger;
  readonly #counter: Counter;
  readonly #rowGroups = new Set<string>();

  constructor(disk: Disk, dataDir: string, log: Logger, counter: Counter) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.#log = log;
    this.#counter = counter;
  }

  /** Those that are not set aside. */
  without<T extends BareRowGroupRef>(rowGroups: readonly T[]): readonly T[] {
    return this.#rowGroups.size === 0 ? rowGroups : rowGroups.filter((each) => !this.#rowGroups.has(keyOf(each)));
  }

  /** @returns false when it was set aside before */
  add(rowGroup: BareRowGroupRef): boolean {
    if (this.#rowGroups.has(keyOf(rowGroup))) return false;
    this.#rowGroups.add(keyOf(rowGroup));
    return true;
  }

  async copy(damage: Damage): Promise<void> {
    this.report(damage, await copyToQuarantine(this.#disk, this.#dataDir, damage));
  }

  /** @param copy  where the bytes are */
  report(damage: Damage, copy?: string): void {
    this.#counter.add();
    this.#log.error({ ...damage, copy }, 'damaged data was set aside; the rest goes on');
  }
}

function keyOf({ path, offset }: BareRowGroupRef): string {
  return `${path}@${offset}`;
}
