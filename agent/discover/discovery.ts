/**
 * Finds the directories of containers: `<pods dir>/<pod>/<container>`. The pods directory and each pod's directory are
 * watched here, and nothing below: an inotify watch on a container's directory reports every write to the files in it,
 * which is an event a line. Growth and rotation are noticed by the tail's tick, or for a quiet container by its first event.
 * Events only say what to list; nothing else is taken from them, and everything is listed every few seconds in case one was
 * missed. A new pod's directory is listed at each poll for a moment, since the watch on it begins somewhat later.
 *
 * If the modification time of a directory has changed and its content has not, something has come and gone, even if no event
 * has reported it.
 */
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import { errorCode } from '../../shared/system-error.ts';
import type { Logger } from 'pino';
import { DirectoryWatcher, type WatchPods } from './directory-watcher.ts';
import { EVENT_MS_MAX, NEW_POD_MS, POLL_MS } from '../limits.ts';
import { isContainerName, parsePodDirectory, type PodDirectory } from '../files/log-path.ts';

export interface ContainerDirectory extends PodDirectory {
  readonly path: string;
  readonly container: string;
}

export interface DiscoveryListener {
  found(directory: ContainerDirectory): void;
  vanished(path: string): void;
  /** It came and went between two listings. The container is empty when not even its name is known. */
  missed(directory: ContainerDirectory): void;
}

interface Listing {
  readonly mtimeMs: number;
  /** The names of all entries, whatever they are. */
  readonly names: string;
}

export interface DiscoveryOptions {
  readonly podsDir: string;
  readonly rescanMs: number;
  readonly listener: DiscoveryListener;
  readonly log: Logger;
  readonly watchPods?: WatchPods;
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
  /** Pod directory name → its last listing. */
  readonly #listings = new Map<string, Listing>();
  /** Pod directory name → since when an event is awaited that names what came and went in it. */
  readonly #unexplained = new Map<string, number>();
  /** Pod directory name → until when its directory is listed at each poll. */
  readonly #newUntilMs = new Map<string, number>();
  #eventMsMax = EVENT_MS_MAX;
  #nowMs = 0;
  /** Pod directory name → names in it that events have reported. */
  readonly #touched = new Map<string, Set<string>>();
  /** Paths below the pods directory that went since the last full scan but one: events may still name them. */
  #wentBefore = new Set<string>();
  #went = new Set<string>();
  #rescanDueMs = 0;
  #pollDueMs = 0;
  /** Whether the last full scan could list everything. */
  #isComplete = false;

  constructor({ podsDir, rescanMs, listener, log, watchPods }: DiscoveryOptions) {
    this.#podsDir = podsDir;
    this.#rescanMs = rescanMs;
    this.#listener = listener;
    this.#log = log;
    this.#watcher = new DirectoryWatcher({
      podsDir,
      log,
      changed: (directory, name) => this.#touch(directory, name),
      begun: () => (this.#rescanDueMs = 0),
      ...(watchPods && { watch: watchPods }),
    });
  }

  /** True when every directory could be listed, so that nothing else exists. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** True while directories are not watched. */
  get isPolling(): boolean {
    return !this.#watcher.isWatching;
  }

  /** Waits for no more events: changes that no event has named are reported at the next poll. */
  prepareToStop(): void {
    this.#eventMsMax = 0;
  }

  stop(): void {
    this.#watcher.close();
  }

  /**
   * Lists directories with events since the last call or, when it is due or requested, all of them.
   * @returns true when everything was listed
   */
  poll(nowMs: number, listsAll: boolean): boolean {
    this.#nowMs = nowMs;
    this.#reportUnexplained();
    if (listsAll || nowMs >= this.#rescanDueMs) {
      this.#rescanDueMs = nowMs + this.#rescanMs;
      this.#scanTouched();
      this.#scanAll();
      this.#wentBefore = this.#went;
      this.#went = new Set();
      return true;
    }
    this.#scanTouched();
    if (!this.#watcher.isWatching && nowMs >= this.#pollDueMs) {
      this.#pollDueMs = nowMs + Math.min(POLL_MS, this.#rescanMs);
      this.#scanAll();
    } else this.#scanNew();
    return false;
  }

  #touch(directory: string, name: string): void {
    const isPod = directory === this.#podsDir;
    if (isPod && name === basename(directory)) {
      // The pods directory itself was removed.
      this.#watcher.close();
      this.#pollDueMs = 0;
      return;
    }
    const pod = isPod ? name : directory.slice(this.#podsDir.length + 1);
    let names = this.#touched.get(pod);
    if (names === undefined) this.#touched.set(pod, (names = new Set()));
    if (!isPod) names.add(name);
    // The directory may be another one than that which is watched.
    else this.#newUntilMs.set(pod, this.#nowMs + NEW_POD_MS);
  }

  #scanTouched(): void {
    for (const [pod, names] of this.#touched) {
      const before = this.#pods.get(pod);
      this.#scanPod(pod);
      const unexplainedMs = this.#unexplained.get(pod) ?? this.#nowMs;
      this.#unexplained.delete(pod);
      const after = this.#pods.get(pod);
      const isNew = before === undefined && !this.#hasGone(pod);
      // Events for its containers may follow the one for the pod.
      if (isNew && after === undefined && names.size === 0) this.#unexplained.set(pod, unexplainedMs);
      for (const name of names) {
        if (!isContainerName(name) || this.#hasGone(join(pod, name)) || this.#hasGone(nameless(pod))) continue;
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
    // Reported once, however many events name it.
    this.#went.add(name).add(container === '' ? nameless(name) : join(name, container));
    this.#listener.missed({ ...pod, path: join(this.#podsDir, name, container), container });
  }

  #scanAll(): void {
    const entries = this.#list(this.#podsDir);
    // A missing pods directory is a missing mount, and says nothing about the files in it.
    this.#isComplete = entries !== undefined && entries !== 'missing';
    if (entries === undefined) return;
    if (entries === 'missing') {
      this.#watcher.close();
      for (const name of this.#pods.keys()) this.#forgetPod(name);
      return;
    }
    const names = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    for (const name of this.#pods.keys()) if (!names.has(name)) this.#forgetPod(name);
    for (const name of names) if (!this.#scanPod(name)) this.#isComplete = false;
    this.#watcher.open(this.#pods.size, this.#nowMs);
  }

  #scanNew(): void {
    for (const [name, untilMs] of this.#newUntilMs) {
      this.#scanPod(name);
      if (this.#nowMs >= untilMs) this.#newUntilMs.delete(name);
    }
  }

  /** @returns false when the directory could not be listed */
  #scanPod(name: string): boolean {
    const pod = parsePodDirectory(name);
    if (pod === undefined) return true;
    const directory = join(this.#podsDir, name);
    const known = this.#pods.get(name);
    if (known === undefined) this.#newUntilMs.set(name, this.#nowMs + NEW_POD_MS);
    const mtimeMs = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
    const entries = mtimeMs === undefined ? 'missing' : this.#list(directory);
    if (entries === undefined) return false;
    if (entries === 'missing') {
      this.#forgetPod(name);
      return true;
    }
    this.#compare(name, { mtimeMs: mtimeMs!, names: entries.map((entry) => entry.name).join('/') });
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

  /** The time was taken before the listing, so that a change between the two makes the next listing differ. */
  #compare(pod: string, listing: Listing): void {
    const before = this.#listings.get(pod);
    this.#listings.set(pod, listing);
    if (before === undefined || before.mtimeMs === listing.mtimeMs || before.names !== listing.names) return;
    if (!this.#unexplained.has(pod)) this.#unexplained.set(pod, this.#nowMs);
  }

  #reportUnexplained(): void {
    for (const [pod, sinceMs] of this.#unexplained) {
      if (this.#nowMs - sinceMs < this.#eventMsMax) continue;
      this.#unexplained.delete(pod);
      this.#missed(pod, '');
    }
  }

  #forgetPod(name: string): void {
    const known = this.#pods.get(name);
    this.#listings.delete(name);
    this.#newUntilMs.delete(name);
    if (known === undefined) return;
    this.#pods.delete(name);
    this.#went.add(name);
    for (const container of known) this.#vanished(name, container);
  }

  #vanished(name: string, container: string): void {
    this.#went.add(join(name, container));
    this.#listener.vanished(join(this.#podsDir, name, container));
  }

  /** Returns undefined for a directory that cannot be read. */
  #list(path: string): Dirent[] | 'missing' | undefined {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'missing';
      this.#log.warn({ err: error, path }, 'a log directory cannot be listed');
      return undefined;
    }
  }
}

/** The path under which a missed container of a pod is noted when no event names it. */
function nameless(pod: string): string {
  return `${pod}/`;
}
