import { expect, test } from 'vitest';
import { IdleDetector } from '../../agent/idle-detector.ts';

test('an idle time begins once after each large batch, and once after the start', () => {
  const idle = new IdleDetector(0);
  expect(idle.begins(9_999)).toBe(false);
  expect(idle.begins(10_000)).toBe(true);
  expect(idle.begins(30_000)).toBe(false);
  idle.note(100_000, 40_000);
  idle.note(100, 45_000);
  expect(idle.begins(49_999)).toBe(false);
  expect(idle.begins(50_000)).toBe(true);
  idle.note(100, 60_000);
  expect(idle.begins(90_000)).toBe(false);
});
