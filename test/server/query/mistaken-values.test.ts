import { expect, test } from 'vitest';
import { HINT_VALUE_LENGTH_MAX } from '../../../server/limits.ts';
import { valuesMeant } from '../../../server/query/mistaken-values.ts';

test('a value that nobody types is not looked at: some expressions take the square of its length', () => {
  const list = (length: number): string => 'a,'.repeat(length).slice(0, length);
  expect(valuesMeant('path', list(HINT_VALUE_LENGTH_MAX))).not.toEqual([]);
  expect(valuesMeant('path', list(HINT_VALUE_LENGTH_MAX + 1))).toEqual([]);
});
