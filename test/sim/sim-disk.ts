/**
 * The disk of one simulated process: every operation takes virtual time, may fail as the fault plan says, and may be
 * the last thing that its process does. After a crash nothing that was asked for ever answers.
 */
import type { Disk, DiskFile } from '../../server/engines/embedded/platform/disk.ts';
import type { Random } from '../corpus/random.ts';
import { type DiskImage, FileNode, FolderNode, namesOf, type Node } from './disk-image.ts';
import type { VirtualTime } from './virtual-time.ts';

export type OperationKind = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'names' | 'syncFolder' | 'look';

/** Chances, each in [0, 1], that an operation of a kind fails, and with what; and that one is slow. */
export interface FaultPlan {
  readonly errors: readonly {
    readonly kinds: readonly OperationKind[];
    readonly code: 'EIO' | 'ENOSPC';
    readonly chance: number;
  }[];
  readonly slowChance: number;
}

export const NO_FAULTS: FaultPlan = { errors: [], slowChance: 0 };

/** Space that `space` tells: far more than any run needs. */
const TOTAL_BYTES = 1e12;
const SLOW_MS_MAX = 20_000;

export interface SimDiskOptions {
  readonly image: DiskImage;
  readonly time: VirtualTime;
  /** Told of every fault and of the crash, for the log of the run. */
  readonly note: (text: string) => void;
}

export class SimDisk implements Disk {
  readonly #image: DiskImage;
  readonly #time: VirtualTime;
  readonly #note: (text: string) => void;
  #random: Random;
  #faults = NO_FAULTS;
  #crashAfter = Infinity;
  #isDead = false;
  #isNearlyFull = false;

  constructor({ image, time, note }: SimDiskOptions, random: Random) {
    this.#image = image;
    this.#time = time;
    this.#note = note;
    this.#random = random;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** From here on, these faults, by the dice of `random`. */
  setFaults(faults: FaultPlan, random: Random): void {
    this.#faults = faults;
    this.#random = random;
  }

  setNearlyFull(isNearlyFull: boolean): void {
    this.#isNearlyFull = isNearlyFull;
  }

  /** The process ends with its nth operation from now on: before, after or amid it. */
  crashAfter(operations: number): void {
    this.#crashAfter = operations;
  }

  /** The process is gone. */
  kill(): void {
    this.#isDead = true;
    this.#time.forgetAll();
  }

  open(path: string, mode: 'create' | 'modify' | 'read'): Promise<DiskFile> {
    return this.#operate(mode === 'create' ? 'open' : 'look', path, () => {
      const node = this.#image.find(path);
      if (mode !== 'create') return this.#fileOf(path, expectFile(node, path));
      if (node !== undefined) throw diskError('EEXIST', path);
      const file = new FileNode();
      this.#parent(path).change({ remove: [], add: [[baseOf(path), file]] });
      return this.#fileOf(path, file);
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.#operate('read', path, () => Buffer.from(expectFile(this.#image.find(path), path).seen.view()));
  }

  sizeOf(path: string): Promise<number | undefined> {
    return this.#operate('look', path, () => {
      const node = this.#image.find(path);
      return node === undefined ? undefined : node.kind === 'file' ? node.seen.sizeBytes : 4096;
    });
  }

  list(path: string): Promise<string[]> {
    return this.#operate('look', path, () => {
      const node = this.#image.find(path);
      if (node?.kind === 'file') throw diskError('ENOTDIR', path);
      return node === undefined ? [] : [...node.seen.keys()].toSorted();
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.#operate('names', path, () => {
      let folder = this.#image.root;
      for (const name of namesOf(path)) {
        let next = folder.seen.get(name);
        if (next === undefined) folder.change({ remove: [], add: [[name, (next = new FolderNode())]] });
        if (next.kind !== 'folder') throw diskError('EEXIST', path);
        folder = next;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operate('names', from, () => {
      const node = this.#image.find(from);
      if (node === undefined) throw diskError('ENOENT', from);
      const source = this.#parent(from);
      const target = this.#parent(to);
      if (source !== target) throw new RangeError('BUG: only a rename within a folder is simulated');
      source.change({ remove: [baseOf(from)], add: [[baseOf(to), node]] });
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#operate('names', to, () => {
      const node = expectFile(this.#image.find(from), from);
      if (this.#image.find(to) !== undefined) throw diskError('EEXIST', to);
      this.#parent(to).change({ remove: [], add: [[baseOf(to), node]] });
    });
  }

  remove(path: string): Promise<void> {
    return this.#operate('names', path, () => {
      if (this.#image.find(path) !== undefined) this.#parent(path).change({ remove: [baseOf(path)], add: [] });
    });
  }

  syncFolder(path: string): Promise<void> {
    const folder = (): FolderNode => {
      const node = this.#image.find(path);
      if (node?.kind !== 'folder') throw diskError('ENOENT', path);
      return node;
    };
    return this.#operate(
      'syncFolder',
      path,
      () => folder().sync(),
      () => folder().failSync(this.#random),
      () => {},
    );
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const freeBytes = this.#isNearlyFull ? 0 : TOTAL_BYTES;
    return this.#operate('look', path, () => ({ freeBytes, totalBytes: TOTAL_BYTES }));
  }

  /** As a worker thread reads: at once. */
  readNow(path: string, offset: number, sizeBytes: number): Buffer {
    const code = this.#drawError('read', path);
    if (code !== undefined) throw diskError(code, path);
    return rangeOf(expectFile(this.#image.find(path), path), offset, sizeBytes);
  }

  #fileOf(path: string, node: FileNode): DiskFile {
    const write = (bytes: Buffer, offset: number): void => node.change({ kind: 'write', offset, bytes });
    return {
      write: (buffers, offset) => {
        const bytes = Buffer.concat(buffers);
        return this.#operate(
          'write',
          path,
          () => write(bytes, offset),
          () => write(bytes.subarray(0, this.#random.below(bytes.length + 1)), offset),
        );
      },
      read: (offset, sizeBytes) => this.#operate('read', path, () => rangeOf(node, offset, sizeBytes)),
      sync: () =>
        this.#operate(
          'sync',
          path,
          () => node.sync(),
          () => node.failSync(this.#random),
          () => {},
        ),
      truncate: (sizeBytes) => this.#operate('truncate', path, () => node.change({ kind: 'truncate', sizeBytes })),
      close: () => this.#operate('look', path, () => {}),
    };
  }

  /**
   * @param effect   what the operation does when it succeeds
   * @param failing  what it may do all the same when it fails
   * @param amid     what it may do when the process ends amid it
   */
  async #operate<T>(
    kind: OperationKind,
    path: string,
    effect: () => T,
    failing?: () => void,
    amid = failing,
  ): Promise<T> {
    await this.#delay(kind, path);
    const isLast = --this.#crashAfter < 0;
    const fate = isLast ? this.#random.below(3) : 1;
    const code = this.#drawError(kind, path);
    if (code !== undefined) failing?.();
    else if (fate === 2) amid?.();
    const result = code === undefined && fate === 1 ? attempt(effect) : undefined;
    if (isLast) {
      this.#note(`crash ${['before', 'after', 'amid'][fate]} ${kind} ${path}`);
      this.kill();
      return never();
    }
    if (code !== undefined) throw diskError(code, path);
    await this.#delay(kind, path);
    if (result?.error !== undefined) throw result.error;
    return result!.value!;
  }

  async #delay(kind: OperationKind, path: string): Promise<void> {
    if (this.#isDead) return never();
    const isSlow = this.#faults.slowChance > 0 && this.#random.unit() < this.#faults.slowChance;
    const ms = isSlow ? this.#random.unit() * SLOW_MS_MAX : this.#random.unit();
    if (isSlow) this.#note(`${Math.round(ms)} ms for ${kind} ${path}`);
    await this.#time.wait(ms);
    if (this.#isDead) return never();
  }

  #drawError(kind: OperationKind, path: string): 'EIO' | 'ENOSPC' | undefined {
    for (const { kinds, code, chance } of this.#faults.errors) {
      if (!kinds.includes(kind) || this.#random.unit() >= chance) continue;
      this.#note(`${code} in ${kind} ${path}`);
      return code;
    }
    return undefined;
  }

  #parent(path: string): FolderNode {
    const node = this.#image.find(path.slice(0, path.lastIndexOf('/')));
    if (node?.kind !== 'folder') throw diskError('ENOENT', path);
    return node;
  }
}

function attempt<T>(effect: () => T): { value?: T; error?: unknown } {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}

function rangeOf(node: FileNode, offset: number, sizeBytes: number): Buffer {
  return Buffer.from(node.seen.view().subarray(offset, offset + sizeBytes));
}

function expectFile(node: Node | undefined, path: string): FileNode {
  if (node === undefined) throw diskError('ENOENT', path);
  if (node.kind !== 'file') throw diskError('EISDIR', path);
  return node;
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
