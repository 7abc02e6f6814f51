/** Pieces of lines: what is between the characters of literals that no match contains. */
import { expect, test, vi } from 'vitest';
import { alphabetOf } from '../../../../../shared/regexp/alphabet.ts';
import { parseRegexp } from '../../../../../shared/regexp/syntax.ts';
import { cutLines } from '../../../../../server/engines/embedded/scan/line-pieces.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { regexpLeaf, textLeaf, type Where } from '../../../../../server/store/predicate.ts';
import { ALL, encode, naiveMatches, type Row } from './rows.ts';

/** Columns are numbers; `_` is where one of them is. */
test.each([
  ['abc', 'x_y_z', ['x', 'x0y', 'y1z', 'z']],
  ['abc', 'a_b_c', ['a0b1c']],
  ['abc', 'a_bxyzb_c', ['a0bx', 'xyz', 'zb1c']],
  ['abc', '_axa_', ['0ax', 'xa1']],
  ['abc', 'xyz', ['x', 'xyz', 'z']],
  ['é', 'é_ü_x', ['é0ü1x', 'x']],
])('%s cuts %s into %j', (pattern, line, want) => {
  const literals = line.split('_').map((each) => Buffer.from(each));
  const pieces = cutLines(literals, Array.from(literals.slice(1).keys()), alphabetOf(parseRegexp(pattern)!)!);
  expect(
    pieces.map((piece) => piece.literals.map((each, i) => `${each.toString()}${piece.columns[i] ?? ''}`).join('')),
  ).toEqual(want);
});

const rows = Array.from({ length: 3000 }, (_, i): Row => ({
  labels: { pod: 'p' },
  timeNs: i,
  line: `{"id":"${((i * 0x9e3779b1) % 2 ** 32).toString(16)}","key":"user:${i % 700}","hit":${i % 3 === 0},"note":"${'no more words'.repeat(i % 4)}"}`,
}));

test.each<[string, Where]>([
  ['an expression', regexpLeaf('user:1\\d+","hit":false')],
  ['an expression without texts', regexpLeaf('[rs]:\\d","h')],
  ['one that is nowhere', regexpLeaf('user:1\\d+","hit":no')],
  ['a text across columns', textLeaf('ser:11","hit":true')],
])('%s is searched for only in columns next to each other', (_, where) => {
  const want = rows.flatMap((row, index) => (naiveMatches(row, { ...ALL, where }) ? [index] : []));
  const group = encode(rows);
  const [key, hit] = [group.columnsOf('key')[0]!, group.columnsOf('hit')[0]!];
  const values = vi.spyOn(group, 'values');
  group.lines = () => expect.fail('lines are built');
  expect([...matchRows(group, { ...ALL, where })]).toEqual(want);
  expect(values.mock.calls.map(([column]) => column).filter((column) => column !== key && column !== hit)).toEqual([]);
});
