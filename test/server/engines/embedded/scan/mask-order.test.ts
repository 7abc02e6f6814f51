/** Rows that are marked in template order are those that are marked one after the other. */
import { expect, test } from 'vitest';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { matchMask, matchMaskInTemplateOrder } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { LINE_PATTERN, LINE_RUN } from '../../../../../server/store/asked-name.ts';
import { allOf, leafOf, not, textLeaf, valueLeaf, type Where } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { Random } from '../../../../corpus/random.ts';
import { randomLines, randomWhere } from '../../../store/random-predicates.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';

/** So few that each shape has a template. */
const LINES = 700;
const ALL_TIMES = { from: undefined, to: undefined };
const SEEDS = Array.from({ length: 8 }, (_, seed) => seed);

function groupOf(random: Random, change: (line: Line) => Line = (line) => line): RowGroup {
  return new RowGroup(rowGroupOf(randomLines(random, LINES, 0).map(change)));
}

/** Lines without labels that are fields of others. */
const unlabelled = (line: Line): Line => ({ ...line, labels: { namespace: 'shop', pod: 'api-1' } });

const is = (name: string, ...values: string[]): Where => valueLeaf(name, values.map(parsePattern));

/** Returns the marks by row. */
function byRow(group: RowGroup, where: Where): number[] | undefined {
  const inOrder = matchMaskInTemplateOrder(group, { ...ALL_TIMES, where });
  if (inOrder === undefined) return undefined;
  const marks = new Array<number>(LINES).fill(1);
  if (inOrder === 'all') return marks;
  const { templateRows } = group.order();
  for (const [position, mark] of inOrder.entries()) marks[templateRows[position]!] = mark;
  return marks;
}

test.each(SEEDS)('random trees of seed %i', (seed) => {
  const random = new Random(300 + seed);
  let decided = 0;
  for (const group of [groupOf(random), groupOf(random, unlabelled)]) {
    for (let question = 0; question < 60; question++) {
      const where = randomWhere(random, random.below(3));
      const marks = byRow(group, where);
      if (marks === undefined) continue;
      decided++;
      const mask = matchMask(group, { ...ALL_TIMES, where });
      expect(marks).toEqual(mask === 'all' ? new Array(LINES).fill(1) : [...mask]);
    }
  }
  expect(decided).toBeGreaterThan(15);
});

test('what values decide', () => {
  const group = groupOf(new Random(1), unlabelled);
  const wheres = [
    is('status', '500', '503'),
    not(is('level', 'error')),
    is('path', '*'),
    valueLeaf('status', [{ kind: 'compare', operator: '>=', operand: { kind: 'number', value: 500 } }]),
    is('request_id', '*7*'),
    { ...is('path', '/api/tasks/{id}'), ofShape: true } as Where,
    leafOf(LINE_PATTERN, [parsePattern('request')]),
    allOf([is('user', '7'), is('status', '200')]),
    is('absent', 'x'),
  ];
  for (const where of wheres) expect(byRow(group, where)).toBeDefined();
});

test('no more: lines, runs, times and labels are of rows', () => {
  const group = groupOf(new Random(2));
  const status = is('status', '500');
  expect(byRow(group, status)).toBeDefined();
  for (const where of [
    textLeaf('done'),
    leafOf(LINE_RUN, [parsePattern('*')]),
    is('pod', 'api-1'),
    is('level', 'warn'),
  ])
    expect(byRow(group, allOf([status, where]))).toBeUndefined();
  const half = { from: instantOf(TODAY, (LINES / 2) * 1e6), to: undefined, where: status };
  expect(matchMaskInTemplateOrder(group, half)).toBeUndefined();
});
