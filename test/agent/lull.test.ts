import { expect, test } from 'vitest';
import { Lull } from '../../agent/lull.ts';

test('a lull begins once after each large batch, and once after the start', () => {
  const lull = new Lull(0);
  expect(lull.begins(9_999)).toBe(false);
  expect(lull.begins(10_000)).toBe(true);
  expect(lull.begins(30_000)).toBe(false);
  lull.note(100_000, 40_000);
  lull.note(100, 45_000);
  expect(lull.begins(49_999)).toBe(false);
  expect(lull.begins(50_000)).toBe(true);
  lull.note(100, 60_000);
  expect(lull.begins(90_000)).toBe(false);
});
