/**
 * chokidar on the pods directory and the directories of pods in it: says which name in which of them came or went. Its raw
 * events give names and not states, so that what lived for a millisecond is heard of too. A node may have no watches left, or
 * more pods than are worth watching; this says so once, and those who ask list the directories instead.
 */
import { realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from 'pino';
import { WATCH_RETRY_MS, WATCHED_PODS_MAX } from '../limits.ts';

/** chokidar's `watch`, or its substitute in a test. */
export type WatchPods = (podsDir: string) => Pick<FSWatcher, 'on' | 'close'>;

export interface DirectoryWatcherOptions {
  readonly podsDir: string;
  readonly watch?: WatchPods;
  readonly log: Logger;
  /** Something of this name was made, removed or renamed in the directory. */
  readonly changed: (directory: string, name: string) => void;
  /** The watch has begun: what came before, a listing must find. */
  readonly begun: () => void;
}

/** Owns the watch. */
export class DirectoryWatcher {
  readonly #options: DirectoryWatcherOptions;
  #watcher: ReturnType<WatchPods> | undefined;
  #isReady = false;
  #retryDueMs = 0;
  /** It failed since it was last asked for. */
  #hasFailed = false;
  #hasComplained = false;

  constructor(options: DirectoryWatcherOptions) {
    this.#options = options;
  }

  /** False while directories are to be listed instead. */
  get isWatching(): boolean {
    return this.#isReady;
  }

  /** Begins to watch if it is worth it, and not to be tried later. */
  open(podCount: number, nowMs: number): void {
    if (podCount > WATCHED_PODS_MAX) {
      this.close();
      this.#complain(`more than ${WATCHED_PODS_MAX} pods`);
      return;
    }
    if (this.#hasFailed) this.#retryDueMs = nowMs + WATCH_RETRY_MS;
    this.#hasFailed = false;
    if (this.#watcher !== undefined || nowMs < this.#retryDueMs) return;
    const { podsDir, watch: watchPods = watchWithChokidar, changed, begun } = this.#options;
    let root: string;
    try {
      root = realpathSync(podsDir);
    } catch {
      // It went between being listed and being watched.
      return;
    }
    const watcher = watchPods(root);
    this.#watcher = watcher;
    watcher.on('raw', (event, name, details) => {
      // `change` is a write to a file, which is nothing that a directory would show.
      const { watchedPath } = details as { readonly watchedPath: string };
      if (event === 'rename' && name !== null) changed(join(podsDir, relative(root, watchedPath)), name);
    });
    watcher.on('ready', () => {
      if (this.#watcher !== watcher) return;
      this.#isReady = true;
      begun();
    });
    watcher.on('error', (error) => {
      const { code } = error as NodeJS.ErrnoException;
      // A directory that went between being listed and being watched.
      if (this.#watcher !== watcher || code === 'ENOENT') return;
      this.close();
      this.#hasFailed = true;
      this.#complain('the node has no inotify watches left (fs.inotify.max_user_watches, max_user_instances)', error);
    });
  }

  close(): void {
    void this.#watcher?.close();
    this.#watcher = undefined;
    this.#isReady = false;
  }

  #complain(reason: string, err?: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#options.log.warn({ err }, `pod directories are not watched: ${reason}; new pods are found by listing`);
  }
}

/** Containers are not watched: only their names are wanted, which events of the pod's directory give. */
function watchWithChokidar(podsDir: string): FSWatcher {
  return watch(podsDir, {
    depth: 1,
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, stats) => stats?.isFile() === true || relative(podsDir, path).includes(sep),
  });
}
