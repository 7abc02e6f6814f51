import { describe, expect, it } from 'vitest';
import { matches } from '../../../../../server/engines/embedded/scan/value-match.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';

describe('pattern', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*c', 'abc', true],
    ['*b*', 'abc', true],
    ['*b*', 'ac', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['*aab*', 'aaab', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\\\*', 'a\\x', true],
    ['a\\b', 'a\\b', true],
    ['é*', 'école', true],
  ])('%j against %j: %j', (pattern, value, want) => {
    expect(matches(parsePattern(pattern), Buffer.from(value))).toBe(want);
  });

  it('takes time linear in the value', () => {
    const pattern = parsePattern(`${'*a'.repeat(200)}*b`);
    expect(matches(pattern, Buffer.from('a'.repeat(100_000)))).toBe(false);
  });
});
