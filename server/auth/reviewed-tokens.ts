/**
 * Authenticates agents by their ServiceAccount tokens, which the Kubernetes API reviews; its answers are cached for
 * minutes. While the API is unavailable, cached tokens stay valid and new ones are refused for now.
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
  REFUSALS_KEPT_MAX,
  REVIEWS_AT_ONCE_MAX,
  REVIEWS_KEPT_MAX,
  REVIEWS_OF_ADDRESS_AT_ONCE_MAX,
} from '../limits.ts';
import type { Caller } from './caller.ts';
import { digestOf } from './static-tokens.ts';
import type { ReviewedToken, ReviewToken } from './token-review.ts';

/**
 * The audience that agents' tokens must have, so that a token for something else is not valid for podlog, nor podlog's
 * for that.
 */
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

type TokenReview = { readonly caller: Caller } | { readonly refusal: PodlogError };

interface Remembered<T extends TokenReview> {
  readonly review: T;
  readonly untilMs: number;
}

/** A token that is to be reviewed, and its sender. */
interface Shown {
  readonly key: string;
  readonly token: string;
  readonly claims: Claims;
  /** Undefined where it is not known; otherwise REVIEWS_OF_ADDRESS_AT_ONCE_MAX applies to it. */
  readonly address: string | undefined;
}

/**
 * The unverified claims of a token. Nothing is granted by them: they only save requests to the API, and shorten the
 * time in the cache.
 */
interface Claims {
  readonly audiences: readonly string[];
  readonly expiresMs: number;
}

/** Owns the API's answers. */
export class ReviewedTokens {
  readonly #options: ReviewedTokensOptions;
  readonly #reviews: Counter;
  /** By hash. Separate from refused ones, so that made-up tokens evict no accepted ones. */
  readonly #accepted = new LRUCache<string, Remembered<{ readonly caller: Caller }>>({ max: REVIEWS_KEPT_MAX });
  readonly #refused = new LRUCache<string, Remembered<{ readonly refusal: PodlogError }>>({ max: REFUSALS_KEPT_MAX });
  readonly #underWay = new Map<string, Promise<TokenReview>>();
  /** Addresses of tokens that have not been accepted before, once for each review in flight. */
  readonly #strangers: (string | undefined)[] = [];
  #complainedMs = -Infinity;

  constructor(options: ReviewedTokensOptions) {
    this.#options = options;
    this.#reviews = options.metrics.counter('podlog_token_reviews_total', 'Token reviews by the Kubernetes API.');
  }

  /**
   * Returns the agent whose token it is; undefined when it is not a ServiceAccount token.
   * @param address  the sender's
   * @throws UnauthenticatedError, ForbiddenError, UnavailableError
   */
  async find(token: string, address?: string): Promise<Caller | undefined> {
    const claims = claimsOf(token);
    if (claims === undefined) return undefined;
    if (!claims.audiences.includes(AUDIENCE)) throw wrongAudience();
    const key = digestOf(token).toString('base64');
    const known = this.#accepted.get(key) ?? this.#refused.get(key);
    const review =
      known !== undefined && this.#options.now() < known.untilMs
        ? known.review
        : await this.#ask({ key, token, claims, address });
    if ('refusal' in review) throw review.refusal;
    return review.caller;
  }

  /** Requests with the same token share a review. A token that was accepted before does not wait for strangers. */
  async #ask(shown: Shown): Promise<TokenReview> {
    const underWay = this.#underWay.get(shown.key);
    if (underWay !== undefined) return underWay;
    const isStranger = !this.#accepted.has(shown.key);
    if (isStranger) this.#admit(shown.address);
    const asked = this.#review(shown).finally(() => {
      this.#underWay.delete(shown.key);
      if (isStranger) this.#strangers.splice(this.#strangers.indexOf(shown.address), 1);
    });
    this.#underWay.set(shown.key, asked);
    return asked;
  }

  /** @throws UnavailableError */
  #admit(address: string | undefined): void {
    const ofAddress = address === undefined ? 0 : this.#strangers.filter((other) => other === address).length;
    if (this.#strangers.length >= REVIEWS_AT_ONCE_MAX || ofAddress >= REVIEWS_OF_ADDRESS_AT_ONCE_MAX) {
      throw new UnavailableError('too many new tokens at once: retry later', RETRY_AFTER_REVIEW_SECONDS);
    }
    this.#strangers.push(address);
  }

  async #review({ key, token, claims: { expiresMs } }: Shown): Promise<TokenReview> {
    const { review, now, accounts } = this.#options;
    let reviewed: ReviewedToken;
    try {
      reviewed = await review(token);
    } catch (error) {
      this.#reviews.add(1, { result: 'failed' });
      this.#complain(error);
      const message = 'the Kubernetes API cannot review this token now: retry later';
      throw new UnavailableError(message, RETRY_AFTER_REVIEW_SECONDS, { cause: error });
    }
    const outcome = reviewOf(reviewed, accounts);
    if ('caller' in outcome) {
      this.#reviews.add(1, { result: 'accepted' });
      this.#accepted.set(key, { review: outcome, untilMs: Math.min(now() + REVIEW_ACCEPTED_MS_MAX, expiresMs) });
    } else {
      this.#reviews.add(1, { result: 'refused' });
      this.#accepted.delete(key);
      this.#refused.set(key, { review: outcome, untilMs: now() + REVIEW_REFUSED_MS_MAX });
    }
    return outcome;
  }

  #complain(error: unknown): void {
    const { now, log } = this.#options;
    if (now() - this.#complainedMs < COMPLAINT_MS) return;
    this.#complainedMs = now();
    log.error({ err: error }, 'token review failed; agents with new tokens wait, others go on');
  }
}

function reviewOf(
  { authenticated, username, audiences, node }: ReviewedToken,
  accounts: readonly string[],
): TokenReview {
  if (!authenticated) {
    return { refusal: new UnauthenticatedError('the Kubernetes API does not know this token, or it has expired') };
  }
  // An API server that does not support audiences leaves them out.
  if (!audiences.includes(AUDIENCE)) return { refusal: wrongAudience() };
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username ?? '') ?? [];
  const account = `${namespace}/${name}`;
  if (name === undefined || !accounts.includes(account)) {
    const message = `${name === undefined ? 'this user' : `the ServiceAccount ${account}`} is not an agent here: --agent-accounts lists those that are`;
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

/** Parses a JWT without verifying it; undefined when it is not one. */
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
