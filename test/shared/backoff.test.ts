import { expect, test } from 'vitest';
import { backoffMs } from '../../shared/backoff.ts';

test.each([
  [0, 0, 100],
  [1, 0, 200],
  [3, 0.5, 600],
  [3, 1, 400],
  [4, 0, 1_000],
  [10_000, 0, 1_000],
  [10_000, 1, 500],
])('after attempt %d, with %d drawn, the wait is %d ms', (attempt, random, waitMs) => {
  expect(backoffMs(attempt, { msMin: 100, msMax: 1_000 }, random)).toBe(waitMs);
});
