/**
 * Evaluates leaves about a value on a row group: labels first, by stream; then, for streams that lack the label,
 * fields, by column. If a line has a field more than once, the last one counts; an array also matches when one of its
 * elements does.
 */
import { type Labels, labelOf } from '../../../../shared/labels.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { isOfLines, type Leaf, type ValueLeaf } from '../../../store/predicate.ts';
import { type MaskOrder, markRanks, markTemplates, markValues } from './mask-order.ts';
import { hasGaps, hasMarked, andMask, maskDepth, releaseMasks, takeMask } from './masks.ts';
import { maskOfCodes, matchColumn } from './match-column.ts';
import { linePatterns, passesPattern } from './line-patterns.ts';
import { matchRuns } from './line-runs.ts';
import type { WholeLineMatches } from './match-whole-lines.ts';
import { matchShapes } from './match-shapes.ts';
import { answeringColumns, answersOf, passesOf, testsOf } from './name.ts';

/**
 * Which of the rows in question match: none, all, or at least one, marked in `out`, which is written only for `some`.
 */
export type Outcome = 'none' | 'some' | 'all';

/** Evaluates a leaf on the labels of a stream; undefined where the lines themselves decide. */
export function judgeLabels(leaf: Leaf, labels: Labels): boolean | undefined {
  if (leaf.kind !== 'value' || leaf.fieldOnly === true || isOfLines(leaf)) return undefined;
  const label = labelOf(labels, leaf.name);
  if (label === undefined) return leaf.labelOnly === true ? false : undefined;
  return passesOf(leaf)(Buffer.from(label));
}

/**
 * @param wholeLines  of the row group, under the tree of the leaf
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 * @param order  of both; in template order only what `isOfValues` says
 */
export function matchValueLeaf(
  group: RowGroup,
  leaf: ValueLeaf,
  wholeLines: WholeLineMatches,
  within: Uint8Array | undefined,
  out: Uint8Array,
  order: MaskOrder,
): Outcome {
  const { streams, rowCount } = group.info;
  const byStream = streams.map((labels) => judgeLabels(leaf, labels));
  if (byStream.every((value) => value === byStream[0]) && byStream[0] !== undefined) {
    return byStream[0] ? 'all' : 'none';
  }
  const since = maskDepth();
  const rows = within === undefined ? out.fill(0) : takeMask(rowCount);
  const match = leaf.ofRun !== undefined ? matchRuns : leaf.ofPattern === true ? matchPatterns : matchFields;
  let outcome = byStream.includes(undefined) ? match(group, leaf, rows, order, wholeLines) : 'none';
  if (byStream.some((value) => value !== undefined)) {
    const codes = group.streamCodes();
    const fieldMark = outcome === 'all' ? 1 : 0;
    for (let row = 0; row < rowCount; row++) {
      const value = byStream[codes[row]!];
      if (value !== undefined) rows[row] = value ? 1 : 0;
      else if (outcome !== 'some') rows[row] = fieldMark;
    }
    outcome = 'some';
  }
  if (outcome === 'some') {
    if (within !== undefined) andMask(out, within, rows);
    if (!hasMarked(out)) outcome = 'none';
  }
  releaseMasks(since);
  return outcome;
}

/** @param rows  zeros; rows that match are set to 1 */
function matchFields(
  group: RowGroup,
  leaf: ValueLeaf,
  rows: Uint8Array,
  order: MaskOrder,
  wholeLines: WholeLineMatches,
): Outcome {
  const tests = testsOf(leaf);
  const passes = passesOf(leaf);
  const answers = answersOf(group, leaf.name, leaf.ofJson);
  const isPassedByAll = tests.some(({ kind }) => kind === 'exists');
  /** By template: 1 where all of its lines match. */
  const whole = new Uint8Array(group.templates.length);
  for (const [template, answer] of answers.entries()) {
    const matches =
      answer?.kind === 'implied'
        ? passes(answer.value)
        : answer?.kind === 'value' && isPassedByAll && answer.path === '';
    if (matches) whole[template] = 1;
  }
  for (const answering of answeringColumns(group, answers)) {
    if (isPassedByAll && answering.path === '') continue;
    const since = maskDepth();
    const { column, path } = answering;
    const matched =
      leaf.ofShape === true ? matchShapes(group, column, passes, path) : matchColumn(group, column, tests, path);
    if (matched === 'all') for (const { template } of answering.parts) whole[template] = 1;
    else if (matched !== 'none') markValues(group, answering, matched, order, rows);
    releaseMasks(since);
  }
  if (!whole.includes(0)) return 'all';
  if (whole.includes(1)) markTemplates(group, whole, order, rows);
  if (leaf.ofJson !== true) wholeLines.mark(leaf, rows, answers);
  if (!hasMarked(rows)) return 'none';
  return hasGaps(rows) ? 'some' : 'all';
}

/** Does the same with the patterns of lines: a test on a pattern, or its id. */
function matchPatterns(group: RowGroup, { tests }: ValueLeaf, rows: Uint8Array, order: MaskOrder): Outcome {
  const { patterns, codes } = linePatterns(group);
  const matches = Uint8Array.from(patterns, (pattern) => (passesPattern(tests, pattern) ? 1 : 0));
  if (!matches.includes(1)) return 'none';
  if (!matches.includes(0)) return 'all';
  const whole = new Uint8Array(codes.length);
  for (const [template, own] of codes.entries()) {
    if (typeof own === 'number') whole[template] = matches[own]!;
    else markRanks(group, template, maskOfCodes(own, matches), order, rows);
  }
  if (whole.includes(1)) markTemplates(group, whole, order, rows);
  return hasMarked(rows) ? 'some' : 'none';
}
