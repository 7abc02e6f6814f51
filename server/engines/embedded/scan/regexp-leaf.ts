/**
 * Evaluates regular expressions on lines: texts that each match contains are searched for in columns first, and lines
 * are built only where all of these occur.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { RegexpLeaf, TextLeaf } from '../../../store/predicate.ts';
import { addMarks, hasMarks, markDepth, markedIn, releaseMarks, takeDirtyMarks, takeMarks } from './marks.ts';
import { markMatchingLines, regexpOf, requiredLeaf } from './regexps.ts';
import { matchTextLeaf } from './text-leaf.ts';
import type { Outcome } from './value-leaf.ts';

/**
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 * @throws QueryTooLargeError
 */
export function matchRegexpLeaf(
  group: RowGroup,
  leaf: RegexpLeaf,
  within: Uint8Array | undefined,
  out: Uint8Array,
): Outcome {
  const since = markDepth();
  const regexp = regexpOf(leaf);
  let left = within;
  for (const texts of regexp.required) {
    const marks = takeMarks(out.length);
    for (const text of texts) addContaining(group, requiredLeaf(text), left, marks);
    if (!hasMarks(marks)) {
      releaseMarks(since);
      return 'none';
    }
    left = marks;
  }
  const rows = left === undefined ? Uint32Array.from(out.keys()) : markedIn(left);
  out.fill(0);
  for (const { from, lines } of group.linesInTurn(rows)) markMatchingLines(regexp, lines, rows.subarray(from), out);
  releaseMarks(since);
  return hasMarks(out) ? 'some' : 'none';
}

function addContaining(group: RowGroup, leaf: TextLeaf, within: Uint8Array | undefined, marks: Uint8Array): void {
  const since = markDepth();
  const each = takeDirtyMarks(marks.length);
  if (matchTextLeaf(group, leaf, within, each) === 'some') addMarks(marks, each);
  releaseMarks(since);
}
