/**
 * Finds the directories of containers: `<pods dir>/<pod>/<container>`. chokidar watches the pods directory and each
 * pod's directory, and nothing beneath: an inotify watch on a container's directory would report every write to the
 * files in it, which is an event a line. Growth and rotation are seen by the tail's tick instead. Events only say where
 * to look; what is there is always listed afresh, and everything is listed every few seconds in case one was missed.
 */
import { existsSync, readdirSync, type Dirent } from 'node:fs';
import { join, sep } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import type { Logger } from 'pino';
import { parsePodDirectory, type PodDirectory } from './log-path.ts';

export interface ContainerDirectory extends PodDirectory {
  readonly path: string;
  readonly container: string;
}

export interface DiscoveryListener {
  found(directory: ContainerDirectory): void;
  vanished(path: string): void;
}

/** Owns the watcher and the list of known container directories. */
export class Discovery {
  readonly #podsDir: string;
  readonly #rescanMs: number;
  readonly #listener: DiscoveryListener;
  readonly #log: Logger;
  /** Pod directory name → paths of its container directories. */
  readonly #pods = new Map<string, Set<string>>();
  readonly #touched = new Set<string>();
  #watcher: FSWatcher | undefined;
  #rescanDueMs = 0;
  /** Whether the last full scan could list everything. */
  #isComplete = false;

  constructor(options: { podsDir: string; rescanMs: number; listener: DiscoveryListener; log: Logger }) {
    this.#podsDir = options.podsDir;
    this.#rescanMs = options.rescanMs;
    this.#listener = options.listener;
    this.#log = options.log;
  }

  /** True when every directory could be listed: what is not known then does not exist. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Begins to watch. The pods directory need not exist yet. */
  start(): void {
    this.#watcher = watch(this.#podsDir, {
      depth: 1,
      ignored: (path) => depthBelow(this.#podsDir, path) > 2,
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      ignorePermissionErrors: true,
    });
    this.#watcher.on('addDir', (path) => this.#touch(path));
    this.#watcher.on('unlinkDir', (path) => this.#touch(path));
    this.#watcher.on('error', (error) => {
      this.#log.warn({ err: error }, 'the pods directory cannot be watched; new pods are found by listing');
    });
  }

  async stop(): Promise<void> {
    await this.#watcher?.close();
  }

  /**
   * Lists what was touched since the last call or, when it is due or asked for, everything.
   * @returns true when everything was listed
   */
  poll(nowMs: number, listsAll: boolean): boolean {
    if (listsAll || nowMs >= this.#rescanDueMs) {
      this.#rescanDueMs = nowMs + this.#rescanMs;
      this.#touched.clear();
      this.#scanAll();
      return true;
    }
    for (const pod of this.#touched) this.#scanPod(pod);
    this.#touched.clear();
    return false;
  }

  #touch(path: string): void {
    const pod = path.slice(this.#podsDir.length + 1).split(sep)[0];
    if (pod === undefined || pod === '') this.#rescanDueMs = 0;
    else this.#touched.add(pod);
  }

  #scanAll(): void {
    const entries = this.#list(this.#podsDir);
    // A pods directory that is missing is a mount that is missing, and says nothing about its files.
    this.#isComplete = entries !== undefined && existsSync(this.#podsDir);
    if (entries === undefined) return;
    const names = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    for (const name of this.#pods.keys()) if (!names.has(name)) this.#forgetPod(name);
    for (const name of names) if (!this.#scanPod(name)) this.#isComplete = false;
  }

  /** Returns false when the directory could not be listed. */
  #scanPod(name: string): boolean {
    const pod = parsePodDirectory(name);
    if (pod === undefined) return true;
    const entries = this.#list(join(this.#podsDir, name));
    if (entries === undefined) return false;
    const known = this.#pods.get(name) ?? new Set();
    const present = new Set<string>();
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const path = join(this.#podsDir, name, entry.name);
      present.add(path);
      if (!known.has(path)) this.#listener.found({ ...pod, path, container: entry.name });
    }
    for (const path of known) if (!present.has(path)) this.#listener.vanished(path);
    this.#pods.set(name, present);
    return true;
  }

  #forgetPod(name: string): void {
    for (const path of this.#pods.get(name) ?? []) this.#listener.vanished(path);
    this.#pods.delete(name);
  }

  /** A missing directory is empty; one that cannot be read is undefined. */
  #list(path: string): Dirent[] | undefined {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      this.#log.warn({ err: error, path }, 'a log directory cannot be listed');
      return undefined;
    }
  }
}

/** 0 for the root itself, 1 for its entries, and so on; 0 for anything outside of it. */
function depthBelow(root: string, path: string): number {
  return path.startsWith(root + sep) ? path.slice(root.length + 1).split(sep).length : 0;
}
