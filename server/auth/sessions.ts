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
import { ForbiddenError } from '../../shared/errors.ts';
import { SESSION_AHEAD_MS_MAX, SESSION_MS_MAX, SESSIONS_IN_USE_MAX } from '../limits.ts';
import { NONE_ENDED, SESSION_KEY_BYTES, type SessionAbility } from '../store/sessions.ts';
import type { Authenticator } from './authenticator.ts';
import type { Caller } from './caller.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { hasEnded, type SessionIdentity, withEnded } from './ended-sessions.ts';
import { readSignedText, signText } from './signed-text.ts';
import { type StaticToken, termsOf } from './static-tokens.ts';

export interface Session extends SessionIdentity {
  /** Epoch milliseconds. */
  readonly endsMs: number;
  /** Hash of the token and of what it may do. */
  readonly rights: string;
}

export interface SessionParts {
  readonly authenticator: Pick<Authenticator, 'tokenOf' | 'tokenNamed'>;
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

const SESSION = v.object({
  id: v.string(),
  caller: v.string(),
  beganMs: v.number(),
  endsMs: v.number(),
  rights: v.string(),
});

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

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#store = parts.store ?? storeInMemory();
  }

  /**
   * Opens a session for a caller that has shown a token. It has an id of its own, whatever cookie came with the request.
   * @throws ForbiddenError  its token is not for people
   */
  open(caller: Caller): Session {
    const token = this.#parts.authenticator.tokenOf(caller);
    if (token === undefined)
      throw new ForbiddenError(`${caller.name} cannot sign in: only tokens of the tokens file can`);
    const beganMs = this.#parts.now();
    const id = randomBytes(ID_BYTES).toString('base64url');
    return { id, caller: caller.name, beganMs, endsMs: beganMs + SESSION_MS_MAX, rights: this.#rightsOf(token) };
  }

  /** Returns the session whose cookie came with a request; undefined when there is none that holds. */
  find(headers: IncomingHttpHeaders): KnownSession | undefined {
    const cookie = cookieOf(headers, COOKIE);
    const session = cookie === undefined ? undefined : this.#read(cookie);
    if (session === undefined || !this.#holds(session)) return undefined;
    const token = this.#parts.authenticator.tokenNamed(session.caller);
    if (token === undefined || this.#rightsOf(token) !== session.rights) return undefined;
    return { session, caller: { ...token.caller, revoked: this.#signalOf(session, token.caller) } };
  }

  /** Ends it, for everyone who has its cookie. @throws UnavailableError  it may be back after a restart */
  async end(session: Session): Promise<void> {
    const saved = this.#store.saveEnded(withEnded(this.#store.ended(), session, this.#parts.now()));
    this.#inUse.delete(session.id);
    await saved;
  }

  cookieFor(session: Session, headers: IncomingHttpHeaders): string {
    const maxAgeMs = session.endsMs - session.beganMs;
    return setCookie(headers, COOKIE, signText(this.#store.key, PURPOSE, JSON.stringify(session)), {
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

  #rightsOf(token: StaticToken): string {
    const terms = JSON.stringify(termsOf(token));
    return createHmac('sha256', this.#store.key).update(token.digest).update(terms).digest('base64url').slice(0, 22);
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
