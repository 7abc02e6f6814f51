/** The real file system, which fails when told to: by operation, path and error code. */
import { type Disk, type DiskFile, realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';

export type Operation = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'syncFolder';

export interface Fault {
  readonly operation: Operation;
  /** Paths that contain this. */
  readonly path: string;
  readonly code: 'ENOSPC' | 'EIO';
  /** Operations of this kind that succeed first. */
  readonly after?: number;
}

export class FaultyDisk implements Disk {
  #faults: (Fault & { left: number })[] = [];
  #stepsLeft = Infinity;
  /** Free bytes as `space` tells them; undefined is the truth. */
  freeBytes: number | undefined;
  /** Called before each sync, which waits for what it gives. */
  beforeSync: (path: string) => Promise<void> = async () => {};

  /** From now on, these fail. */
  fail(...faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => ({ ...fault, left: fault.after ?? 0 }));
  }

  heal(): void {
    this.#faults = [];
    this.#stepsLeft = Infinity;
  }

  /** After so many more steps that change something, none does: as though the process had been killed there. */
  dieAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  get isDead(): boolean {
    return this.#stepsLeft < 0;
  }

  async open(path: string, mode: 'create' | 'modify' | 'read', permissions?: number): Promise<DiskFile> {
    if (mode !== 'read') this.#check('open', path);
    const file = await realDisk.open(path, mode, permissions);
    return {
      ...file,
      write: async (buffers, offset) => {
        try {
          this.#check('write', path);
        } catch (error) {
          // Like a real disk: some of it gets there.
          const all = Buffer.concat(buffers);
          await file.write([all.subarray(0, Math.ceil(all.length / 2))], offset);
          throw error;
        }
        await file.write(buffers, offset);
      },
      sync: async () => {
        await this.beforeSync(path);
        this.#check('sync', path);
        await file.sync();
      },
      truncate: async (sizeBytes) => {
        this.#check('truncate', path);
        await file.truncate(sizeBytes);
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', from);
    await realDisk.rename(from, to);
  }

  async syncFolder(path: string): Promise<void> {
    this.#check('syncFolder', path);
    await realDisk.syncFolder(path);
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const { freeBytes, totalBytes } = await realDisk.space(path);
    return { freeBytes: this.freeBytes ?? freeBytes, totalBytes };
  }

  link: Disk['link'] = (from, to) => realDisk.link(from, to);
  readFile: Disk['readFile'] = (path) => realDisk.readFile(path);
  sizeOf: Disk['sizeOf'] = (path) => realDisk.sizeOf(path);
  list: Disk['list'] = (path) => realDisk.list(path);
  makeFolder: Disk['makeFolder'] = (path) => realDisk.makeFolder(path);
  remove: Disk['remove'] = async (path) => {
    this.#step();
    await realDisk.remove(path);
  };

  #check(operation: Operation, path: string): void {
    this.#step();
    for (const fault of this.#faults) {
      if (fault.operation !== operation || !path.includes(fault.path) || fault.left-- > 0) continue;
      throw Object.assign(new Error(`${fault.code}: injected, ${operation} ${path}`), { code: fault.code });
    }
  }

  #step(): void {
    if (--this.#stepsLeft < 0) throw Object.assign(new Error('EIO: injected, dead'), { code: 'EIO' });
  }
}
