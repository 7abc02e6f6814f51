/**
 * A file that is read again when it changes, so that a change takes effect without a restart. Its folder is watched and
 * not the file, because few changes write to it: editors rename, and Kubernetes swaps the symbolic link `..data` for a
 * Secret or a ConfigMap. A change that cannot be watched (a link to elsewhere, a network file system, no inotify
 * instances left) is noticed by reading the file at intervals. While a file is broken or missing its last valid content
 * stays in force, which is reported once.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { UsageError } from '../shared/errors.ts';
import { reasonOf } from '../shared/system-error.ts';
import { WATCHED_FILE_MS_MAX, WATCHED_FILE_SETTLE_MS } from './limits.ts';

/** The link that the kubelet swaps when a Secret or ConfigMap changes. */
const KUBERNETES_LINK = '..data';

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** Name of the file in errors: `the tokens file`. */
  readonly what: string;
  /** In force until the file was read. */
  readonly initial: T;
  /** @throws UsageError  with what is wrong with it */
  readonly parse: (text: string, path: string) => Promise<T>;
  /** Called with the new value and the previous one. */
  readonly onUse: (value: T, before: T) => void;
  /** Called when a new problem appears. */
  readonly onProblem: (message: string) => void;
}

/** Owns the last valid value of the file, and the timer. */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  /** The text of the value. */
  #text: string | undefined;
  #problem: string | undefined;
  readonly #watcher: FSWatcher;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  /** Whether the file was empty when it was read last, and its value is of a text from before. */
  #isEmptied = false;

  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    this.#value = options.initial;
    const path = resolve(options.path);
    const folder = dirname(path);
    const ours = new Set([folder, path, resolve(folder, KUBERNETES_LINK)]);
    this.#watcher = watch(folder, { depth: 0, persistent: false, ignored: (each) => !ours.has(resolve(each)) });
    this.#watcher.on('raw', (_event, name) => {
      if (name === null || name === basename(path) || name === KUBERNETES_LINK) this.#reloadSoon();
    });
    // Finds changes from before the watch began.
    this.#watcher.on('ready', () => this.#reloadSoon());
    // Where the file cannot be watched, reading it at intervals is enough.
    this.#watcher.on('error', () => {});
    this.#timer = setInterval(() => void this.reload(), WATCHED_FILE_MS_MAX).unref();
  }

  get value(): T {
    return this.#value;
  }

  /** False while the file is broken or missing. */
  get isWell(): boolean {
    return this.#problem === undefined;
  }

  /**
   * Reads the file for the first time, and closes itself where that fails.
   * @throws UsageError  it is broken or missing
   */
  async open(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads the file now; keeps the previous value where that fails. */
  async reload(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (error.message !== this.#problem) this.#options.onProblem(error.message);
      this.#problem = error.message;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    void this.#watcher.close();
  }

  /** @throws UsageError  it is broken or missing */
  async #load(): Promise<void> {
    const { path, parse, onUse } = this.#options;
    const text = await this.#read();
    if (this.#isBeingWritten(text)) return;
    if (text === this.#text && this.#problem === undefined) return;
    const value = await parse(text, path);
    const before = this.#value;
    this.#value = value;
    this.#text = text;
    this.#problem = undefined;
    onUse(value, before);
  }

  /** Whoever writes a file in place truncates it first, so an empty file counts only if it is still empty at the next reading. */
  #isBeingWritten(text: string): boolean {
    const wasEmptied = this.#isEmptied;
    this.#isEmptied = text === '' && this.#text !== undefined && this.#text !== '';
    if (!this.#isEmptied || wasEmptied) return false;
    this.#reloadSoon();
    return true;
  }

  /** A change is mostly several events. */
  #reloadSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.reload();
    }, WATCHED_FILE_SETTLE_MS).unref();
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#options.path, 'utf8');
    } catch (cause) {
      const { what, path } = this.#options;
      throw new UsageError(`${what} ${path} cannot be read: ${reasonOf(cause)}`, 1, { cause });
    }
  }
}
