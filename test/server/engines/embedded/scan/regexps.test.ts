/** An expression that is slow does not hold a worker for longer than a limit, and leaves the next scan its own time. */
import { afterEach, expect, it, vi } from 'vitest';
import { REGEXP_CLOCK_BYTES, REGEXP_MS_MAX } from '../../../../../server/limits.ts';
import { QueryTooLargeError } from '../../../../../shared/errors.ts';
import {
  markMatchingLines,
  matchesRegexp,
  regexpOf,
  whileWanted,
  withinRegexpTime,
} from '../../../../../server/engines/embedded/scan/regexps.ts';

afterEach(() => vi.restoreAllMocks());

const value = Buffer.alloc(REGEXP_CLOCK_BYTES, 'a');
const test = { pattern: 'b$' };

function passTime(msAtEachLook: number): void {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += msAtEachLook));
}

it('ends a scan that takes longer', () => {
  passTime(REGEXP_MS_MAX / 3);
  let count = 0;
  const scan = (): void => {
    for (; count < 100; count++) matchesRegexp(test, value);
  };
  expect(() => withinRegexpTime(scan)).toThrow(QueryTooLargeError);
  expect(count).toBeLessThan(10);
});

it('gives each scan the same time, and none to what is no scan', () => {
  passTime(REGEXP_MS_MAX / 3);
  for (let scan = 0; scan < 10; scan++) {
    withinRegexpTime(() => [matchesRegexp(test, value), matchesRegexp(test, value)]);
  }
  for (let i = 0; i < 10; i++) matchesRegexp(test, value);
});

it('ends a scan that nobody waits for any more', () => {
  let count = 0;
  const scan = (): void => {
    for (; count < 100; count++) matchesRegexp(test, value);
  };
  const work = (): void => withinRegexpTime(scan);
  expect(() => whileWanted(() => count >= 3, work)).toThrow('cancelled');
  expect(count).toBe(3);
  // It is the next task's to say.
  count = 0;
  work();
  expect(count).toBe(100);
});

it('marks lines, whether they are ASCII or not', () => {
  for (const first of ['ab', 'é']) {
    const parts = ['skipped', first, 'b', 'c'].map((text) => Buffer.from(text));
    const offsets = Uint32Array.from({ length: 4 }, (_, i) => Buffer.concat(parts.slice(0, i + 1)).length);
    const marks = new Uint8Array(10);
    const lines = { bytes: Buffer.concat(parts), offsets };
    markMatchingLines(regexpOf({ pattern: '^(?:ab|é|b)$' }), lines, Uint32Array.of(7, 3, 5), marks);
    expect([...marks]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
  }
});
