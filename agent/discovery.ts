/**
 * Finds the directories of containers: `<pods dir>/<pod>/<container>`. The pods directory and each pod's directory are
 * watched here, and nothing beneath: an inotify watch on a container's directory reports every write to the files in it,
 * which is an event a line. Growth and rotation are seen by the tail's tick, or of a quiet container by its first event.
 * Events only say where to look; what is there is always listed afresh, and everything is listed every few seconds in case
 * one was missed.
 */
import { readdirSync, type Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { DirectoryWatcher, type Watch } from './directory-watcher.ts';
import { POLL_MS } from './limits.ts';
import { isContainerName, parsePodDirectory, type PodDirectory } from './log-path.ts';

export interface ContainerDirectory extends PodDirectory {
  readonly path: string;
  readonly container: string;
}

export interface DiscoveryListener {
  found(directory: ContainerDirectory): void;
  vanished(path: string): void;
  /** It came and went between two looks. The container is empty when not even its name was seen. */
  missed(directory: ContainerDirectory): void;
}

export interface DiscoveryOptions {
  readonly podsDir: string;
  readonly rescanMs: number;
  readonly listener: DiscoveryListener;
  readonly log: Logger;
  readonly watch: Watch;
}

/** Owns the watcher and the list of known container directories. */
export class Discovery {
  readonly #podsDir: string;
  readonly #rescanMs: number;
  readonly #listener: DiscoveryListener;
  readonly #log: Logger;
  readonly #watcher: DirectoryWatcher;
  /** Pod directory name → names of its container directories. */
  readonly #pods = new Map<string, Set<string>>();
  /** Pod directory name → names in it that events have told of. */
  readonly #touched = new Map<string, Set<string>>();
  /** Paths below the pods directory that went since the last full scan but one: events may still tell of them. */
  #wentBefore = new Set<string>();
  #went = new Set<string>();
  #rescanDueMs = 0;
  #pollDueMs = 0;
  /** Whether the last full scan could list everything. */
  #isComplete = false;

  constructor({ podsDir, rescanMs, listener, log, watch }: DiscoveryOptions) {
    this.#podsDir = podsDir;
    this.#rescanMs = rescanMs;
    this.#listener = listener;
    this.#log = log;
    this.#watcher = new DirectoryWatcher({ watch, log, changed: (directory, name) => this.#touch(directory, name) });
  }

  /** True when every directory could be listed: what is not known then does not exist. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** True while there are directories that are not watched. */
  get isPolling(): boolean {
    return !this.#watcher.isWatched(this.#podsDir) || [...this.#pods.keys()].some((name) => !this.#isWatched(name));
  }

  stop(): void {
    this.#watcher.close();
  }

  /**
   * Lists what was touched since the last call or, when it is due or asked for, everything.
   * @returns true when everything was listed
   */
  poll(nowMs: number, listsAll: boolean): boolean {
    if (listsAll || nowMs >= this.#rescanDueMs) {
      this.#rescanDueMs = nowMs + this.#rescanMs;
      this.#scanTouched();
      this.#scanAll();
      this.#wentBefore = this.#went;
      this.#went = new Set();
      return true;
    }
    this.#scanTouched();
    if (nowMs >= this.#pollDueMs) {
      this.#pollDueMs = nowMs + Math.min(POLL_MS, this.#rescanMs);
      this.#scanUnwatched();
    }
    return false;
  }

  #touch(directory: string, name: string): void {
    const isPod = directory === this.#podsDir;
    if (isPod && name === basename(directory)) {
      // Its own end.
      this.#watcher.remove(directory);
      this.#pollDueMs = 0;
      return;
    }
    const pod = isPod ? name : directory.slice(this.#podsDir.length + 1);
    let names = this.#touched.get(pod);
    if (names === undefined) this.#touched.set(pod, (names = new Set()));
    if (!isPod) names.add(name);
    // Whatever has this name now need not be what was watched.
    else if (this.#pods.has(pod)) this.#watcher.add(join(directory, name));
  }

  #scanTouched(): void {
    for (const [pod, names] of this.#touched) {
      const before = this.#pods.get(pod);
      this.#scanPod(pod, false);
      const after = this.#pods.get(pod);
      const isNew = before === undefined && !this.#hasGone(pod);
      if (isNew && after === undefined && names.size === 0) this.#missed(pod, '');
      for (const name of names) {
        if (!isContainerName(name) || this.#hasGone(join(pod, name))) continue;
        if (before?.has(name) !== true && after?.has(name) !== true) this.#missed(pod, name);
      }
    }
    this.#touched.clear();
  }

  #hasGone(path: string): boolean {
    return this.#went.has(path) || this.#wentBefore.has(path);
  }

  #missed(name: string, container: string): void {
    const pod = parsePodDirectory(name);
    if (pod === undefined) return;
    // Once, however many events tell of it.
    this.#went.add(name).add(join(name, container));
    this.#listener.missed({ ...pod, path: join(this.#podsDir, name, container), container });
  }

  #scanAll(): void {
    // Before it is listed, so that nothing falls between the two.
    if (!this.#watcher.isWatched(this.#podsDir)) this.#watcher.add(this.#podsDir);
    const entries = this.#list(this.#podsDir);
    // A pods directory that is missing is a mount that is missing, and says nothing about its files.
    this.#isComplete = entries !== undefined && entries !== 'missing';
    if (entries === undefined) return;
    if (entries === 'missing') {
      this.#watcher.remove(this.#podsDir);
      for (const name of this.#pods.keys()) this.#forgetPod(name);
      return;
    }
    const names = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    for (const name of this.#pods.keys()) if (!names.has(name)) this.#forgetPod(name);
    for (const name of names) if (!this.#scanPod(name, true)) this.#isComplete = false;
  }

  #scanUnwatched(): void {
    if (!this.#watcher.isWatched(this.#podsDir)) this.#scanAll();
    else for (const name of this.#pods.keys()) if (!this.#isWatched(name)) this.#scanPod(name, false);
  }

  /**
   * @param triesAgain  to watch it, if that was not possible before
   * @returns false when the directory could not be listed
   */
  #scanPod(name: string, triesAgain: boolean): boolean {
    const pod = parsePodDirectory(name);
    if (pod === undefined) return true;
    const directory = join(this.#podsDir, name);
    const known = this.#pods.get(name);
    if (known === undefined || (triesAgain && !this.#isWatched(name))) this.#watcher.add(directory);
    const entries = this.#list(directory);
    if (entries === undefined) return false;
    if (entries === 'missing') {
      this.#forgetPod(name);
      return true;
    }
    const present = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    this.#pods.set(name, present);
    for (const container of present) {
      if (known?.has(container) === true) continue;
      this.#listener.found({ ...pod, path: join(directory, container), container });
    }
    for (const container of known ?? []) {
      if (!present.has(container)) this.#vanished(name, container);
    }
    return true;
  }

  #forgetPod(name: string): void {
    this.#watcher.remove(join(this.#podsDir, name));
    const known = this.#pods.get(name);
    if (known === undefined) return;
    this.#pods.delete(name);
    this.#went.add(name);
    for (const container of known) this.#vanished(name, container);
  }

  #vanished(name: string, container: string): void {
    this.#went.add(join(name, container));
    this.#listener.vanished(join(this.#podsDir, name, container));
  }

  #isWatched(name: string): boolean {
    return this.#watcher.isWatched(join(this.#podsDir, name));
  }

  /** Undefined for a directory that cannot be read. */
  #list(path: string): Dirent[] | 'missing' | undefined {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
      this.#log.warn({ err: error, path }, 'a log directory cannot be listed');
      return undefined;
    }
  }
}
