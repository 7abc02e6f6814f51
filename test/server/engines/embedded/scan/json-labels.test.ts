/** What is known of lines that are no objects, by the header of a row group: that `| json` finds no label in them. */
import { expect, test } from 'vitest';
import { TEMPLATES_MAX } from '../../../../../shared/row-group/format.ts';
import { judgeJsonLeaf } from '../../../../../server/engines/embedded/scan/json-labels.ts';
import { encode } from './rows.ts';

/** Of each line, in a row group with other lines of its template. */
function isKnown(lines: readonly string[]): boolean[] {
  const group = encode(lines.map((line, i) => ({ labels: { app: 'api' }, timeNs: i, line })));
  const known = judgeJsonLeaf(group, { kind: 'json', shape: 'any', labels: [] });
  const objects = judgeJsonLeaf(group, { kind: 'json', shape: 'object', labels: [] });
  const codes = group.templateCodes();
  return lines.map((_, row) => known[codes[row]!]! && !objects[codes[row]!]!);
}

test.each<[what: string, isKnown: boolean, lines: readonly string[]]>([
  ['a text', true, ['starting', 'starting']],
  ['nothing', true, ['']],
  [
    'values first',
    true,
    ['I0712 10:00:00.000000       1 a.go:7] "x" user="5"', 'E0712 10:00:01.000000       1 b.go:8] "x" user="6"'],
  ],
  ['a time first', true, ['2026-07-12T10:00:00Z INFO started in 5 ms', '2026-07-12T10:00:01Z WARN started in 6 ms']],
  ['a brace somewhere in a value that is first', false, ['at 5 {"user":5}', 'at 6 {"user":6}']],
  ['objects', false, ['{"user":5}', ' {"user":6}']],
  ['an object that does not end', false, ['{"user":5', '{"user":6']],
  ['texts, one of which begins as an object', false, ['{user 5} is here', 'user 6 is here', '17 is here']],
])('%s', (_, want, lines) => {
  expect(isKnown(lines)).toEqual(lines.map(() => want));
});

test('objects that are kept whole, as their shapes are too many', () => {
  const lines = Array.from({ length: TEMPLATES_MAX + 9 }, (_, i) => `{"user${i}":5}`);
  expect(isKnown(lines)).toEqual(lines.map(() => false));
});
