/** A narrowed condition decides every line as the whole one does, and has only names that the row group has. */
import { expect, test } from 'vitest';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { narrowedWhere } from '../../../../../server/engines/embedded/scan/narrowed-where.ts';
import { allOf, anyOf, leavesOf, NOTHING, not, valueLeaf, type Where } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { Random } from '../../../../corpus/random.ts';
import { randomLines, randomWhere } from '../../../store/random-predicates.ts';
import { rowGroupOf } from '../batches.ts';

const ALL_TIMES = { from: undefined, to: undefined };
const SEEDS = Array.from({ length: 4 }, (_, seed) => seed);
const group = new RowGroup(rowGroupOf(randomLines(new Random(1), 300, 0)));

const is = (name: string, value: string): Where => valueLeaf(name, [parsePattern(value)]);

test.each(SEEDS)('random trees of seed %i, with names that no line has', (seed) => {
  const random = new Random(300 + seed);
  for (let question = 0; question < 40; question++) {
    const absent = is(`absent-${random.below(3)}`, '7');
    const other = random.below(2) === 0 ? absent : not(absent);
    const where = random.below(2) === 0 ? allOf([randomWhere(random), other]) : anyOf([randomWhere(random), other]);
    const rows = (of: Where): number[] => [...matchRows(group, { ...ALL_TIMES, where: of })];
    expect(rows(narrowedWhere(group, where))).toEqual(rows(where));
  }
});

test('names of fields, labels and levels stay; others are left out', () => {
  const names = ['status', 'pod', 'level', 'absent'];
  const narrowed = narrowedWhere(group, anyOf(names.map((name) => is(name, '7'))));
  expect(leavesOf(narrowed).map((leaf) => leaf.kind === 'value' && leaf.name)).toEqual(['status', 'pod', 'level']);
  expect(narrowedWhere(group, allOf([is('status', '7'), is('absent', '7')]))).toEqual(NOTHING);
});
