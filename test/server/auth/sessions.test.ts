/** Sessions and clocks. */
import { expect, onTestFinished, test } from 'vitest';
import { LOGINS_OF_CALLER_A_MINUTE_MAX, SESSION_AHEAD_MS_MAX, SESSION_MS_MAX } from '../../../server/limits.ts';
import { Sessions } from '../../../server/auth/sessions.ts';
import { digestOf } from '../../../server/auth/static-tokens.ts';

const TOKEN = {
  digest: digestOf('shop-token-0123456789'),
  caller: { name: 'shop', scopes: ['read'], visible: 'all', nodes: [] },
} as const;
const START_MS = 1_700_000_000_000;

function openSessions() {
  const clock = { nowMs: START_MS };
  const sessions = new Sessions({
    authenticator: {
      tokenOf: () => TOKEN,
      tokenNamed: (name) => (name === 'shop' ? TOKEN : undefined),
      users: undefined,
    },
    store: undefined,
    now: () => clock.nowMs,
  });
  onTestFinished(() => sessions.close());
  const session = sessions.open(TOKEN.caller);
  const cookie = sessions.cookieFor(session, {}).split(';')[0]!;
  const holdsAt = (nowMs: number): boolean => {
    clock.nowMs = nowMs;
    return sessions.find({ cookie }) !== undefined;
  };
  return { clock, sessions, session, holdsAt };
}

test('a session ends with its time', () => {
  const { holdsAt } = openSessions();
  expect(holdsAt(START_MS + SESSION_MS_MAX - 1)).toBe(true);
  expect(holdsAt(START_MS + SESSION_MS_MAX)).toBe(false);
});

test('one that began while the clock was ahead is refused once it is set back: it would hold for as much longer', () => {
  const { holdsAt } = openSessions();
  expect(holdsAt(START_MS - SESSION_AHEAD_MS_MAX)).toBe(true);
  expect(holdsAt(START_MS - SESSION_AHEAD_MS_MAX - 1)).toBe(false);
});

test('one that has ended stays so when the clock jumps ahead, another ends, and the clock jumps back', async () => {
  const { sessions, session, holdsAt } = openSessions();
  await sessions.end(session);
  expect(holdsAt(START_MS)).toBe(false);
  holdsAt(START_MS + 2 * SESSION_MS_MAX);
  await sessions.end(sessions.open(TOKEN.caller));
  expect(holdsAt(START_MS)).toBe(false);
});

test('a flood of sign-ins is refused for a while', () => {
  const { clock, sessions } = openSessions();
  for (let n = 1; n < LOGINS_OF_CALLER_A_MINUTE_MAX; n++) sessions.open(TOKEN.caller);
  expect(() => sessions.open(TOKEN.caller)).toThrow('shop signs in too often: retry in a minute');
  clock.nowMs += 60_000;
  expect(sessions.open(TOKEN.caller).caller).toBe('shop');
});
