import { expect, test } from 'vitest';
import { matchesWildcard, parseWildcard } from '../../shared/wildcard.ts';

test.each([
  ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
  ['a*', ['a', 'abc'], ['', 'ba']],
  ['*c', ['c', 'abc'], ['', 'cb']],
  ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab']],
  ['a*b*c', ['abc', 'axbxc', 'abbc'], ['ac', 'acb', 'ab']],
  ['*', ['', 'abc'], []],
  ['/api/*/x', ['/api/1/x', '/api//x'], ['/api/x']],
  ['a.c', ['a.c'], ['abc']],
])('%s', (pattern, yes, no) => {
  // The bytes around the value must not count.
  const isMatch = (text: string): boolean => {
    const bytes = Buffer.from(`abc${text}abc`);
    return matchesWildcard(parseWildcard(pattern), bytes, 3, bytes.length - 3);
  };
  expect(yes.filter((text) => !isMatch(text))).toEqual([]);
  expect(no.filter(isMatch)).toEqual([]);
});
