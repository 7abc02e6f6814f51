/**
 * Keeps up with the tokens file: its content is looked at every few seconds, whatever became of the file (Kubernetes
 * swaps a symbolic link for a Secret, editors rename), so a token is given out or taken back without a restart. A file
 * that is broken or gone leaves the tokens as they were, and says so: a slip of an editor must not lock everybody out.
 */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { UsageError } from '../../shared/errors.ts';
import type { Metrics } from '../../shared/metrics.ts';
import { TOKENS_FILE_MS } from '../limits.ts';
import type { Caller } from './caller.ts';
import { findCaller, type StaticToken } from './static-tokens.ts';
import { parseTokens } from './tokens-file.ts';

export interface WatchedTokensOptions {
  readonly path: string;
  /** A server that agents may use goes without tokens until the file is there and well; another one does not start. */
  readonly hasOtherWayIn: boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Owns the tokens that are valid now. */
export class WatchedTokens {
  readonly #path: string;
  readonly #log: Logger;
  #tokens: readonly StaticToken[] = [];
  /** That they are of. */
  #text: string | undefined;
  #problem: string | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor({ path, log, metrics }: WatchedTokensOptions) {
    this.#path = path;
    this.#log = log;
    metrics.gauge('podlog_tokens', 'Static tokens that are valid.').readFrom(() => this.#tokens.length);
    metrics
      .gauge('podlog_tokens_file_ok', '0 when the tokens file is broken or gone, and the tokens before it count.')
      .readFrom(() => (this.#problem === undefined ? 1 : 0));
    this.#timer = setInterval(() => void this.reload(), TOKENS_FILE_MS);
    this.#timer.unref();
  }

  /** @throws UsageError  it is broken or missing, and there is no other way in */
  static async open(options: WatchedTokensOptions): Promise<WatchedTokens> {
    const watched = new WatchedTokens(options);
    if (options.hasOtherWayIn) await watched.reload();
    else await watched.#load();
    return watched;
  }

  find(token: string): Caller | undefined {
    return findCaller(this.#tokens, token);
  }

  /** Looks at the file now. */
  async reload(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const valid = this.#tokens.length;
      if (error.message !== this.#problem) this.#log.error({ valid }, `${error.message}; valid tokens stay valid`);
      this.#problem = error.message;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    const text = await read(this.#path);
    if (text === this.#text && this.#problem === undefined) return;
    this.#tokens = await parseTokens(text, this.#path);
    this.#text = text;
    this.#problem = undefined;
    this.#log.info({ path: this.#path, tokens: this.#tokens.length }, 'the tokens file is in use');
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`the tokens file cannot be read: ${reason}`, 1, { cause });
  }
}
