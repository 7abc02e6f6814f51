/** What each pattern finds in lines, and what becomes of the lines. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRedaction } from '../../../agent/rules/redactions.ts';
import { Redactor } from '../../../agent/rules/redactor.ts';
import { NAMED_PATTERNS, type RedactRule } from '../../../shared/rules/rule-set.ts';

const ruleOf = (name: string, expression?: string): RedactRule => ({
  name,
  replace: '[x]',
  ...(expression !== undefined && { expression }),
});

/** Bytes around the line that are like what is looked for: none of them may count. */
function redact(rule: RedactRule, line: string): string {
  const around = '4111';
  const bytes = Buffer.from(`${around}${line}${around}`);
  const redactor = new Redactor();
  const end = bytes.length - around.length;
  const count = redactor.redact(compileRedaction(rule), bytes, around.length, end);
  return count === 0 ? line : redactor.bytes.toString('utf8', 0, redactor.length);
}

describe.each([
  [
    'email',
    [
      ['a@b.example', '[x]'],
      ['to a.b+c@mail.b.example, and x_y@z.org.', 'to [x], and [x].'],
      ['<a@b.co>;user=a@b.co', '<[x]>;user=[x]'],
      ['jürgen@bücher.example', '[x]'],
      ['a@b, @b.example, a@, a@.example, a@b., @', 'a@b, @b.example, a@, a@.example, a@b., @'],
      [String.raw`{"m":"\nann@b.example\n"}`, String.raw`{"m":"\n[x]\n"}`],
      [String.raw`{"m":"\u003cann@b.example\u003e"}`, String.raw`{"m":"\u003c[x]\u003e"}`],
      [String.raw`{"m":"C:\\ann@b.example"}`, String.raw`{"m":"C:\\[x]"}`],
      [String.raw`{"m":"say \"ann@b.example\""}`, String.raw`{"m":"say \"[x]\""}`],
      ['{"a@b.example":1}', '{"[x]":1}'],
    ],
  ],
  [
    'bearer-token',
    [
      ['Authorization: Bearer abcDEF123.-_~+/==', 'Authorization: Bearer [x]'],
      ['bearer  0123456789, BEARER 0123456789', 'bearer  [x], BEARER [x]'],
      ['the bearer of news; Bearer short', 'the bearer of news; Bearer short'],
      ['bearer of 0123456789 bearer 0123456789', 'bearer of 0123456789 bearer [x]'],
      [String.raw`{"auth":"Bearer ab\/cd\/efgh"}`, '{"auth":"Bearer [x]"}'],
      ['Bearer ', 'Bearer '],
      ['Bearer 01234567', 'Bearer [x]'],
    ],
  ],
  [
    'card-number',
    [
      ['4111111111111111', '[x]'],
      ['card 4111 1111 1111 1111, 3782-822463-10005', 'card [x], [x]'],
      ['4111111111111112', '4111111111111112'],
      ['a4111111111111111 4111111111111111a', 'a4111111111111111 4111111111111111a'],
      ['41111111111111111111111', '41111111111111111111111'],
      ['1763884912904 1763884912904509480', '1763884912904 1763884912904509480'],
      ['{"card":4111111111111111,"n":1}', '{"card":"[x]","n":1}'],
      ['{"card":"4111111111111111","n":1}', '{"card":"[x]","n":1}'],
      ['1 2 3 4 5 6 7 8 9 4111111111111111', '1 2 3 4 5 6 7 8 9 [x]'],
      ['id=7;4111111111111111', 'id=7;[x]'],
    ],
  ],
  [
    'ipv4',
    [
      ['10.0.0.1', '[x]'],
      ['from 192.168.1.254:443 to 8.8.8.8.', 'from [x]:443 to [x].'],
      ['256.1.1.1 1.2.3 1.2.3.4.5 1234.1.1.1', '256.1.1.1 1.2.3 1.2.3.4.5 1234.1.1.1'],
      ['v1.2 10.0.0.1', 'v1.2 [x]'],
    ],
  ],
] as const)('%s', (name, cases) => {
  test.each(cases)('%s', (line, want) => {
    expect(redact(ruleOf(name), line)).toBe(want);
  });
});

test.each([
  ['cust-[0-9]+', 'cust-17 and cust-4', '[x] and [x]'],
  ['secret=[^"]*', String.raw`{"m":"secret=ab\"c"}`, String.raw`{"m":"[x]c"}`],
  ['ab*c', 'ac abbc', '[x] [x]'],
  ['ab?c', 'ac', '[x]'],
  ['ab{0,1}c', 'ac', '[x]'],
  ['ab+c', 'abbc ac', '[x] ac'],
  ['cust-1|id-2', 'id-2', '[x]'],
  ['00|3c', String.raw`{"m":"\u003cb"}`, String.raw`{"m":"\u003cb"}`],
  ['"pin":[0-9]+', '{"pin":1234,"n":1}', '{"[x]","n":1}'],
])('expression %s in %s', (expression, line, want) => {
  expect(redact(ruleOf('own', expression), line)).toBe(want);
});

test.each(NAMED_PATTERNS)('%s: a JSON line stays one, with its other values as they were', (name) => {
  const texts = fc.string({
    unit: fc.constantFrom(
      'a',
      'b',
      '@',
      '.',
      '1',
      ' ',
      '-',
      '"',
      '\\',
      '\n',
      '/',
      'a@b.co',
      'Bearer ',
      '4111111111111111',
      '10.0.0.1',
      '\u0001',
    ),
  });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(texts, fc.integer())), (line) => {
      const redacted = JSON.parse(redact(ruleOf(name), JSON.stringify(line))) as Record<string, unknown>;
      expect(Object.keys(redacted)).toEqual(Object.keys(line));
    }),
  );
});

test.each([...NAMED_PATTERNS.map((name) => ruleOf(name)), ruleOf('own', '(a*)*b'), ruleOf('own', '[0-9]+x')])(
  'a megabyte that is nearly what $name looks for takes no longer than its length',
  (rule) => {
    for (const text of ['1', '1.', 'a@', '@', '4111 ', 'bearer ', 'a', '1-', 'Bearer a ', '\\']) {
      const line = text.repeat(1e6 / text.length);
      const startMs = performance.now();
      redact(rule, line);
      redact(rule, `{"m":"${line}"}`);
      // Quadratic would be a quarter of an hour.
      expect(performance.now() - startMs).toBeLessThan(10_000);
    }
  },
  60_000,
);
