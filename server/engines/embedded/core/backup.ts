/**
 * Backups of the data folder: `snapshots/<name>/` is a data folder of its own, made of hard links to the segments,
 * which never change, and a manifest. Its WAL is empty, because everything is flushed first; so it has every row that
 * was acknowledged before, each once, and the matching positions. It takes no room until the store drops segments that
 * it still has. docs/operations.md says how to restore one.
 */
import { join } from 'node:path';
import { CorruptionError, PodlogError, UnavailableError } from '../../../../shared/errors.ts';
import { errorCode } from '../../../../shared/system-error.ts';
import { RETRY_AFTER_DISK_SECONDS } from '../../../limits.ts';
import type { BackupAbility, BackupInfo } from '../../../store/backup.ts';
import { createFile, type Disk, isFolder, realDisk } from '../platform/disk.ts';
import {
  backupsFolder,
  ERASURES_FOLDER,
  segmentPath,
  SEGMENTS_FOLDER,
  VERSION_FILE,
  VIEWS_FILE,
  WAL_FOLDER,
} from '../platform/filenames.ts';
import { encodeManifest, type Manifest, type ManifestSegment } from './manifest.ts';
import { manifestPaths, readManifest } from './manifest-file.ts';
import type { Store } from './store.ts';
import { FORMAT_VERSION } from './version-file.ts';

export interface BackupsOptions {
  readonly store: Pick<Store, 'checkpoint' | 'maintain'>;
  readonly dataDir: string;
  readonly disk?: Disk;
}

export interface HeldBackup extends AsyncDisposable {
  readonly path: string;
}

/** Prefix of backups that are being made or removed, or held for a moment. */
const PARTIAL_PREFIX = '.';

export class Backups implements BackupAbility {
  readonly #options: BackupsOptions;
  readonly #folder: string;
  readonly #disk: Disk;
  #heldCount = 0;

  /** Removes incomplete backups that a crash left. */
  static async open(options: BackupsOptions): Promise<Backups> {
    const disk = options.disk ?? realDisk;
    const folder = backupsFolder(options.dataDir);
    for (const name of await disk.list(folder)) {
      if (name.startsWith(PARTIAL_PREFIX)) await disk.remove(join(folder, name));
    }
    return new Backups(options, disk);
  }

  private constructor(options: BackupsOptions, disk: Disk) {
    this.#options = options;
    this.#folder = backupsFolder(options.dataDir);
    this.#disk = disk;
  }

  /**
   * Resolves when the backup is durable. Waits for running maintenance, so that no segment is dropped meanwhile.
   * @param name  one path segment that does not begin with a dot
   * @throws PodlogError  there is one of that name
   * @throws UnavailableError  the WAL cannot be flushed now, or the disk has no room for the links
   */
  create(name: string): Promise<BackupInfo> {
    return this.#options.store.maintain(async () => {
      const { store, dataDir } = this.#options;
      if ((await this.#disk.sizeOf(join(this.#folder, name))) !== undefined) {
        throw new PodlogError('PODLOG_SNAPSHOT_EXISTS', 409, `there is a snapshot ${name}: choose another name`);
      }
      const partial = join(this.#folder, PARTIAL_PREFIX + name);
      await this.#disk.remove(partial);
      try {
        // First: an erasure that is requested meanwhile is of another instant than the manifest.
        await this.#linkErasures(partial);
        await this.#fill(partial, await store.checkpoint());
        await this.#disk.rename(partial, join(this.#folder, name));
        await this.#disk.syncFolder(this.#folder);
        await this.#disk.syncFolder(dataDir);
      } catch (error) {
        await this.#disk.remove(partial).catch(() => {});
        throw explained(error, this.#folder);
      }
      return this.#describeOrExplain(name);
    });
  }

  /**
   * Makes an unnamed backup, so that all files can be read while the store goes on. Its manifest also names missing
   * segments. It is removed when it is disposed of.
   */
  hold(): Promise<HeldBackup> {
    return this.#options.store.maintain(async () => {
      const path = join(this.#folder, `${PARTIAL_PREFIX}held-${++this.#heldCount}`);
      const release = (): Promise<void> => this.#disk.remove(path);
      try {
        const manifest = await this.#options.store.checkpoint();
        await this.#fill(path, manifest, manifest.segments);
        return { path, [Symbol.asyncDispose]: release };
      } catch (error) {
        await release().catch(() => {});
        throw explained(error, this.#folder);
      }
    });
  }

  /** By name. */
  async list(): Promise<BackupInfo[]> {
    const names = await listBackups(this.#disk, this.#options.dataDir);
    return Promise.all(names.map((name) => this.#describeOrExplain(name)));
  }

  /** @returns false when there is none of that name */
  remove(name: string): Promise<boolean> {
    return this.#options.store.maintain(async () => {
      const path = join(this.#folder, name);
      if ((await this.#disk.sizeOf(path)) === undefined) return false;
      const partial = join(this.#folder, PARTIAL_PREFIX + name);
      try {
        await this.#disk.remove(partial);
        await this.#disk.rename(path, partial);
        await this.#disk.remove(partial);
      } catch (error) {
        throw explained(error, this.#folder);
      }
      return true;
    });
  }

  /**
   * Makes a data folder from a manifest.
   * @param named  segments that its manifest names; by default those that exist, as nothing reads the others
   */
  async #fill(folder: string, manifest: Manifest, named?: readonly ManifestSegment[]): Promise<void> {
    const days = [...new Set(manifest.segments.map(({ day }) => day))].map((day) => join(folder, SEGMENTS_FOLDER, day));
    const folders = [folder, join(folder, WAL_FOLDER), join(folder, SEGMENTS_FOLDER), ...days];
    for (const path of folders) await this.#disk.makeFolder(path);
    const linked: ManifestSegment[] = [];
    for (const segment of manifest.segments) if (await this.#link(folder, segment)) linked.push(segment);
    await createFile(this.#disk, join(folder, VERSION_FILE), FORMAT_VERSION);
    // It is replaced as a whole, so the link keeps what it has now.
    await this.#linkIfThere(join(this.#options.dataDir, VIEWS_FILE), join(folder, VIEWS_FILE));
    const text = encodeManifest({ ...manifest, walFiles: [], segments: named ?? linked });
    for (const path of manifestPaths(folder)) await createFile(this.#disk, path, text);
    for (const path of folders) await this.#disk.syncFolder(path);
  }

  /** A restored backup still remembers them, and carries out those that are not done. */
  async #linkErasures(folder: string): Promise<void> {
    const from = join(this.#options.dataDir, ERASURES_FOLDER);
    const to = join(folder, ERASURES_FOLDER);
    for (const path of [folder, to]) await this.#disk.makeFolder(path);
    for (const name of await this.#disk.list(from)) {
      if (name.endsWith('.json')) await this.#linkIfThere(join(from, name), join(to, name));
    }
    await this.#disk.syncFolder(to);
  }

  #link(folder: string, { day, sequence }: ManifestSegment): Promise<boolean> {
    return this.#linkIfThere(segmentPath(this.#options.dataDir, day, sequence), segmentPath(folder, day, sequence));
  }

  async #linkIfThere(from: string, to: string): Promise<boolean> {
    try {
      await this.#disk.link(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** A backup that is damaged, or cannot be read now, must not hide the others, nor that it was made. */
  async #describeOrExplain(name: string): Promise<BackupInfo> {
    try {
      return await this.#describe(name);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      const path = join(this.#folder, name);
      return { name, path, problem: error.message, sizeBytes: 0, segmentCount: 0, rowCount: 0 };
    }
  }

  async #describe(name: string): Promise<BackupInfo> {
    const path = join(this.#folder, name);
    const { segments } = await readManifest(this.#disk, path);
    return {
      name,
      path,
      sizeBytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      segmentCount: segments.length,
      rowCount: segments.reduce((sum, { rowCount }) => sum + rowCount, 0),
    };
  }
}

/** Returns the names of the finished backups, sorted; files among them are not podlog's. */
export async function listBackups(disk: Disk, dataDir: string): Promise<string[]> {
  const folder = backupsFolder(dataDir);
  const names = (await disk.list(folder)).filter((name) => !name.startsWith(PARTIAL_PREFIX));
  const areFolders = await Promise.all(names.map((name) => isFolder(disk, join(folder, name))));
  return names.filter((_, i) => areFolders[i]);
}

/** Whether an unnamed backup may still have files that the store has dropped. */
export async function isAnyHeld(disk: Disk, dataDir: string): Promise<boolean> {
  return (await disk.list(backupsFolder(dataDir))).some((name) => name.startsWith(PARTIAL_PREFIX));
}

function explained(error: unknown, folder: string): unknown {
  if (error instanceof PodlogError) return error;
  switch (errorCode(error)) {
    case 'EXDEV': {
      const message = `${folder} is on another file system than the data folder, where no hard link reaches`;
      return new PodlogError('PODLOG_SNAPSHOT_FOLDER', 409, message, { cause: error });
    }
    case 'ENOSPC':
    case 'EDQUOT':
      return unchangeable(
        `the disk has no room or no inodes left in ${folder}: remove snapshots or other files`,
        error,
      );
    case 'EMLINK':
      return unchangeable('a segment has as many hard links as the file system allows: remove snapshots', error);
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return unchangeable(`${folder} cannot be written: it must be on a writable mount and belong to this user`, error);
    case undefined:
      return error;
    default:
      return unchangeable(`the disk failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function unchangeable(reason: string, cause: unknown): UnavailableError {
  return new UnavailableError(`snapshots cannot be changed now: ${reason}`, RETRY_AFTER_DISK_SECONDS, { cause });
}
