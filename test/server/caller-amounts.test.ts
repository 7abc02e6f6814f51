import { expect, test } from 'vitest';
import { CallerAmounts } from '../../server/caller-amounts.ts';

test('amounts are of each caller, and their sum is of all', () => {
  const amounts = new CallerAmounts();
  expect([amounts.of('a'), amounts.sum]).toEqual([0, 0]);
  amounts.add('a', 5);
  amounts.add('b', 2);
  amounts.add('a', -3);
  expect([amounts.of('a'), amounts.of('b'), amounts.of('c'), amounts.sum]).toEqual([2, 2, 0, 4]);
  amounts.add('a', -2);
  amounts.add('a', 0);
  expect([amounts.of('a'), amounts.of('b'), amounts.sum]).toEqual([0, 2, 2]);
});

test.each([1, 3])('who holds %i cannot give back more', (held) => {
  const amounts = new CallerAmounts();
  amounts.add('a', held);
  amounts.add('b', 10);
  expect(() => amounts.add('a', -held - 1)).toThrow('BUG: a gives back more than they hold');
  expect([amounts.of('a'), amounts.sum]).toEqual([held, held + 10]);
});
