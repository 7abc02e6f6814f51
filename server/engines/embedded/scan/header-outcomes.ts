/** What the header of a row group tells about a leaf by itself: from templates, labels, constants, dictionaries and ranges. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { isOfLines, type Leaf, type ValueLeaf } from '../../../store/predicate.ts';
import { judgeJsonLeaf } from './json-labels.ts';
import { headerMatch } from './match-column.ts';
import { answeringColumns, answersOf, labelNamesOf, mayAnswer, passesOf, testsOf } from './name.ts';
import { judgeLabels } from './value-leaf.ts';

/** Whether a leaf is about one value in each line, which a column has. */
export function isOfColumns(leaf: Leaf): leaf is ValueLeaf {
  return leaf.kind === 'value' && leaf.ofShape !== true && !isOfLines(leaf);
}

/** By template: the same for all; in memory that row groups share. */
const uniform = new Map<boolean | undefined, (boolean | undefined)[]>();

function ofEach(count: number, outcome: boolean | undefined): readonly (boolean | undefined)[] {
  const known = uniform.get(outcome);
  if (known !== undefined && known.length >= count) return known;
  const outcomes = new Array<boolean | undefined>(count).fill(outcome);
  uniform.set(outcome, outcomes);
  return outcomes;
}

/** By template: whether its lines satisfy a leaf; undefined where the header does not decide for all of them. */
export function headerOutcomes(group: RowGroup, leaf: Leaf): readonly (boolean | undefined)[] {
  const { length } = group.templates;
  if (leaf.kind === 'json') return judgeJsonLeaf(group, leaf);
  if (!isOfColumns(leaf)) return ofEach(length, undefined);
  if (leaf.labelOnly === true || (leaf.fieldOnly !== true && labelNamesOf(group).has(leaf.name))) {
    const ofLabels = group.info.streams.map((labels) => judgeLabels(leaf, labels));
    return ofEach(length, ofLabels.every((each) => each === ofLabels[0]) ? ofLabels[0] : undefined);
  }
  if (leaf.ofJson !== true && !mayAnswer(group, leaf.name)) return ofEach(length, false);
  const tests = testsOf(leaf);
  const answers = answersOf(group, leaf.name, leaf.ofJson);
  const ofColumns = new Map<number, boolean | undefined>();
  for (const { column, path } of answeringColumns(group, answers)) {
    const matched = path === '' ? headerMatch(group, column, tests) : undefined;
    ofColumns.set(column, matched && matched === 'all');
  }
  return answers.map((answer, template) => {
    if (answer === undefined) return false;
    if (answer.kind === 'implied') return passesOf(leaf)(answer.value);
    return ofColumns.get(group.columnsOfTemplate[template]![answer.slot]!);
  });
}
