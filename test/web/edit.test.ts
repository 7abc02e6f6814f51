import fc from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { rangeOf, withRange } from '../../web/search/number-range.ts';
import { sizesOf } from '../../web/state/number-sizes.ts';
import {
  append,
  exclude,
  include,
  isTypeable,
  quoted,
  selectionCount,
  selectionOf,
  selects,
  without,
} from '../../web/search/edit.ts';
import { tokensOf, wordsOf } from '../../web/search/tokens.ts';

test.each<[text: string, want: string]>([
  ['', 'level:error'],
  ['timeout', 'timeout level:error'],
  ['level:warn', 'level:warn,error'],
  ['level:error', ''],
  ['timeout level:error "a  b"', 'timeout "a  b"'],
  ['level:error,warn', 'level:warn'],
  ['-level:error', 'level:error'],
  ['-level:error,debug', '-level:debug level:error'],
  ['a or b', '(a or b) level:error'],
  ['level:*', 'level:* level:error'],
  ['level:/^err/', 'level:/^err/ level:error'],
  ['(level:error or x)', '(level:error or x) level:error'],
])('including level error in %j gives %j', (text, want) => {
  expect(include(text, 'level', 'error')).toBe(want);
});

test.each<[text: string, want: string]>([
  ['', '-path:/healthz'],
  ['path:/healthz', '-path:/healthz'],
  ['-path:/healthz', ''],
  ['-path:/readyz', '-path:/readyz,/healthz'],
  ['NOT path:/healthz', 'NOT path:/healthz -path:/healthz'],
])('excluding a path in %j gives %j', (text, want) => {
  expect(exclude(text, 'path', '/healthz')).toBe(want);
});

test('what is selected is told from the text', () => {
  const text = 'level:error,warn -pod:"a b" (status:500 or x)';
  expect(selectionOf(text, 'level', 'warn')).toBe('included');
  expect(selectionOf(text, 'level', 'info')).toBe('none');
  expect(selectionOf(text, 'pod', 'a b')).toBe('excluded');
  expect(selectionOf(text, 'status', '500')).toBe('none');
  expect([selects(text, 'pod'), selects(text, 'status')]).toEqual([true, false]);
  expect(selectionCount(text)).toBe(2);
  expect(without(text, 'level')).toBe('-pod:"a b" (status:500 or x)');
});

test.each([
  ['shop', 'shop'],
  ['/api/cart', '/api/cart'],
  ['/api/', '"/api/"'],
  ['a b', '"a b"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['5*', '"5*"'],
  ['a,b', '"a,b"'],
  ['', '""'],
  ['⟨n⟩', '⟨n⟩'],
])('the value %j is written %s', (value, want) => {
  expect(quoted(value)).toBe(want);
});

describe('of any text and value', () => {
  const values = fc.string({ minLength: 1, maxLength: 12 }).filter((value) => value !== '*');
  const texts = fc.constantFrom('', 'timeout', 'a or b', '(a b) -c', '"x y" level:warn', 'name:other', '-name:other');

  test('what was included is found, and taken back', () => {
    fc.assert(
      fc.property(texts, values, (text, value) => {
        const included = include(text, 'name', value);
        expect(selectionOf(included, 'name', value)).toBe(/\bor\b/.test(text) && text !== '' ? 'included' : 'included');
        expect(include(included, 'name', value)).toBe(text.includes(' or ') ? `(${text})` : text);
      }),
    );
  });

  test('tokens are the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(
          tokensOf(text)
            .map((token) => token.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});

test.each<[value: string, want: boolean]>([
  ['a b', true],
  ['a\nb', false],
  ['a\rb', false],
  ['x'.repeat(4_096), true],
  ['x'.repeat(4_097), false],
])('a field of one line can hold %j: %j', (value, want) => {
  expect(isTypeable(value)).toBe(want);
});

test('a condition is added to all alternatives', () => {
  expect(append('a or b', 'c')).toBe('(a or b) c');
  expect(append(' ', 'c')).toBe('c');
});

test.each<[text: string, want: readonly string[]]>([
  ['Timeout level:error', ['timeout']],
  ['"Timed Out" -debug', ['timed out']],
  ['-(a b) c', ['c']],
  ['time*out', ['time', 'out']],
  ['/re gexp/ x', ['x']],
  ['{app="x"}', []],
])('words to mark in %j are %j', (text, want) => {
  expect(wordsOf(text)).toEqual(want);
});

test.each<[text: string, range: { from?: number; to?: number }, want: string]>([
  ['level:error', { from: 500 }, 'level:error latency_ms>=500'],
  [
    'latency_ms>=100 level:error latency_ms<2000',
    { from: 500, to: 1250 },
    'level:error latency_ms>=500 latency_ms<1250',
  ],
  ['latency_ms>100 a', {}, 'a'],
  ['a or latency_ms>100', { to: 5 }, '(a or latency_ms>100) latency_ms<5'],
  ['(latency_ms>100 b)', { to: 5 }, '(latency_ms>100 b) latency_ms<5'],
  ['other_latency_ms>1 latency_ms>1.5s', { from: 2 }, 'other_latency_ms>1 latency_ms>=2'],
])('%j with the range %j of a number is %j', (text, { from, to }, want) => {
  expect(withRange(text, 'latency_ms', { from, to })).toBe(want);
});

test('the range of a number is read from the text where it is of plain numbers', () => {
  expect(rangeOf('a>=5 b<3', 'a')).toEqual({ from: 5, to: undefined });
  expect(rangeOf('b>=1 b<3', 'b')).toEqual({ from: 1, to: 3 });
  expect(rangeOf('b>1.5s', 'b')).toEqual({ from: undefined, to: undefined });
});

test('sizes have an edge for each of the server, from the smallest to the largest number', () => {
  const bucket = (from: number, to: number, rows: number) => ({ by: { 'x.log10': { from, to } }, rows });
  const groups = [bucket(0.8, 1, 3), bucket(2, 2.5, 1), { by: { 'x.log10': null }, rows: 9 }, bucket(0, 0, 7)];
  expect(sizesOf({ groups }, 'x.log10')).toEqual({ edges: [0.8, 1, 1.25, 1.6, 2, 2.5], counts: [3, 0, 0, 0, 1] });
  expect(sizesOf({ groups: [] }, 'x.log10')).toEqual({ edges: [], counts: [] });
});
