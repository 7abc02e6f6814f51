/** How old the oldest unread byte is, against a list of when each byte was written. */
import fc from '../fast-check.ts';
import { expect, test } from 'vitest';
import { LagClock } from '../../agent/lag-clock.ts';
import { LAG_MARKS_MAX } from '../../agent/limits.ts';

test('nothing unread is no lag, whenever it was written', () => {
  const clock = new LagClock();
  expect(clock.measure(0, 0, 0)).toBe(0);
  expect(clock.measure(1000, 500, 0)).toBe(0);
  expect(clock.measure(60_000, 500, 0)).toBe(0);
});

test('bytes that wait are as old as when they were first seen, and the next ones count once these are stored', () => {
  const clock = new LagClock();
  expect(clock.measure(0, 0, 100)).toBe(0);
  expect(clock.measure(2000, 0, 100)).toBe(2000);
  expect(clock.measure(4000, 50, 250)).toBe(4000);
  expect(clock.measure(6000, 100, 200)).toBe(2000);
  expect(clock.measure(8000, 300, 0)).toBe(0);
  expect(clock.measure(10_000, 300, 1)).toBe(0);
});

test('it is the age of the oldest byte that is not stored, whatever is written and stored meanwhile', () => {
  const step = fc.record({ ms: fc.nat(3000), written: fc.nat(500), stored: fc.nat(600) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: LAG_MARKS_MAX / 2 }), (steps) => {
      const clock = new LagClock();
      const writtenAt: number[] = [];
      let [nowMs, stored] = [0, 0];
      for (const { ms, written, stored: more } of steps) {
        nowMs += ms;
        for (let i = 0; i < written; i++) writtenAt.push(nowMs);
        stored = Math.min(stored + more, writtenAt.length);
        const want = stored === writtenAt.length ? 0 : nowMs - writtenAt[stored]!;
        expect(clock.measure(nowMs, stored, writtenAt.length - stored)).toBe(want);
      }
    }),
    { numRuns: 50 },
  );
});

test('a backlog of days takes no more memory, and its age is still known', () => {
  const clock = new LagClock();
  let lagMs = 0;
  for (let n = 1; n <= 20 * LAG_MARKS_MAX; n++) lagMs = clock.measure(n * 2000, 10, n * 10);
  expect(lagMs).toBe(20 * LAG_MARKS_MAX * 2000 - 2000);
});
