/**
 * What a store keeps of the sessions of browsers: the key that signs them, and which of them have ended before their time.
 * A session itself is in its browser's cookie (../auth/sessions.ts), so that signing in writes nothing.
 */

export const SESSION_KEY_BYTES = 32;

/** A session that has ended, or several. */
export interface EndedSession {
  /** Undefined: every session of the caller that began up to `beganMs`. */
  readonly id: string | undefined;
  readonly caller: string;
  /** Epoch milliseconds. */
  readonly beganMs: number;
}

export interface EndedSessions {
  /** Every session that began up to then has ended. Epoch milliseconds. */
  readonly beganMsMax: number;
  readonly sessions: readonly EndedSession[];
}

export const NONE_ENDED: EndedSessions = { beganMsMax: 0, sessions: [] };

export interface SessionAbility {
  /** SESSION_KEY_BYTES long, and as lasting as the store. */
  readonly key: Uint8Array;
  ended(): EndedSessions;

  /**
   * Replaces them; in force at once. Resolves when that is durable.
   * @throws UnavailableError  the disk is full, or fails; the next change is written with this one
   */
  saveEnded(ended: EndedSessions): Promise<void>;
}
