/**
 * Agents by their ServiceAccount tokens, as the Kubernetes API knows them, with its answers remembered for minutes. While
 * the API is away, remembered tokens go on and others wait.
 */
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { ForbiddenError, type PodlogError, UnauthenticatedError, UnavailableError } from '../../shared/errors.ts';
import type { Counter, Metrics } from '../../shared/metrics.ts';
import {
  COMPLAINT_MS,
  RETRY_AFTER_REVIEW_SECONDS,
  REVIEW_ACCEPTED_MS_MAX,
  REVIEW_REFUSED_MS_MAX,
  REVIEWS_AT_ONCE_MAX,
  REVIEWS_KEPT_MAX,
} from '../limits.ts';
import type { Caller } from './caller.ts';
import { digestOf } from './static-tokens.ts';
import type { ReviewedToken, ReviewToken } from './token-review.ts';

/** Whom agents' tokens must be for, so that a token for something else does not open podlog, nor podlog's that. */
export const AUDIENCE = 'podlog';

export interface ReviewedTokensOptions {
  readonly review: ReviewToken;
  /** ServiceAccounts that agents run as, `<namespace>/<name>`. */
  readonly accounts: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

type Verdict = { readonly caller: Caller } | { readonly refusal: PodlogError };

interface Remembered {
  readonly verdict: Verdict;
  readonly untilMs: number;
}

/** What a token says of itself. Nothing is let in for it: it only spares the API, and shortens what is remembered. */
interface Claims {
  readonly audiences: readonly string[];
  readonly expiresMs: number;
}

/** Owns what the API has said. */
export class ReviewedTokens {
  readonly #options: ReviewedTokensOptions;
  readonly #reviews: Counter;
  /** By hash. */
  readonly #known = new LRUCache<string, Remembered>({ max: REVIEWS_KEPT_MAX });
  readonly #underWay = new Map<string, Promise<Verdict>>();
  #complainedMs = -Infinity;

  constructor(options: ReviewedTokensOptions) {
    this.#options = options;
    this.#reviews = options.metrics.counter(
      'podlog_token_reviews_total',
      'Tokens that the Kubernetes API was asked for.',
    );
  }

  /**
   * The agent whose token it is; undefined when it is no ServiceAccount token.
   * @throws UnauthenticatedError, ForbiddenError, UnavailableError
   */
  async find(token: string): Promise<Caller | undefined> {
    const claims = claimsOf(token);
    if (claims === undefined) return undefined;
    if (!claims.audiences.includes(AUDIENCE)) throw wrongAudience();
    const key = digestOf(token).toString('base64');
    const known = this.#known.get(key);
    const verdict =
      known !== undefined && this.#options.now() < known.untilMs ? known.verdict : await this.#ask(key, token, claims);
    if ('refusal' in verdict) throw verdict.refusal;
    return verdict.caller;
  }

  /** Requests with the same token share a review. */
  #ask(key: string, token: string, claims: Claims): Promise<Verdict> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= REVIEWS_AT_ONCE_MAX) {
      throw new UnavailableError('too many new tokens at once: wait, and try again', RETRY_AFTER_REVIEW_SECONDS);
    }
    const asked = this.#review(key, token, claims).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #review(key: string, token: string, { expiresMs }: Claims): Promise<Verdict> {
    const { review, now, accounts } = this.#options;
    let reviewed: ReviewedToken;
    try {
      reviewed = await review(token);
    } catch (error) {
      this.#reviews.add(1, { result: 'failed' });
      this.#complain(error);
      const message = 'the Kubernetes API, which alone knows this token, does not answer as it should: try again';
      throw new UnavailableError(message, RETRY_AFTER_REVIEW_SECONDS, { cause: error });
    }
    const verdict = verdictOf(reviewed, accounts);
    const isAccepted = 'caller' in verdict;
    this.#reviews.add(1, { result: isAccepted ? 'accepted' : 'refused' });
    const untilMs = isAccepted ? Math.min(now() + REVIEW_ACCEPTED_MS_MAX, expiresMs) : now() + REVIEW_REFUSED_MS_MAX;
    this.#known.set(key, { verdict, untilMs });
    return verdict;
  }

  #complain(error: unknown): void {
    const { now, log } = this.#options;
    if (now() - this.#complainedMs < COMPLAINT_MS) return;
    this.#complainedMs = now();
    log.error({ err: error }, 'tokens cannot be reviewed: agents whose token is new wait, the others go on');
  }
}

function verdictOf({ authenticated, username, audiences, node }: ReviewedToken, accounts: readonly string[]): Verdict {
  if (!authenticated) {
    return { refusal: new UnauthenticatedError('the Kubernetes API does not know this token, or it has expired') };
  }
  // An API server that does not know audiences leaves them out.
  if (!audiences.includes(AUDIENCE)) return { refusal: wrongAudience() };
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username ?? '') ?? [];
  const account = `${namespace}/${name}`;
  if (name === undefined || !accounts.includes(account)) {
    const message = `${name === undefined ? 'this user' : `the ServiceAccount ${account}`} is no agent here: --agent-accounts lists those that are`;
    return { refusal: new ForbiddenError(message) };
  }
  if (node === undefined) {
    const message = `the token of ${account} is bound to no pod that runs on a node: project it into the agent's pod (serviceAccountToken)`;
    return { refusal: new ForbiddenError(message) };
  }
  return { caller: { name: account, scopes: ['agent'], visible: [], nodes: [node] } };
}

function wrongAudience(): UnauthenticatedError {
  return new UnauthenticatedError(
    `the token is not for the audience "${AUDIENCE}": project one with serviceAccountToken: { audience: ${AUDIENCE}, … }`,
  );
}

/** Of a JWT, unverified; undefined when it is none. */
function claimsOf(token: string): Claims | undefined {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (payload === undefined) return undefined;
  try {
    const { aud, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: unknown; exp?: unknown };
    const expiresMs = typeof exp === 'number' ? exp * 1000 : Infinity;
    return { audiences: [aud].flat().filter((each) => typeof each === 'string'), expiresMs };
  } catch {
    return undefined;
  }
}
