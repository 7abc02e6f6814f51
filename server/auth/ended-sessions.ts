/**
 * Sessions that were ended before they expired, so that a stolen cookie is of no more use. One is forgotten once it would have expired:
 * every session that began before it has expired by then, too, which one number remembers. So a clock that jumps ahead and back
 * revives none of them.
 */
import { SESSION_MS_MAX, SESSIONS_ENDED_MAX, SESSIONS_ENDED_OF_CALLER_MAX } from '../limits.ts';
import type { EndedSession, EndedSessions } from '../store/sessions.ts';

/** What identifies a session. */
export interface SessionIdentity {
  readonly id: string;
  readonly caller: string;
  /** Epoch milliseconds. */
  readonly beganMs: number;
}

export function hasEnded({ beganMsMax, sessions }: EndedSessions, session: SessionIdentity): boolean {
  if (session.beganMs <= beganMsMax) return true;
  return sessions.some(
    ({ id, caller, beganMs }) =>
      caller === session.caller && (id === undefined ? session.beganMs <= beganMs : session.id === id),
  );
}

export interface EndedLimits {
  readonly all: number;
  readonly ofCaller: number;
}

const LIMITS: EndedLimits = { all: SESSIONS_ENDED_MAX, ofCaller: SESSIONS_ENDED_OF_CALLER_MAX };

/** Returns those that have ended when this one has ended as well. */
export function withEnded(
  ended: EndedSessions,
  { id, caller, beganMs }: SessionIdentity,
  nowMs: number,
  limits: EndedLimits = LIMITS,
): EndedSessions {
  const all = [...ended.sessions, { id, caller, beganMs }].toSorted((a, b) => a.beganMs - b.beganMs);
  const isOver = (session: EndedSession): boolean => session.beganMs + SESSION_MS_MAX <= nowMs;
  const kept = limitedOfCaller(
    all.filter((session) => !isOver(session)),
    caller,
    limits.ofCaller,
  );
  const forgotten = [...all.filter(isOver), ...kept.slice(0, Math.max(0, kept.length - limits.all))];
  return {
    beganMsMax: Math.max(ended.beganMsMax, ...forgotten.map((session) => session.beganMs)),
    sessions: kept.slice(-limits.all),
  };
}

/** @param sessions  oldest first */
function limitedOfCaller(sessions: readonly EndedSession[], caller: string, max: number): EndedSession[] {
  const own = sessions.filter((each) => each.caller === caller);
  if (own.length <= max) return [...sessions];
  const { beganMs } = own[own.length - max]!;
  const rest = sessions.filter((each) => each.caller !== caller || each.beganMs > beganMs);
  return [...rest, { id: undefined, caller, beganMs }].toSorted((a, b) => a.beganMs - b.beganMs);
}
