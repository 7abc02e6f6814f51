/**
 * Sessions of browsers. A token is exchanged for a cookie, which no script can read, so that the page keeps no secret and the
 * browser's own downloads work. The cookie names the caller and what it may do by a hash: a session ends when its token is
 * removed or changed, because none has that hash any more. All of it is in the cookie, signed with a key of the store; the
 * server keeps only which sessions have ended (ended-sessions.ts).
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import * as v from 'valibot';
import { ForbiddenError, UnavailableError } from '../../shared/errors.ts';
import {
  LOGINS_OF_CALLER_A_MINUTE_MAX,
  OIDC_SESSION_MS_MAX,
  SESSION_AHEAD_MS_MAX,
  SESSION_COOKIE_CHARS_MAX,
  SESSION_MS_MAX,
  SESSIONS_IN_USE_MAX,
} from '../limits.ts';
import { NONE_ENDED, SESSION_KEY_BYTES, type SessionAbility } from '../store/sessions.ts';
import type { Authenticator } from './authenticator.ts';
import type { Caller } from './caller.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { hasEnded, type SessionIdentity, withEnded } from './ended-sessions.ts';
import { type User, USER_PREFIX } from './grants.ts';
import { OidcError } from './oidc-error.ts';
import { readSignedText, signText } from './signed-text.ts';
import { termsOf } from './static-tokens.ts';

export interface Session extends SessionIdentity {
  /** Epoch milliseconds. */
  readonly endsMs: number;
  /** Hash of the token, if it was opened with one, and of what the caller may do. */
  readonly rights: string;
  /** What an identity provider has said besides the name. Undefined for a token. */
  readonly user?: Omit<User, 'name'> | undefined;
}

export interface SessionParts {
  readonly authenticator: Pick<Authenticator, 'tokenOf' | 'tokenNamed' | 'users'>;
  /** Undefined where the store keeps nothing of them: they hold until the server ends. */
  readonly store: SessionAbility | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface KnownSession {
  readonly session: Session;
  /** Its `revoked` is aborted when the session ends, too. */
  readonly caller: Caller;
}

const COOKIE = 'podlog';
const PURPOSE = 'session';
const ID_BYTES = 12;
const MINUTE_MS = 60_000;

const SESSION = v.object({
  id: v.string(),
  caller: v.string(),
  beganMs: v.number(),
  endsMs: v.number(),
  rights: v.string(),
  user: v.optional(v.object({ groups: v.array(v.string()), namespaces: v.array(v.string()) })),
});

/** What gives a session its rights. */
interface Grounds {
  readonly caller: Caller;
  readonly rights: string;
}

const NO_TOKEN = new Uint8Array();

interface InUse {
  readonly ended: AbortController;
  /** Aborted when the session or its token ends. */
  readonly signal: AbortSignal;
}

/** Owns which sessions have ended, and the signals of those in use. */
export class Sessions {
  readonly #parts: SessionParts;
  readonly #store: SessionAbility;
  readonly #inUse = new LRUCache<string, InUse>({
    max: SESSIONS_IN_USE_MAX,
    ttl: SESSION_MS_MAX,
    ttlAutopurge: true,
    dispose: ({ ended }) => ended.abort(),
  });

  /** Sessions that each caller has opened in this minute. */
  #opened = { minute: 0, counts: new Map<string, number>() };

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#store = parts.store ?? storeInMemory();
  }

  /** Signs whatever a browser keeps. */
  get key(): Uint8Array {
    return this.#store.key;
  }

  /**
   * Opens a session for a caller that has shown a token. It has an id of its own, whatever cookie came with the request.
   * @throws ForbiddenError  its token is not for people
   * @throws UnavailableError  it opens too many
   */
  open(caller: Caller): Session {
    const token = this.#parts.authenticator.tokenOf(caller);
    if (token === undefined)
      throw new ForbiddenError(`${caller.name} cannot sign in: only tokens of the tokens file can`);
    return this.#open({ caller, rights: this.#rightsOf(caller, token.digest) }, SESSION_MS_MAX, undefined);
  }

  /**
   * Opens a session for a person whom an identity provider has named.
   * @param to  the path that was wanted
   * @throws OidcError  no grant is theirs, or what must be remembered of them is too long for a cookie
   * @throws UnavailableError  they open too many
   */
  openForUser(user: User, to: string): Session {
    const { users } = this.#parts.authenticator;
    try {
      const { name: _name, ...rest } = users!.admit(user);
      const caller = users!.callerOf(user)!;
      const session = this.#open({ caller, rights: this.#rightsOf(caller) }, OIDC_SESSION_MS_MAX, rest);
      if (this.#textOf(session).length <= SESSION_COOKIE_CHARS_MAX) return session;
      throw new ForbiddenError(`${user.name} is in too many groups with grants, or has too many namespaces`);
    } catch (cause) {
      if (!(cause instanceof ForbiddenError)) throw cause;
      throw new OidcError('no-grant', to, cause.message, { cause });
    }
  }

  /** Returns the session whose cookie came with a request; undefined when there is none that holds. */
  find(headers: IncomingHttpHeaders): KnownSession | undefined {
    const cookie = cookieOf(headers, COOKIE);
    const session = cookie === undefined ? undefined : this.#read(cookie);
    if (session === undefined || !this.#holds(session)) return undefined;
    const grounds = this.#groundsOf(session);
    if (grounds === undefined || grounds.rights !== session.rights) return undefined;
    return { session, caller: { ...grounds.caller, revoked: this.#signalOf(session, grounds.caller) } };
  }

  /** Ends it, for everyone who has its cookie. @throws UnavailableError  it may be back after a restart */
  async end(session: Session): Promise<void> {
    const saved = this.#store.saveEnded(withEnded(this.#store.ended(), session, this.#parts.now()));
    this.#inUse.delete(session.id);
    await saved;
  }

  cookieFor(session: Session, headers: IncomingHttpHeaders): string {
    const maxAgeMs = session.endsMs - session.beganMs;
    return setCookie(headers, COOKIE, this.#textOf(session), {
      sameSite: 'Strict',
      maxAgeMs,
    });
  }

  cookieOfNone(headers: IncomingHttpHeaders): string {
    return setCookie(headers, COOKIE, '', { sameSite: 'Strict', maxAgeMs: 0 });
  }

  close(): void {
    this.#inUse.clear();
  }

  #countOpened(caller: string, nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (this.#opened.minute !== minute) this.#opened = { minute, counts: new Map() };
    const count = this.#opened.counts.get(caller) ?? 0;
    if (count >= LOGINS_OF_CALLER_A_MINUTE_MAX) {
      throw new UnavailableError(`${caller} signs in too often: retry in a minute`, MINUTE_MS / 1000);
    }
    this.#opened.counts.set(caller, count + 1);
  }

  #read(cookie: string): Session | undefined {
    const text = readSignedText(this.#store.key, PURPOSE, cookie);
    if (text === undefined) return undefined;
    // Signed by another version of podlog, perhaps.
    const { success, output } = v.safeParse(SESSION, JSON.parse(text));
    return success ? output : undefined;
  }

  #holds(session: Session): boolean {
    const nowMs = this.#parts.now();
    const isInTime = nowMs < session.endsMs && session.beganMs <= nowMs + SESSION_AHEAD_MS_MAX;
    return isInTime && !hasEnded(this.#store.ended(), session);
  }

  #open({ caller: { name: caller }, rights }: Grounds, lifetimeMs: number, user: Session['user']): Session {
    const beganMs = this.#parts.now();
    this.#countOpened(caller, beganMs);
    const id = randomBytes(ID_BYTES).toString('base64url');
    return { id, caller, beganMs, endsMs: beganMs + lifetimeMs, rights, user };
  }

  /** Returns what gives a session its rights now; undefined where nothing does. */
  #groundsOf({ caller: name, user }: Session): Grounds | undefined {
    const { authenticator } = this.#parts;
    if (user === undefined) {
      const token = authenticator.tokenNamed(name);
      return token && { caller: token.caller, rights: this.#rightsOf(token.caller, token.digest) };
    }
    const caller = authenticator.users?.callerOf({ ...user, name: name.slice(USER_PREFIX.length) });
    return caller && { caller, rights: this.#rightsOf(caller) };
  }

  #rightsOf(caller: Caller, tokenDigest: Uint8Array = NO_TOKEN): string {
    const terms = JSON.stringify(termsOf(caller));
    return createHmac('sha256', this.#store.key).update(tokenDigest).update(terms).digest('base64url').slice(0, 22);
  }

  #textOf(session: Session): string {
    return signText(this.#store.key, PURPOSE, JSON.stringify(session));
  }

  #signalOf({ id }: Session, { revoked }: Caller): AbortSignal {
    const known = this.#inUse.get(id);
    if (known !== undefined && !known.signal.aborted) return known.signal;
    const ended = new AbortController();
    const signal = revoked === undefined ? ended.signal : AbortSignal.any([ended.signal, revoked]);
    this.#inUse.set(id, { ended, signal });
    return signal;
  }
}

function storeInMemory(): SessionAbility {
  let ended = NONE_ENDED;
  return {
    key: randomBytes(SESSION_KEY_BYTES),
    ended: () => ended,
    saveEnded: async (changed) => void (ended = changed),
  };
}
