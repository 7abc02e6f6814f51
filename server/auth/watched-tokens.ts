/**
 * The tokens of the tokens file, issued and revoked without a restart. While the file is broken or missing the last
 * valid tokens stay in force: a mistake in an editor must not lock everyone out.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Metrics } from '../../shared/metrics.ts';
import { WatchedFile } from '../watched-file.ts';
import type { Caller } from './caller.ts';
import { findCaller, isUnbound, type StaticToken, termsOf } from './static-tokens.ts';
import { parseTokens } from './tokens-file.ts';

export interface WatchedTokensOptions {
  readonly path: string;
  /**
   * If true (agents have another way in), the server starts even while the file is missing or broken; otherwise it does
   * not.
   */
  readonly hasOtherWayIn: boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface RevocableToken extends StaticToken {
  /** Aborts the `revoked` signal of its caller. */
  readonly revocation: AbortController;
}

/** Owns the tokens that are valid now. */
export class WatchedTokens {
  readonly #file: WatchedFile<readonly RevocableToken[]>;

  private constructor({ path, log, metrics }: WatchedTokensOptions) {
    this.#file = new WatchedFile<readonly RevocableToken[]>({
      path,
      what: 'the tokens file',
      initial: [],
      parse: async (text, file) => (await parseTokens(text, file)).map((token) => this.#revocable(token)),
      onUse: (tokens, before) => {
        log.info({ path, tokens: tokens.length }, 'tokens file loaded');
        const unbound = tokens.filter(({ caller }) => isUnbound(caller)).map(({ caller }) => caller.name);
        if (unbound.length > 0) {
          log.warn({ path, tokens: unbound }, 'agent tokens without nodes are bound to the first node that uses them');
        }
        for (const token of before) if (!tokens.includes(token)) token.revocation.abort();
      },
      onProblem: (message) => log.error({ valid: this.#file.value.length }, `${message}; keeping the previous tokens`),
    });
    metrics.gauge('podlog_tokens', 'Static tokens that are valid.').readFrom(() => this.#file.value.length);
    metrics
      .gauge(
        'podlog_tokens_file_ok',
        '0 while the tokens file is broken or missing, and the previous tokens stay in force.',
      )
      .readFrom(() => (this.#file.isWell ? 1 : 0));
  }

  /** @throws UsageError  the file is broken or missing, and there is no other way in */
  static async open(options: WatchedTokensOptions): Promise<WatchedTokens> {
    const watched = new WatchedTokens(options);
    if (options.hasOtherWayIn) await watched.#file.reload();
    else await watched.#file.open();
    return watched;
  }

  find(token: string): Caller | undefined {
    return findCaller(this.#file.value, token);
  }

  tokenOf(caller: Caller): StaticToken | undefined {
    return this.#file.value.find((token) => token.caller === caller);
  }

  tokenNamed(name: string): StaticToken | undefined {
    return this.#file.value.find(({ caller }) => caller.name === name);
  }

  /** Reads the file now. */
  async reload(): Promise<void> {
    await this.#file.reload();
  }

  close(): void {
    this.#file.close();
  }

  /** An unchanged token keeps its object, so that answers in progress go on. */
  #revocable(token: StaticToken): RevocableToken {
    const known = this.#file.value.find((other) => isSame(other, token));
    if (known !== undefined) return known;
    const revocation = new AbortController();
    return { ...token, caller: { ...token.caller, revoked: revocation.signal }, revocation };
  }
}

function isSame(a: StaticToken, b: StaticToken): boolean {
  return a.digest.equals(b.digest) && isDeepStrictEqual(termsOf(a.caller), termsOf(b.caller));
}
