/**
 * inotify on the pods directory and each pod's directory: says which name in which of them came or went. Events give
 * names and not states, so that what lived for a millisecond is heard of too. A node may have no watches left; this
 * says so once, and those who ask list the directories that are not watched.
 */
import type { FSWatcher } from 'node:fs';
import type { Logger } from 'pino';

/** `fs.watch`, or what stands for it in a test. */
export type Watch = (
  path: string,
  listener: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'close' | 'on'>;

export interface DirectoryWatcherOptions {
  readonly watch: Watch;
  readonly log: Logger;
  /** Something of this name was made, removed or renamed in the directory. */
  readonly changed: (directory: string, name: string) => void;
}

/** Owns the watches, one for each directory. */
export class DirectoryWatcher {
  readonly #watch: Watch;
  readonly #log: Logger;
  readonly #changed: DirectoryWatcherOptions['changed'];
  readonly #watches = new Map<string, ReturnType<Watch>>();
  #hasFailed = false;

  constructor({ watch, log, changed }: DirectoryWatcherOptions) {
    this.#watch = watch;
    this.#log = log;
    this.#changed = changed;
  }

  isWatched(directory: string): boolean {
    return this.#watches.has(directory);
  }

  /** Watches the directory that has this name now, also when one of the same name was watched before. */
  add(directory: string): void {
    this.remove(directory);
    try {
      const watcher = this.#watch(directory, (event, name) => {
        // `change` is a write to a file, which is nothing that a directory would show.
        if (event === 'rename' && name !== null) this.#changed(directory, name);
      });
      watcher.on('error', (error) => {
        this.remove(directory);
        this.#failed(error);
      });
      this.#watches.set(directory, watcher);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  remove(directory: string): void {
    this.#watches.get(directory)?.close();
    this.#watches.delete(directory);
  }

  close(): void {
    for (const watcher of this.#watches.values()) watcher.close();
    this.#watches.clear();
  }

  #failed(error: NodeJS.ErrnoException): void {
    // It went between being listed and being watched.
    if (error.code === 'ENOENT' || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#log.warn(
      { err: error },
      'the node has no inotify watches left (fs.inotify.max_user_watches, max_user_instances): new pods are found by listing',
    );
  }
}
