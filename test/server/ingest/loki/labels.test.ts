/** Labels of pushed streams, and what is wrong with them, in the words of Loki. */
import { expect, test } from 'vitest';
import { parseStreamLabels, streamLabelsText } from '../../../../server/ingest/loki/labels.ts';
import {
  LABEL_NAME_BYTES_MAX,
  LABEL_VALUE_BYTES_MAX,
  LOKI_LABELS_MAX,
  LOKI_LABELS_TEXT_BYTES_MAX,
} from '../../../../server/limits.ts';

test.for<[string, Record<string, string>]>([
  ['{}', {}],
  [' { } ', {}],
  ['{app="api"}', { app: 'api' }],
  ['{app="api",}', { app: 'api' }],
  ['{app="api", env = "prod" , _x1="y"}', { app: 'api', env: 'prod', _x1: 'y' }],
  [String.raw`{a="q\"\\\t\n\u00e9\x41\101\U0001f600"}`, { a: 'q"\\\t\néAA😀' }],
  [String.raw`{a="\xe2\x82\xac", b="\342\202\254"}`, { a: '€', b: '€' }],
  [String.raw`{a='it\'s'}`, { a: "it's" }],
  ['{a=\'it is "so"\'}', { a: 'it is "so"' }],
  ['{a=`\\n`}', { a: '\\n' }],
  ['{a="", b="x"}', { b: 'x' }],
  ['{__proto__="x"}', JSON.parse('{"__proto__":"x"}') as Record<string, string>],
  ['{stream="stdout", source="app"}', { stream: 'stdout', source: 'app' }],
])('%s', ([text, labels]) => {
  expect(parseStreamLabels(text)).toEqual({ kind: 'labels', labels, quoted: text });
});

test.for<[string, string]>([
  ['', "couldn't parse labels: 1:1: parse error: unexpected end of input inside braces"],
  ['{', "couldn't parse labels: 1:2: parse error: unexpected end of input inside braces"],
  ['{a.b="x"}', `couldn't parse labels: 1:3: parse error: unexpected character inside braces: '.'`],
  ['{a-b="x"}', `couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'`],
  ['{1="x"}', `couldn't parse labels: 1:2: parse error: unexpected character inside braces: '1'`],
  ['{a=x}', `couldn't parse labels: 1:4: parse error: unexpected character inside braces: 'x'`],
  ['{a!="x"}', `couldn't parse labels: 1:3: parse error: unexpected character inside braces: '!'`],
  ['{a="x" b="y"}', `couldn't parse labels: 1:8: parse error: unexpected character inside braces: 'b'`],
  ['{a="x"} x', `couldn't parse labels: 1:9: parse error: unexpected character inside braces: 'x'`],
  ['{a="x', `couldn't parse labels: 1:4: parse error: unexpected character inside braces: '"'`],
  ...[
    String.raw`"\ud83d\ude00"`,
    String.raw`"\U00110000"`,
    String.raw`"\q"`,
    String.raw`"\x4"`,
    String.raw`"\400"`,
    String.raw`"it\'s"`,
    String.raw`'\"'`,
  ].map((value): [string, string] => [
    `{a=${value}}`,
    `couldn't parse labels: 1:4: parse error: invalid escape sequence in ${value}`,
  ]),
  ['{a="x", a="y"}', `stream '{a="x", a="y"}' has duplicate label name: 'a'`],
  [
    '{source="audit"}',
    `stream '{source="audit"}' has the label source: audit is what podlog itself records; allowed: another value`,
  ],
  [
    '{stream="podlog"}',
    `stream '{stream="podlog"}' has the label stream: podlog is what podlog itself says about containers; allowed: another value`,
  ],
])('%s is refused', ([text, refusal]) => {
  expect(parseStreamLabels(text)).toEqual({ kind: 'refused', refusal });
});

function named(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`l${n}`, 'x']));
}

test.for<[string, Record<string, string>, RegExp | undefined]>([
  ['as many labels as there may be', named(LOKI_LABELS_MAX), undefined],
  ['service_name does not count', { ...named(LOKI_LABELS_MAX), service_name: 'x' }, undefined],
  ['labels without values do not count', { ...named(LOKI_LABELS_MAX), empty: '' }, undefined],
  ['one more', named(LOKI_LABELS_MAX + 1), /^entry for stream '\{l0="x",.*\}' has 16 label names; limit 15$/],
  ['a long name', { ['n'.repeat(LABEL_NAME_BYTES_MAX)]: 'x' }, undefined],
  ['a longer one', { ['n'.repeat(LABEL_NAME_BYTES_MAX + 1)]: 'x' }, /has label name too long: 'n+'$/],
  ['a long value', { a: 'é'.repeat(LABEL_VALUE_BYTES_MAX / 2) }, undefined],
  ['a longer one', { a: `${'é'.repeat(LABEL_VALUE_BYTES_MAX / 2)}x` }, /has label value too long: 'é+x'$/],
  [
    'a text that is too long',
    { a: 'x'.repeat(LOKI_LABELS_TEXT_BYTES_MAX) },
    /^couldn't parse labels: longer than 65536 bytes: /,
  ],
])('%s', ([, labels, refusal]) => {
  const parsed = parseStreamLabels(streamLabelsText(Object.entries(labels)));
  if (refusal === undefined) expect(parsed.kind).toBe('labels');
  else expect(parsed).toEqual({ kind: 'refused', refusal: expect.stringMatching(refusal) as string });
});

test.each([
  ['{b="x", app="api"}', '{app="api", b="x", service_name="api"}'],
  ['{}', '{service_name="unknown_service"}'],
  ['{service_name="own",app="api"}', '{service_name="own",app="api"}'],
])('errors quote %s with its service name', (text, quoted) => {
  expect(parseStreamLabels(text, true)).toMatchObject({ quoted });
});
