import { describe, expect, test } from 'vitest';
import { filterTest } from '../../../../../server/query/logql/pipeline/label-filter.ts';
import { labelFilterPattern } from '../../../../../server/query/logql/pipeline/label-filter-regexp.ts';

describe('the regular expression of a label filter', () => {
  test.each([
    ['5.*', '5'],
    ['.*5', '5'],
    ['.*5.*', '5'],
    ['err.*|warn.*', 'err|warn'],
    ['warn|warning', 'warn|warning'],
    ['POST|PUT', 'POST|PUT'],
    ['x(?:1a|2a).*', 'x1a|x2a'],
    ['(err).*', 'err'],
    ['[.]x.*', '\\.x'],
    ['a\\.b.*', 'a\\.b'],
    ['(?i)err.*', '(?i:err)'],
    ['.+', '(?s:.)'],
    ['', ''],
    ['.*', ''],
    ['(a|.*)', ''],
  ])('%s is searched for anywhere in the value', (value, pattern) => {
    expect(labelFilterPattern(value)).toBe(pattern);
  });

  test.each([
    'GET|POST',
    'GET',
    '200|201',
    'a.b',
    '5..',
    'a.+',
    '^5.*',
    '.*a.*b',
    'a(b)c',
    '.*(a|b)',
    'a|b|c',
    '5.*$',
    '[ab].*',
    'ü.*x?',
  ])('%s is of the whole value', (value) => {
    expect(labelFilterPattern(value)).toBe(`^(?:${value})$`);
  });

  test.each([
    ['=~', '5.*', '151', true],
    ['!~', '5.*', '151', false],
    ['=~', '5..', '1500', false],
    ['=~', 'a.b', 'a\nb', false],
    ['=~', '', 'x', true],
    ['!~', '', 'x', false],
    ['=~', '.+', '', false],
    ['!~', '.+', '\n', false],
  ] as const)('%s "%s" of %j is %s', (operator, value, text, passes) => {
    expect(filterTest({ name: 'x', operator, value })(text)).toBe(passes);
  });
});
