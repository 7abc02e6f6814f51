/** What each pattern finds in lines, and what becomes of the lines. */
import fc from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { LineText } from '../../../shared/redaction/line-text.ts';
import { compileRedaction } from '../../../shared/redaction/redactions.ts';
import { Redactor } from '../../../shared/redaction/redactor.ts';
import { REDACTOR_NAMES, type RedactRule } from '../../../shared/rules/rule-set.ts';

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
  const text = new LineText();
  text.set(bytes, around.length, end);
  const count = redactor.redact(compileRedaction(rule), text);
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
      ['GET /u?mail=ann%40b.example&n=1', 'GET /u?mail=[x]&n=1'],
      ['100%40 a%4b.c', '100%40 a%4b.c'],
      [String.raw`{"m":"ann\u0040b.example"}`, '{"m":"[x]"}'],
      [String.raw`{"m":"a\u006en\u0040\u0062.exampl\u0065!","n":1}`, '{"m":"[x]!","n":1}'],
      [String.raw`{"m":"j\u00FCrgen@b\u00fccher.example \u003c"}`, String.raw`{"m":"[x] \u003c"}`],
      [String.raw`{"m":"\ud83d\ude00@b.example","ann\u0040b.example":2}`, '{"m":"[x]","[x]":2}'],
      [String.raw`{"m":"{\"to\":\"ann\\u0040b.example\",\"n\":1}"}`, String.raw`{"m":"{\"to\":\"[x]\",\"n\":1}"}`],
      [String.raw`{"m":"to ann\\u0040b.example"}`, '{"m":"to [x]"}'],
      [String.raw`level=info msg="mail \"ann\u0040b.example\" sent"`, String.raw`level=info msg="mail \"[x]\" sent"`],
      [String.raw`level=info msg="\nann@b.example"`, String.raw`level=info msg="\n[x]"`],
      [String.raw`C:\users\ann@b.example`, String.raw`C:\users\[x]`],
      [String.raw`app | {"m":"ann\u0040b.example"} ann\u0040b.example`, 'app | {"m":"[x]"} [x]'],
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
      [
        String.raw`{"auth":"Bearer\u0020abcd\u002Befgh\u003d"}`,
        '{"auth":"Bearer [x]"}'.replace(' ', String.raw`\u0020`),
      ],
      [String.raw`auth="Bearer abcdefgh\/ijkl"`, 'auth="Bearer [x]"'],
      [String.raw`auth="Bearer\u0020abcdefgh"`, String.raw`auth="Bearer\u0020[x]"`],
      [String.raw`Bearer\u0020abcdefgh {"a":1}`, String.raw`Bearer\u0020[x] {"a":1}`],
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
      ['{"n":[4111111111111111,5,[4111111111111111]]}', '{"n":["[x]",5,["[x]"]]}'],
      ['[4111111111111111]', '["[x]"]'],
      ['{"n":-4111111111111111,"d":0.4111111111111111}', '{"n":-4111111111111111,"d":0.4111111111111111}'],
      ['{"n":4111111111111111.5,"d":4111111111111111e2}', '{"n":4111111111111111.5,"d":4111111111111111e2}'],
      ['{"n":1.4111111111111111e+4111111111111111}', '{"n":1.4111111111111111e+4111111111111111}'],
      ['n=0.4111111111111111 4111111111111111.00 4111111111111111.', 'n=0.4111111111111111 4111111111111111.00 [x].'],
      [String.raw`{"c":"4111\u00201111\u00201111\u00201111"}`, '{"c":"[x]"}'],
      [String.raw`{"c":"\u0034111111111111111"}`, '{"c":"[x]"}'],
      [String.raw`{"m":"{\"card\":4111111111111111,\"n\":-1.5}"}`, String.raw`{"m":"{\"card\":\"[x]\",\"n\":-1.5}"}`],
      ['{"n":4111111111111111,"k":NaN}', '{"n":"[x]","k":NaN}'],
      ['app | {"n":4111111111111111}', 'app | {"n":"[x]"}'],
      [String.raw`msg="card\u00204111111111111111"`, String.raw`msg="card\u0020[x]"`],
      ['{"a":1} {"n":-4111111111111111,"c":4111111111111111}', '{"a":1} {"n":-4111111111111111,"c":"[x]"}'],
    ],
  ],
  [
    'ipv4',
    [
      ['10.0.0.1', '[x]'],
      ['from 192.168.1.254:443 to 8.8.8.8.', 'from [x]:443 to [x].'],
      ['256.1.1.1 1.2.3 1.2.3.4.5 1234.1.1.1', '256.1.1.1 1.2.3 1.2.3.4.5 1234.1.1.1'],
      ['v1.2 10.0.0.1', 'v1.2 [x]'],
      [String.raw`{"a":"10\u002e0.0.\u0031"}`, '{"a":"[x]"}'],
    ],
  ],
] as const)('%s', (name, cases) => {
  test.each(cases)('%s', (line, want) => {
    expect(redact(ruleOf(name), line)).toBe(want);
  });
});

test.each([
  ['cust-[0-9]+', 'cust-17 and cust-4', '[x] and [x]'],
  ['secret=[^"]*', String.raw`{"m":"secret=ab\"c"}`, String.raw`{"m":"[x]\"c"}`],
  ['ab*c', 'ac abbc', '[x] [x]'],
  ['ab?c', 'ac', '[x]'],
  ['ab{0,1}c', 'ac', '[x]'],
  ['ab+c', 'abbc ac', '[x] ac'],
  ['cust-1|id-2', 'id-2', '[x]'],
  ['00|3c', String.raw`{"m":"\u003cb"}`, String.raw`{"m":"\u003cb"}`],
  ['555[0-9]{4}', '{"n":15551234,"k":1}', '{"n":"[x]","k":1}'],
  ['555[0-9]{4}', '{"n":-1.5551234e5,"k":[5551234,true]}', '{"n":"[x]","k":["[x]",true]}'],
  ['555[0-9]{4}', String.raw`{"n":"tel \u0035551234","5551234":null}`, '{"n":"tel [x]","[x]":null}'],
  ['true|null', '{"a":true,"b":null}', '{"a":"[x]","b":"[x]"}'],
  ['"pw":"[^"]*"', String.raw`{"pw":"ab\"cd","n":1}`, '{"[x]":"[x]","n":1}'],
  ['secret.*', '{"m":"a secret","n":[1,{"k":"v"}]}', '{"m":"a [x]","[x]":["[x]",{"[x]":"[x]"}]}'],
  ['[,:]', '{"a":1,"b":2}', '{"a":1,"b":2}'],
  ['t[0-9]', String.raw`{"m":"\t1"}`, String.raw`{"m":"\t1"}`],
  // Each object of a line, whatever is around it.
  ['555[0-9]{4}', '{"a":1} {"n":15551234}\t[] {"n":5551234}', '{"a":1} {"n":"[x]"}\t[] {"n":"[x]"}'],
  ['555[0-9]{4}', '[1] {id} at {port: 1} {"n":15551234} 5551234', '[1] {id} at {port: 1} {"n":"[x]"} [x]'],
  ['555[0-9]{4}', '{"a":<nil>,"b":{"n":15551234}}', '{"a":<nil>,"b":{"n":"[x]"}}'],
  ['555[0-9]{4}', '{"a":[{"n":15551234}, {"n":1,"s":"cut', '{"a":[{"n":"[x]"}, {"n":1,"s":"cut'],
  ['555[0-9]{4}', '[{"n":15551234},5551234]\r', '[{"n":"[x]"},"[x]"]\r'],
  ['555[0-9]{4}', '[{"n":15551234},{"n":15551234}] 5551234', '[{"n":"[x]"},{"n":"[x]"}] [x]'],
  ['secret.*', 'a secret {"k":1}, {"k":"v"} and more', 'a [x]{"[x]":"[x]"}, {"[x]":"[x]"}[x]'],
  ['secret.*', 'a secret {"k":1} ', 'a [x]{"[x]":"[x]"} '],
  ['"pin":[0-9]+', '{"pin":1234,"n":1}', '{"[x]":"[x]","n":1}'],
])('expression %s in %s', (expression, line, want) => {
  expect(redact(ruleOf('own', expression), line)).toBe(want);
});

test.each(REDACTOR_NAMES)('%s: a JSON line stays one, with its other values as they were', (name) => {
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

test.each([...REDACTOR_NAMES.map((name) => ruleOf(name)), ruleOf('own', '(a*)*b'), ruleOf('own', '[0-9]+x')])(
  'a megabyte that is nearly what $name looks for takes no longer than its length',
  (rule) => {
    for (const text of [
      '1',
      '1.',
      'a@',
      '@',
      '4111 ',
      'bearer ',
      'a',
      '1-',
      'Bearer a ',
      '\\',
      '{',
      '[',
      '{"a":',
      '{"a":{}',
      '{}',
    ]) {
      const line = text.repeat(1e6 / text.length);
      const startMs = performance.now();
      redact(rule, line);
      redact(rule, `{"m":"${line}"}`);
      // Quadratic would be a quarter of an hour.
      expect(performance.now() - startMs).toBeLessThan(10_000);
    }
  },
);

test('what replaces a text may hold anything: it is escaped as deep as it is put', () => {
  const rule = { name: 'own', expression: 'x+', replace: '"\\' };
  const line = JSON.stringify({ a: 'xx', n: JSON.stringify({ b: 'x\n' }) });
  const redacted = JSON.parse(redact(rule, line)) as { a: string; n: string };
  expect(redacted.a).toBe(rule.replace);
  expect(JSON.parse(redacted.n)).toEqual({ b: `${rule.replace}\n` });
});

/** Texts in which patterns are found, and others. */
const TEXTS = fc.string({
  unit: fc.constantFrom(
    'a',
    '7',
    '@',
    '.',
    ' ',
    '-',
    '"',
    '\\',
    '\n',
    '/',
    'é',
    '😀',
    '\u0001',
    '{',
    '}',
    '[',
    ',',
    'a@b.co',
    'Bearer abcdefgh',
    '4111111111111111',
    '10.0.0.1',
    '5551234',
  ),
  maxLength: 8,
});

/** Writes JSON with as many escapes as `random` says, which JSON.stringify would not make. */
function escapedJson(value: unknown, random: () => number): string {
  return JSON.stringify(value).replaceAll(/\\.|[a-zA-Z0-9@.é -]|[\ud800-\udfff]/g, (text) => {
    if (text.startsWith('\\') || random() % 3 > 0) return text;
    const hex = text.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${random() % 2 === 0 ? hex : hex.toUpperCase()}`;
  });
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    try {
      const inner: unknown = JSON.parse(value);
      return typeof inner === 'object' ? [value, ...stringsOf(inner)] : [value];
    } catch {
      return [value];
    }
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...stringsOf(each)]);
}

test.each([...REDACTOR_NAMES.map((name) => ruleOf(name)), ruleOf('own', '555[0-9]{4}')])(
  'JSON stays JSON, whatever its escapes and levels, and nothing that $name finds is left in its strings',
  (rule) => {
    const scalar = fc.oneof(TEXTS, fc.constantFrom(4111111111111111, 15551234, -5551234, 1.5551234e30, true, null));
    const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(TEXTS, scalar, { maxKeys: 3 }));
    const nested = fc.oneof(
      value,
      fc.dictionary(TEXTS, value, { maxKeys: 2 }).map((inner) => JSON.stringify(inner)),
    );
    fc.assert(
      fc.property(fc.dictionary(TEXTS, nested, { maxKeys: 4 }), fc.array(fc.nat(), { minLength: 40 }), (line, bits) => {
        let i = 0;
        // The letters within \u of escapes that are there already must stay.
        const text = escapedJson(line, () => bits[i++ % bits.length]!).replaceAll(/\\u0000/g, '');
        fc.pre(isJson(text));
        const redacted = redact(rule, text);
        for (const each of stringsOf(JSON.parse(redacted))) expect(redact(rule, each)).toBe(each);
      }),
      { numRuns: 300 },
    );
  },
);

test('each object of a line stays JSON, whatever text is around it', () => {
  const value = fc.dictionary(TEXTS, fc.oneof(TEXTS, fc.integer(), fc.constantFrom(15551234, -5551234)), {
    maxKeys: 3,
  });
  const around = fc.constantFrom('', ' ', ', ', ' [1] ', ' {id} ', ' tel 5551234 ', '<nil>');
  fc.assert(
    fc.property(fc.array(fc.tuple(around, value), { maxLength: 4 }), around, (parts, last) => {
      const line = [...parts.flatMap(([before, each]) => [before, JSON.stringify(each)]), last].join('');
      const want = parts.flatMap(([before, each]) => [
        before.replace('5551234', '[x]'),
        redact(ruleOf('own', '555[0-9]{4}'), JSON.stringify(each)),
      ]);
      expect(redact(ruleOf('own', '555[0-9]{4}'), line)).toBe([...want, last.replace('5551234', '[x]')].join(''));
    }),
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
