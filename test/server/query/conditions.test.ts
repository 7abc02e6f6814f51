import { describe, expect, it } from 'vitest';
import { parseCondition, parseText } from '../../../server/query/conditions.ts';
import {
  allOf,
  anyOf,
  normalised,
  not,
  type Operator,
  regexpLeaf,
  textLeaf,
  valueLeaf,
  type Where,
} from '../../../server/store/predicate.ts';
import { matches } from '../../../server/engines/embedded/scan/value-match.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import type { Quantity } from '../../../shared/quantity.ts';

const compare = (name: string, operator: Operator, kind: Quantity['kind'], value: number): Where =>
  valueLeaf(name, [{ kind: 'compare', operator, operand: { kind, value } }]);
const regexp = (name: string, pattern: string): Where => valueLeaf(name, [{ kind: 'regexp', pattern }]);
const EXACTLY = { ignoreCase: false, matchAll: false };
const IN_ANY_CASE = { ...EXACTLY, ignoreCase: true };

describe('parseCondition', () => {
  // As HTTP takes a query string apart: at the first `=`.
  it.each<[string, string, string, Where]>([
    ['status>=500', 'status>', '500', compare('status', '>=', 'number', 500)],
    ['status<=500', 'status<', '500', compare('status', '<=', 'number', 500)],
    ['latency_ms>500', 'latency_ms>500', '', compare('latency_ms', '>', 'number', 500)],
    ['latency_ms<0.5', 'latency_ms<0.5', '', compare('latency_ms', '<', 'number', 0.5)],
    ['latency_ms > 500', 'latency_ms > 500', '', compare('latency_ms', '>', 'number', 500)],
    ['took<1.5s', 'took<1.5s', '', compare('took', '<', 'duration', 1.5e9)],
    ['size>=10MiB', 'size>', '10MiB', compare('size', '>=', 'bytes', 10 * 1024 ** 2)],
    ['path=~^/api/v\\d/', 'path', '~^/api/v\\d/', regexp('path', '^/api/v\\d/')],
    ['path=!~^/api/', 'path', '!~^/api/', not(regexp('path', '^/api/'))],
    ['path=\\~x', 'path', '\\~x', valueLeaf('path', [parsePattern('~x')])],
    ['path=!\\~x', 'path', '!\\~x', not(valueLeaf('path', [parsePattern('~x')]))],
    ['path=\\!~x', 'path', '\\!~x', valueLeaf('path', [parsePattern('!~x')])],
    ['level!=debug', 'level!', 'debug', not(valueLeaf('level', [parsePattern('debug')]))],
    ['a<b=c', 'a<b', 'c', valueLeaf('a<b', [parsePattern('c')])],
  ])('%s', (_, name, value, want) => expect(normalised(parseCondition(name, [value], EXACTLY))).toEqual(want));

  it('takes values and expressions of one name for alternatives', () => {
    expect(normalised(parseCondition('path', ['/a', '~^/b'], EXACTLY))).toEqual(
      valueLeaf('path', [parsePattern('/a'), { kind: 'regexp', pattern: '^/b' }]),
    );
  });

  it.each([
    ['Web.1', 'web.1', 'webx1'],
    ['*.example.COM', 'a\nb.Example.com', 'a.example.comm'],
    ['(x)', '(X)', 'x'],
  ])('ignores case: %s', (value, matching, other) => {
    const where = normalised(parseCondition('n', [value], IN_ANY_CASE)) as Where & { kind: 'value' };
    const passes = (text: string): boolean => where.tests.some((test) => matches(test, Buffer.from(text)));
    expect([passes(matching), passes(other)]).toEqual([true, false]);
  });

  it.each<[string, string[], RegExp]>([
    [
      'status>',
      ['many'],
      /^status>=: "many" is not a number, a duration or a size; allowed: .*; example: status>=500$/,
    ],
    ['status>', ['1', '2'], /^status>=: given more than once/],
    ['latency_ms>5 apples', [''], /^latency_ms>: "5 apples" is not a number/],
    ['path', ['~a(b'], /^path: "a\(b" is not a valid regular expression: missing closing \); allowed: RE2's syntax/],
    ['path', ['!~x(*)'], /missing argument to repetition operator: "\*" at character 3/],
    ['path', ['~(a|b|ab){999}'], /it is too large/],
  ])('refuses %s %j', (name, values, message) =>
    expect(() => parseCondition(name, values, IN_ANY_CASE)).toThrow(message),
  );
});

describe('parseText', () => {
  it.each<[string[], boolean, Where]>([
    [['a', '!b'], false, allOf([textLeaf('a'), not(textLeaf('b'))])],
    [['~(?i)timeout', 'x'], false, anyOf([regexpLeaf('(?i)timeout'), textLeaf('x')])],
    [['!~a+'], false, not(regexpLeaf('a+'))],
    [['a.b', '~c'], true, anyOf([{ ...textLeaf('a.b'), ignoreCase: true }, regexpLeaf('(?i)c')])],
    [['é.'], true, { ...regexpLeaf('(?i)é\\.'), asRead: true }],
    [['a/b'], false, { ...textLeaf('a/b'), asRead: true }],
    [['~a/b'], false, regexpLeaf('a/b')],
  ])('%j', (texts, ignoreCase, want) =>
    expect(normalised(parseText('q', texts, { ignoreCase, matchAll: false }))).toEqual(want),
  );

  it.each([[['']], [['~']], [['!']]])('refuses %j', (texts) =>
    expect(() => parseText('q', texts, EXACTLY)).toThrow(/^q: empty/),
  );
});
