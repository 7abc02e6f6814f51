/** Letters beyond ASCII have the cases that RE2JS folds. */
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { casesOf } from '../../../shared/regexp/cases.ts';

const all = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
const cased = all.filter((char) => /^[\p{CWCF}\p{CWCM}]$/u.test(char));

test.each([
  ['é', 'Éé'],
  ['σ', 'Σςσ'],
  ['ß', 'ßẞ'],
  ['ſ', 'Ssſ'],
  ['\u212a', 'Kk\u212a'],
  ['日', '日'],
  ['😀', '😀'],
  ['𐐀', '𐐀𐐨'],
])('%s has the cases %s', (char, want) => {
  expect(casesOf(char)).toEqual(Array.from(want));
});

test('of characters that are not assigned they are not known', () => {
  expect(casesOf('\u0378')).toBeUndefined();
});

test('RE2JS folds the same', () => {
  // One by one would take too long.
  const text = cased.join('');
  const folded = RE2JS.compile(`(?i)[${text}]`);
  expect(all.filter((char) => folded.test(char))).toEqual(cased);
  for (const char of cased.filter((_, i) => i % 16 === 0)) {
    const matcher = RE2JS.compile(`(?i)${char}`).matcher(text);
    const found: string[] = [];
    while (matcher.find()) found.push(matcher.group()!);
    expect(found, char).toEqual(casesOf(char));
  }
});
