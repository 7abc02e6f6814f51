/** Sessions that have ended stay so, whatever is forgotten of them and however the clock jumps. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { hasEnded, type SessionIdentity, withEnded } from '../../../server/auth/ended-sessions.ts';
import { SESSION_MS_MAX } from '../../../server/limits.ts';
import { NONE_ENDED } from '../../../server/store/sessions.ts';

const LIMITS = { all: 6, ofCaller: 3 };
const session = (id: string, caller: string, beganMs: number): SessionIdentity => ({ id, caller, beganMs });

test('the one that has ended, and no other', () => {
  const ended = withEnded(NONE_ENDED, session('a', 'shop', 100), 200);
  expect(hasEnded(ended, session('a', 'shop', 100))).toBe(true);
  expect(hasEnded(ended, session('b', 'shop', 100))).toBe(false);
  expect(hasEnded(ended, session('b', 'bank', 50))).toBe(false);
});

test('a caller that ends many loses its oldest ones, and no other caller does', () => {
  let ended = NONE_ENDED;
  for (let n = 1; n <= 10; n++) ended = withEnded(ended, session(`s${n}`, 'flood', 100 * n), 2_000, LIMITS);
  expect(ended.sessions).toHaveLength(3);
  expect(hasEnded(ended, session('open', 'flood', 750))).toBe(true);
  expect(hasEnded(ended, session('open', 'flood', 850))).toBe(false);
  expect(hasEnded(ended, session('open', 'bank', 1))).toBe(false);
});

test('a clock that jumps ahead and back brings none back', () => {
  const before = withEnded(NONE_ENDED, session('stolen', 'shop', 1_000), 2_000);
  const jumped = withEnded(before, session('other', 'shop', 1_500), 2_000 + SESSION_MS_MAX);
  expect(hasEnded(jumped, session('stolen', 'shop', 1_000))).toBe(true);
});

test('whatever ends in whatever order, what has ended stays so, within the limits', () => {
  const sessions = fc.record({
    id: fc.uuid(),
    caller: fc.constantFrom('a', 'b', 'c', 'd'),
    beganMs: fc.integer({ min: 1, max: 3 * SESSION_MS_MAX }),
    nowMs: fc.integer({ min: 1, max: 5 * SESSION_MS_MAX }),
  });
  fc.assert(
    fc.property(fc.array(sessions, { maxLength: 40 }), (all) => {
      let ended = NONE_ENDED;
      for (const { nowMs, ...each } of all) ended = withEnded(ended, each, nowMs, LIMITS);
      expect(ended.sessions.length).toBeLessThanOrEqual(LIMITS.all);
      for (const each of all) expect(hasEnded(ended, each)).toBe(true);
    }),
  );
});
