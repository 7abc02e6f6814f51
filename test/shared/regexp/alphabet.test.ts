/** A text that is cut at characters which no match contains has a match where one of its parts has. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { alphabetOf, mayBeIn } from '../../../shared/regexp/alphabet.ts';
import { Regexp } from '../../../shared/regexp/regexp.ts';
import { OTHERS, parseRegexp } from '../../../shared/regexp/syntax.ts';

function textOf(alphabet: Uint8Array | undefined): string | undefined {
  if (alphabet === undefined) return undefined;
  return Array.from(alphabet, (isIn, code) =>
    isIn === 0 ? '' : code === OTHERS ? 'é' : String.fromCharCode(code),
  ).join('');
}

test.each([
  ['abc', 'abc'],
  ['a(?:x|yz)+b', 'abxyz'],
  ['^\\bno[0-3]?', '0123no'],
  ['(?i)ab', 'ABab'],
  ['aé', 'aé'],
  // \u212a and \u017f are other cases of these.
  ['(?i)k', 'Kké'],
  ['(?i)[r-t]', 'RSTrsté'],
  ['s', 's'],
  // Matches that may be empty are everywhere.
  ['', undefined],
  ['a*', undefined],
  ['a|b?', undefined],
  ['^$', undefined],
  ['(?:a*){3}', undefined],
])('%s has matches of %s', (pattern, want) => {
  expect(textOf(alphabetOf(parseRegexp(pattern)!))).toBe(want);
});

test.each([
  ['ab', 'ab', true],
  ['ab', 'ax', false],
  ['a[x-z]', 'az', true],
  ['a[x-z]', 'ab', false],
  ['ab|cd', 'cxd', true],
  ['ab|cd', 'acx', false],
  ['a(?:bc)*', 'a', true],
  ['a(?:bc)+', 'ab', false],
  ['^a\\b', 'a', true],
  ['aé', 'aü', true],
  ['aé', 'a', false],
  ['(?i)self', 'xyz \u017felf', true],
  ['(?i)kelvin', '\u212aelvin', true],
  ['(?i)kelvin', 'elvin', false],
  ['(?i)[^k]x', '\u212ax', true],
])('%s and the characters %s: %s', (pattern, chars, want) => {
  const has = (code: number): boolean =>
    Array.from(chars).some((char) => Math.min(char.charCodeAt(0), OTHERS) === code);
  expect(mayBeIn(parseRegexp(pattern)!, has)).toBe(want);
});

const expression = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '"',
      '-',
      '\\d',
      '[a-c]',
      '.',
      '^',
      '$',
      '\\b',
      '\\B',
      '(?:a|,)',
      'é',
      'a*',
      '\\d+',
      'b?',
      '(?i:k)',
      '(?i:[r-t])',
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(''));
const line = fc.array(fc.constantFrom('a', 'b', 'c', '"', '-', '1', ',', ' ', 'é', 'ß', 'K', 's', '\u017f', '\u212a'), {
  maxLength: 12,
});

test('there is a match where there is one in a part', () => {
  fc.assert(
    fc.property(expression, line, (pattern, chars) => {
      const regexp = new Regexp(pattern);
      const { alphabet } = regexp;
      if (alphabet === undefined) return;
      const isCut = (char: string): boolean => char.charCodeAt(0) < OTHERS && alphabet[char.charCodeAt(0)] === 0;
      const cuts = chars.flatMap((char, at) => (isCut(char) ? [at] : []));
      // The characters at which the text is cut belong to both parts.
      const starts = [0, ...cuts];
      const parts = starts.map((start, i) => chars.slice(start, (cuts[i] ?? chars.length - 1) + 1).join(''));
      expect(parts.some((part) => regexp.test(Buffer.from(part)))).toBe(regexp.test(Buffer.from(chars.join(''))));
    }),
    { numRuns: 2000 },
  );
});
