/**
 * A file whose content is looked at every few seconds, whatever became of the file (Kubernetes swaps a symbolic link for
 * a Secret or a ConfigMap, editors rename), so a change takes effect without a restart. One that is broken or gone leaves
 * what was read before in force, and that is said once.
 */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../shared/errors.ts';

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** What the file is, for errors: `the tokens file`. */
  readonly what: string;
  readonly everyMs: number;
  /** In force until the file was read. */
  readonly initial: T;
  /** @throws UsageError  what is wrong with it */
  readonly parse: (text: string, path: string) => Promise<T>;
  /** Called with what has come into force, and what was in force before. */
  readonly onUse: (value: T, before: T) => void;
  /** Called when something is wrong that was not wrong before. */
  readonly onProblem: (message: string) => void;
}

/** Owns what was last read of the file, and the timer. */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  /** That the value is of. */
  #text: string | undefined;
  #problem: string | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    this.#value = options.initial;
    this.#timer = setInterval(() => void this.reload(), options.everyMs).unref();
  }

  get value(): T {
    return this.#value;
  }

  /** False when the file is broken or gone. */
  get isWell(): boolean {
    return this.#problem === undefined;
  }

  /** Reads the file now. @throws UsageError  it is broken or missing */
  async load(): Promise<void> {
    const { path, parse, onUse } = this.#options;
    const text = await this.#read();
    if (text === this.#text && this.#problem === undefined) return;
    const value = await parse(text, path);
    const before = this.#value;
    this.#value = value;
    this.#text = text;
    this.#problem = undefined;
    onUse(value, before);
  }

  /** The same, keeping what was in force where that fails. */
  async reload(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (error.message !== this.#problem) this.#options.onProblem(error.message);
      this.#problem = error.message;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#options.path, 'utf8');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`${this.#options.what} cannot be read: ${reason}`, 1, { cause });
    }
  }
}
