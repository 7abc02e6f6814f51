/**
 * Signs people in with an identity provider: the authorization code flow of OpenID Connect with PKCE, state and nonce. What must
 * be known when the browser comes back is in a signed cookie of its own, so that a sign-in that is begun costs the server nothing.
 * The client library is loaded with the first sign-in, and the provider is asked only then: it may be down while the server starts.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Configuration } from 'openid-client';
import * as v from 'valibot';
import { ForbiddenError, PodlogError, UnavailableError } from '../../shared/errors.ts';
import {
  OIDC_DISCOVERY_MS_MAX,
  OIDC_SIGN_IN_MS_MAX,
  OIDC_SIGN_INS_AT_ONCE_MAX,
  OIDC_STATES_USED_MAX,
  SESSION_AHEAD_MS_MAX,
} from '../limits.ts';
import { cookieOf, setCookie } from './cookies.ts';
import type { User } from './grants.ts';
import { userOfClaims } from './oidc-claims.ts';
import { OidcError } from './oidc-error.ts';
import { boundedFetch } from './oidc-fetch.ts';
import { readSignedText, signText } from './signed-text.ts';
import type { OidcOptions } from './users-file.ts';

export const OIDC_CALLBACK = '/login/oidc/callback';

export interface OidcParts {
  /** Returns the options that the users file has now. */
  readonly options: () => OidcOptions | undefined;
  /** Signs the cookie of a sign-in. */
  readonly key: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const COOKIE = 'podlog-login';
const PURPOSE = 'oidc';

const BEGUN = v.object({
  state: v.string(),
  nonce: v.string(),
  verifier: v.string(),
  to: v.string(),
  beganMs: v.number(),
});
type Begun = v.InferOutput<typeof BEGUN>;

interface Discovered {
  readonly options: OidcOptions;
  readonly untilMs: number;
  readonly configuration: Promise<Configuration>;
}

/** Owns what is known of the provider, and which sign-ins are finished. */
export class OidcSignIn {
  readonly #parts: OidcParts;
  #discovered: Discovered | undefined;
  /** States of sign-ins that are finished: each is good for one. */
  readonly #used = new LRUCache<string, true>({ max: OIDC_STATES_USED_MAX, ttl: 2 * OIDC_SIGN_IN_MS_MAX });
  #underWay = 0;

  constructor(parts: OidcParts) {
    this.#parts = parts;
  }

  /** Text of the button; undefined where there is no provider. */
  get label(): string | undefined {
    return this.#parts.options()?.label;
  }

  /**
   * Returns where the browser signs in, and the cookie that it comes back with.
   * @param to  path of the page to come back to
   * @throws OidcError, UnavailableError
   */
  begin(headers: IncomingHttpHeaders, to: string): Promise<{ readonly location: string; readonly cookie: string }> {
    return this.#bounded(to, async (options) => {
      const client = await import('openid-client');
      const configuration = await this.#configuration(options);
      const [state, nonce, verifier] = [randomText(), randomText(), client.randomPKCECodeVerifier()];
      const begun: Begun = { state, nonce, verifier, to, beganMs: this.#parts.now() };
      const location = client.buildAuthorizationUrl(configuration, {
        redirect_uri: options.url + OIDC_CALLBACK,
        scope: options.scope,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      const text = signText(this.#parts.key, PURPOSE, JSON.stringify(begun));
      // Lax, as the provider's page leads back here.
      const cookie = setCookie(headers, COOKIE, text, { sameSite: 'Lax', maxAgeMs: OIDC_SIGN_IN_MS_MAX });
      return { location: location.href, cookie };
    });
  }

  /**
   * Returns who has signed in, and the path that was wanted.
   * @param search  of the address to which the provider has led the browser back
   * @throws OidcError, UnavailableError
   */
  async finish(
    headers: IncomingHttpHeaders,
    search: URLSearchParams,
  ): Promise<{ readonly user: User; readonly to: string }> {
    const begun = this.#begunBy(headers, search);
    this.#used.set(begun.state, true);
    const user = await this.#bounded(begun.to, (options) => this.#exchange(options, begun, search));
    return { user, to: begun.to };
  }

  cookieOfNone(headers: IncomingHttpHeaders): string {
    return setCookie(headers, COOKIE, '', { sameSite: 'Lax', maxAgeMs: 0 });
  }

  /** @throws OidcError  this browser has begun no such sign-in, or not lately, or has finished it */
  #begunBy(headers: IncomingHttpHeaders, search: URLSearchParams): Begun {
    const cookie = cookieOf(headers, COOKIE);
    const text = cookie === undefined ? undefined : readSignedText(this.#parts.key, PURPOSE, cookie);
    const { success, output } = v.safeParse(BEGUN, text === undefined ? undefined : JSON.parse(text));
    if (!success) throw new OidcError('expired', '/', 'the browser came back without the cookie of a sign-in');
    const ageMs = this.#parts.now() - output.beganMs;
    const isNow = ageMs < OIDC_SIGN_IN_MS_MAX && ageMs >= -SESSION_AHEAD_MS_MAX;
    if (!isNow) throw new OidcError('expired', output.to, 'the sign-in was begun too long ago');
    if (search.get('state') !== output.state) {
      throw new OidcError('expired', output.to, 'the browser came back with the state of another sign-in');
    }
    if (this.#used.has(output.state)) throw new OidcError('expired', output.to, 'the sign-in was finished before');
    return output;
  }

  async #exchange(options: OidcOptions, { state, nonce, verifier, to }: Begun, search: URLSearchParams): Promise<User> {
    const client = await import('openid-client');
    const configuration = await this.#configuration(options);
    const current = new URL(`${options.url}${OIDC_CALLBACK}?${search.toString()}`);
    const tokens = await client.authorizationCodeGrant(configuration, current, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims()!;
    // Some providers keep groups out of the token.
    const isAllThere = claims[options.userClaim] !== undefined && claims[options.groupsClaim] !== undefined;
    const more =
      isAllThere || configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    try {
      return userOfClaims({ ...more, ...claims }, options);
    } catch (cause) {
      if (!(cause instanceof ForbiddenError)) throw cause;
      throw new OidcError('no-grant', to, cause.message, { cause });
    }
  }

  /** @throws OidcError  it failed; UnavailableError  there are too many at once */
  async #bounded<T>(to: string, act: (options: OidcOptions) => Promise<T>): Promise<T> {
    const options = this.#parts.options();
    if (options === undefined)
      throw new OidcError('failed', to, 'the users file names no identity provider: add oidc to it');
    if (this.#underWay >= OIDC_SIGN_INS_AT_ONCE_MAX) throw new UnavailableError('too many sign-ins at once: retry', 1);
    this.#underWay++;
    try {
      return await act(options);
    } catch (cause) {
      if (cause instanceof OidcError || cause instanceof PodlogError) throw cause;
      throw failureOf(cause, to);
    } finally {
      this.#underWay--;
    }
  }

  #configuration(options: OidcOptions): Promise<Configuration> {
    const nowMs = this.#parts.now();
    const known = this.#discovered;
    if (known?.options === options && nowMs < known.untilMs) return known.configuration;
    const configuration = discover(options);
    const discovered = { options, untilMs: nowMs + OIDC_DISCOVERY_MS_MAX, configuration };
    this.#discovered = discovered;
    // The next sign-in asks again.
    configuration.catch(() => {
      if (this.#discovered === discovered) this.#discovered = undefined;
    });
    return configuration;
  }
}

async function discover(options: OidcOptions): Promise<Configuration> {
  const client = await import('openid-client');
  const secret =
    options.clientSecretFile === undefined
      ? options.clientSecret
      : (await readFile(options.clientSecretFile, 'utf8')).trim();
  const isOwnMachine = options.issuer.protocol === 'http:';
  return client.discovery(
    options.issuer,
    options.clientId,
    { [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
    secret === undefined ? client.None() : secretAuthentication(client, secret),
    {
      [client.customFetch]: boundedFetch,
      // The signature of the token is verified, too, not only that it comes from the provider.
      execute: [client.enableNonRepudiationChecks, ...(isOwnMachine ? [client.allowInsecureRequests] : [])],
    },
  );
}

const CLOCK_TOLERANCE_SECONDS = 60;

/** As the provider wants it: in a header, which is the default of the standard, or in the body. */
function secretAuthentication(client: typeof import('openid-client'), secret: string) {
  const basic = client.ClientSecretBasic(secret);
  const post = client.ClientSecretPost(secret);
  return ((server, ...rest) => {
    const supported = server.token_endpoint_auth_methods_supported;
    const isBasic = supported === undefined || supported.includes('client_secret_basic');
    return (isBasic ? basic : post)(server, ...rest);
  }) satisfies typeof basic;
}

/** The provider's answer may say that the person refused. Its other texts are for the log. */
function failureOf(cause: unknown, to: string): OidcError {
  const error = cause instanceof Error && 'error' in cause ? String(cause.error) : undefined;
  if (error === 'access_denied') return new OidcError('denied', to, 'the identity provider refused', { cause });
  return new OidcError('failed', to, cause instanceof Error ? cause.message : String(cause), { cause });
}

function randomText(): string {
  return randomBytes(24).toString('base64url');
}
