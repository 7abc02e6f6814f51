/**
 * chokidar on the pods directory and the directories of pods in it: reports which name in which of them came or went. Its raw
 * events give names and not states, so that an entry that existed for a millisecond is reported, too. If the node has no
 * watches left, or more pods than are worth watching, a warning is logged once, and directories are listed instead.
 */
import { realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { errorCode } from '../../shared/system-error.ts';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from 'pino';
import { WATCH_RETRY_MS, WATCHED_PODS_MAX } from '../limits.ts';

/** chokidar's `watch`, or its substitute in a test. */
export type WatchPods = (podsDir: string) => Pick<FSWatcher, 'on' | 'close'>;

export interface DirectoryWatcherOptions {
  readonly podsDir: string;
  readonly watch?: WatchPods;
  readonly log: Logger;
  /** Called when an entry of this name was made, removed or renamed in the directory. */
  readonly changed: (directory: string, name: string) => void;
  /** Called when the watch has begun: a listing must find what came before. */
  readonly begun: () => void;
}

/** Owns the watch. */
export class DirectoryWatcher {
  readonly #options: DirectoryWatcherOptions;
  #watcher: ReturnType<WatchPods> | undefined;
  #isReady = false;
  #retryDueMs = 0;
  /** Whether it has failed since the last call of `open`. */
  #hasFailed = false;
  #hasComplained = false;

  constructor(options: DirectoryWatcherOptions) {
    this.#options = options;
  }

  /** False while directories are to be listed instead. */
  get isWatching(): boolean {
    return this.#isReady;
  }

  /** Begins to watch, unless there are too many pods or a failure was too recent. */
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
      // It was removed between being listed and being watched.
      return;
    }
    const watcher = watchPods(root);
    this.#watcher = watcher;
    watcher.on('raw', (event, name, details) => {
      // `change` is a write to a file, which does not concern the directory.
      const { watchedPath } = details as { readonly watchedPath: string };
      if (event === 'rename' && name !== null) changed(join(podsDir, relative(root, watchedPath)), name);
    });
    watcher.on('ready', () => {
      if (this.#watcher !== watcher) return;
      this.#isReady = true;
      begun();
    });
    watcher.on('error', (error) => {
      // A directory was removed between being listed and being watched.
      if (this.#watcher !== watcher || errorCode(error) === 'ENOENT') return;
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

/** Containers are not watched: events of the pod's directory give their names, and no more is needed. */
function watchWithChokidar(podsDir: string): FSWatcher {
  return watch(podsDir, {
    depth: 1,
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, stats) => stats?.isFile() === true || relative(podsDir, path).includes(sep),
  });
}
