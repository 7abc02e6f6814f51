/**
 * Evaluates regular expressions on lines: texts that each match contains are searched for in columns first, and lines
 * are built only where all of these occur.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { RegexpLeaf, TextLeaf } from '../../../store/predicate.ts';
import { orMask, hasMarked, maskDepth, markedIn, releaseMasks, takeDirtyMask, takeMask } from './masks.ts';
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
  const since = maskDepth();
  const regexp = regexpOf(leaf);
  let left = within;
  for (const texts of regexp.required) {
    const mask = takeMask(out.length);
    for (const text of texts) addContaining(group, requiredLeaf(text), left, mask);
    if (!hasMarked(mask)) {
      releaseMasks(since);
      return 'none';
    }
    left = mask;
  }
  const rows = left === undefined ? Uint32Array.from(out.keys()) : markedIn(left);
  out.fill(0);
  for (const { from, lines } of group.linesInTurn(rows)) markMatchingLines(regexp, lines, rows.subarray(from), out);
  releaseMasks(since);
  return hasMarked(out) ? 'some' : 'none';
}

function addContaining(group: RowGroup, leaf: TextLeaf, within: Uint8Array | undefined, mask: Uint8Array): void {
  const since = maskDepth();
  const each = takeDirtyMask(mask.length);
  if (matchTextLeaf(group, leaf, within, each) === 'some') orMask(mask, each);
  releaseMasks(since);
}
