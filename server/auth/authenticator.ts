/** Authenticates the sender of a request: static tokens first, then ServiceAccounts by the Kubernetes API. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { UnauthenticatedError, UsageError } from '../../shared/errors.ts';
import type { Metrics } from '../../shared/metrics.ts';
import type { Caller } from './caller.ts';
import { HOW_TO, tokenOf } from './credentials.ts';
import { AUDIENCE, ReviewedTokens } from './reviewed-tokens.ts';
import { digestOf, findCaller, type StaticToken } from './static-tokens.ts';
import { type ApiServer, tokenReviewer } from './token-review.ts';
import { WatchedTokens } from './watched-tokens.ts';
import type { WatchedUsers } from './watched-users.ts';

/** The agent that runs in this process. */
export interface OwnAgent {
  readonly token: string;
  readonly node: string;
}

export interface AuthenticatorOptions {
  readonly tokensFile: string | undefined;
  readonly tokenReview:
    | {
        readonly api: ApiServer;
        /** `<namespace>/<name>`; a name alone is in the server's own namespace. */
        readonly accounts: readonly string[];
      }
    | undefined;
  readonly ownAgent: OwnAgent | undefined;
  /** See users-file.ts. */
  readonly usersFile?: string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class Authenticator {
  readonly #own: readonly StaticToken[];
  readonly #watched: WatchedTokens | undefined;
  readonly #reviewed: ReviewedTokens | undefined;
  /** Undefined without a users file. */
  readonly users: WatchedUsers | undefined;

  private constructor(
    own: readonly StaticToken[],
    watched: WatchedTokens | undefined,
    reviewed: ReviewedTokens | undefined,
    users: WatchedUsers | undefined,
  ) {
    this.#own = own;
    this.#watched = watched;
    this.#reviewed = reviewed;
    this.users = users;
  }

  /** @throws UsageError  one line: what is wrong with the tokens file, the users file or the cluster */
  static async open(options: AuthenticatorOptions): Promise<Authenticator> {
    const { tokensFile: path, tokenReview, usersFile, ownAgent, now, log, metrics } = options;
    const own = ownAgent === undefined ? [] : [agentToken(ownAgent)];
    const reviewed =
      tokenReview &&
      new ReviewedTokens({
        review: tokenReviewer(tokenReview.api, AUDIENCE),
        accounts: await qualified(tokenReview.accounts, tokenReview.api.namespacePath),
        now,
        log,
        metrics,
      });
    const users =
      usersFile === undefined
        ? undefined
        : await (await import('./watched-users.ts')).WatchedUsers.open({ path: usersFile, log, metrics });
    const hasOtherWayIn = reviewed !== undefined || users !== undefined;
    try {
      const watched = path === undefined ? undefined : await WatchedTokens.open({ path, hasOtherWayIn, log, metrics });
      return new Authenticator(own, watched, reviewed, users);
    } catch (error) {
      users?.close();
      throw error;
    }
  }

  /** @throws UnauthenticatedError, ForbiddenError, UnavailableError  with advice, and nothing of the token */
  async authenticate(authorization: string | undefined, address?: string): Promise<Caller> {
    const token = tokenOf(authorization);
    const known =
      findCaller(this.#own, token) ?? this.#watched?.find(token) ?? (await this.#reviewed?.find(token, address));
    if (known !== undefined) return known;
    throw new UnauthenticatedError(`this token is unknown or was revoked: ${HOW_TO}`);
  }

  /** Returns the token of the tokens file with which a caller was authenticated. */
  tokenOf(caller: Caller): StaticToken | undefined {
    return this.#watched?.tokenOf(caller);
  }

  /** Returns the token of the tokens file that has this name. */
  tokenNamed(name: string): StaticToken | undefined {
    return this.#watched?.tokenNamed(name);
  }

  /** Whether there is a tokens file. */
  get hasTokens(): boolean {
    return this.#watched !== undefined;
  }

  close(): void {
    this.users?.close();
    this.#watched?.close();
  }
}

function agentToken({ token, node }: OwnAgent): StaticToken {
  return { digest: digestOf(token), caller: { name: 'own agent', scopes: ['agent'], visible: [], nodes: [node] } };
}

async function qualified(accounts: readonly string[], namespacePath: string): Promise<string[]> {
  if (accounts.every((account) => account.includes('/'))) return [...accounts];
  let namespace: string;
  try {
    namespace = (await readFile(namespacePath, 'utf8')).trim();
  } catch (cause) {
    const message = '--agent-accounts without a namespace needs the pod to have a ServiceAccount of its own';
    throw new UsageError(message, 1, { cause });
  }
  return accounts.map((account) => (account.includes('/') ? account : `${namespace}/${account}`));
}
