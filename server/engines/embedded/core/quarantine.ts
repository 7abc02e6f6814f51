/**
 * Quarantines bytes that failed their checksum: they are copied to `quarantine/`, counted, reported, and no longer
 * read. The rest of the store goes on. A copy is named after its origin, so quarantining twice leaves one copy.
 */
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import type { CorruptionError } from '../../../../shared/errors.ts';
import type { Counter } from '../../../../shared/metrics.ts';
import { errorCode } from '../../../../shared/system-error.ts';
import { type Disk, withFile } from '../platform/disk.ts';
import { QUARANTINE_FOLDER } from '../platform/filenames.ts';
import type { BareRowGroupRef } from '../segment/row-group-ref.ts';

/** Damage that a part of the store reports. */
export interface Damage {
  /** The file system cannot read it now, and may later. */
  readonly isUnreadable?: boolean;
  /** The whole file is missing: there is nothing to copy. */
  readonly isMissing?: boolean;
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: string;
}

/**
 * Copies the damaged bytes; best effort, as the disk may be full or failing.
 * @returns the path of the copy
 */
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

/** The same for several. */
export async function copyAllToQuarantine(disk: Disk, dataDir: string, damages: readonly Damage[]): Promise<void> {
  for (const damage of damages) await copyToQuarantine(disk, dataDir, damage);
}

/**
 * Like keepWholeFile, but best effort.
 * @returns the path
 */
export function linkToQuarantine(disk: Disk, dataDir: string, path: string): Promise<string | undefined> {
  return keepWholeFile(disk, dataDir, path).catch(() => undefined);
}

/**
 * Gives a file a second name, which its bytes outlive the first by, also when they cannot be read.
 * @returns where it is
 * @throws errors of the disk
 */
export async function keepWholeFile(disk: Disk, dataDir: string, path: string): Promise<string> {
  const folder = join(dataDir, QUARANTINE_FOLDER);
  const copyPath = join(folder, basename(path));
  await disk.makeFolder(folder);
  await disk.remove(copyPath);
  await disk.link(path, copyPath);
  await disk.syncFolder(folder);
  return copyPath;
}

export function damageOf(path: string, offset: number, sizeBytes: number, error: CorruptionError): Damage {
  return { path, offset, sizeBytes, reason: error.message };
}

/** Describes bytes that the file system cannot read: nothing can be copied, and a later read may succeed. */
export function unreadable(path: string, offset: number, sizeBytes: number, error: unknown): Damage {
  const reason = error instanceof Error ? error.message : String(error);
  if (errorCode(error) === 'ENOENT') {
    return { isUnreadable: true, isMissing: true, path, offset, sizeBytes, reason: 'it is missing' };
  }
  return { isUnreadable: true, path, offset, sizeBytes, reason: `cannot be read: ${reason}` };
}

/** Owns the damage that was found while the store is open: keeps it out of snapshots, counts and reports it. */
export class Quarantine {
  readonly #disk: Disk;
  readonly #dataDir: string;
  readonly #log: Logger;
  readonly #counter: Counter;
  /** Until when each is left out: for ever when it is broken, until the next attempt when it could not be read. */
  readonly #rowGroups = new Map<string, number>();

  constructor(disk: Disk, dataDir: string, log: Logger, counter: Counter) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.#log = log;
    this.#counter = counter;
  }

  /** Returns those that are not broken, including those that could not be read a moment ago. */
  withoutBroken<T extends BareRowGroupRef>(rowGroups: readonly T[]): readonly T[] {
    return rowGroups.filter((each) => this.#rowGroups.get(keyOf(each)) !== Infinity);
  }

  /** Returns those that are not left out. */
  without<T extends BareRowGroupRef>(rowGroups: readonly T[]): readonly T[] {
    return this.#rowGroups.size === 0 ? rowGroups : rowGroups.filter((each) => !this.#rowGroups.has(keyOf(each)));
  }

  /** Number of row groups that are left out until a later attempt. */
  get unreadableCount(): number {
    let count = 0;
    for (const untilMs of this.#rowGroups.values()) if (untilMs !== Infinity) count++;
    return count;
  }

  /**
   * @param untilMs  time of the next attempt; Infinity when it is broken
   * @returns false when it was left out already
   */
  add(rowGroup: BareRowGroupRef, untilMs = Infinity): boolean {
    if (this.#rowGroups.has(keyOf(rowGroup))) return false;
    this.#rowGroups.set(keyOf(rowGroup), untilMs);
    return true;
  }

  /** @returns true when some are due for another attempt */
  retry(nowMs: number): boolean {
    const countBefore = this.#rowGroups.size;
    for (const [key, untilMs] of this.#rowGroups) if (untilMs <= nowMs) this.#rowGroups.delete(key);
    return this.#rowGroups.size < countBefore;
  }

  async copy(damage: Damage): Promise<void> {
    this.report(damage, await this.keep(damage));
  }

  /**
   * Copies the bytes, or links the whole file where they cannot be read.
   * @returns the path, unless the disk is full or failing
   */
  keep(damage: Damage): Promise<string | undefined> {
    if (damage.isUnreadable === true) return linkToQuarantine(this.#disk, this.#dataDir, damage.path);
    return copyToQuarantine(this.#disk, this.#dataDir, damage);
  }

  /** What the disk cannot read now does not count as damage; it is retried. */
  reportUnreadable(damage: Damage): void {
    const what = damage.isMissing === true ? 'a file is missing' : 'data cannot be read';
    this.#log.error({ ...damage }, `${what}; leaving it out of answers and retrying`);
  }

  /** @param copy  path of the copy */
  report(damage: Damage, copy?: string): void {
    this.#counter.add();
    const what = damage.isMissing === true ? 'a file is missing, with the lines in it' : 'damaged data was quarantined';
    this.#log.error({ ...damage, copy }, `${what}; the rest goes on`);
  }
}

function keyOf({ path, offset }: BareRowGroupRef): string {
  return `${path}@${offset}`;
}
