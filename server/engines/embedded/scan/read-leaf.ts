/**
 * Finds a text, or a match of an expression, in lines as they are written and as they are read (../../../store/read-text.ts). Lines
 * whose escapes matter have one of a character of the text, and all that no writer escapes: these are searched for in
 * columns first, and only the lines that have them are built.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type RegexpLeaf, textLeaf, type TextLeaf } from '../../../store/predicate.ts';
import { escapesOf, partsOfText, readable } from '../../../store/read-text.ts';
import { andNotMask, hasMarked, markedIn, maskDepth, releaseMasks, takeDirtyMask, takeMask } from './masks.ts';
import { needleOf, occursIn } from './needle.ts';
import { addContaining, matchRegexpLeaf } from './regexp-leaf.ts';
import { matchesRegexp, regexpOf, requiredLeaf } from './regexps.ts';
import { matchTextLeaf } from './text-leaf.ts';
import type { Outcome } from './value-leaf.ts';

/** A text with more characters that may be escaped is searched for by any escape. */
const ESCAPES_EACH_MAX = 6;

/**
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 * @throws QueryTooLargeError
 */
export function matchReadLeaf(
  group: RowGroup,
  leaf: TextLeaf | RegexpLeaf,
  within: Uint8Array | undefined,
  out: Uint8Array,
): Outcome {
  const since = maskDepth();
  const found = takeDirtyMask(out.length);
  const written =
    leaf.kind === 'text' ? matchTextLeaf(group, leaf, within, found) : matchRegexpLeaf(group, leaf, within, found);
  let left = takeDirtyMask(out.length);
  if (within === undefined) left.fill(1);
  else left.set(within);
  if (written === 'none') found.fill(0);
  else andNotMask(left, left, found);
  for (const texts of requiredOf(leaf)) {
    const mask = takeMask(out.length);
    for (const text of texts) addContaining(group, text, left, mask);
    left = mask;
    if (!hasMarked(left)) break;
  }
  if (hasMarked(left)) markRead(group, leaf, markedIn(left), found);
  const isSome = hasMarked(found);
  if (isSome) out.set(found);
  releaseMasks(since);
  return isSome ? 'some' : 'none';
}

/** Builds the lines, some at a time, and marks those that match as they are read. */
function markRead(group: RowGroup, leaf: TextLeaf | RegexpLeaf, rows: Uint32Array, found: Uint8Array): void {
  const needle = leaf.kind === 'text' ? needleOf(leaf) : undefined;
  for (const { from, lines } of group.linesInTurn(rows)) {
    const { bytes, offsets } = lines;
    for (let i = 0; i + 1 < offsets.length; i++) {
      const line = readable(bytes.subarray(offsets[i], offsets[i + 1]));
      const matches = needle === undefined ? matchesRegexp(leaf as RegexpLeaf, line) : occursIn(needle, line);
      if (matches) found[rows[from + i]!] = 1;
    }
  }
}

/** By leaf: texts of which a line that matches only as it is read contains at least one of each list. */
const required = new WeakMap<TextLeaf | RegexpLeaf, readonly (readonly TextLeaf[])[]>();

function requiredOf(leaf: TextLeaf | RegexpLeaf): readonly (readonly TextLeaf[])[] {
  let known = required.get(leaf);
  if (known === undefined) required.set(leaf, (known = leaf.kind === 'text' ? ofText(leaf) : ofRegexp(leaf)));
  return known;
}

function ofText({ needle, ignoreCase }: TextLeaf): readonly (readonly TextLeaf[])[] {
  const { plain, escapable } = partsOfText(Buffer.from(needle).toString());
  return [
    escapeLeaves(escapable),
    ...plain.map((text) => [{ ...textLeaf(text), ...(ignoreCase === true && { ignoreCase }) }]),
  ];
}

function ofRegexp(leaf: RegexpLeaf): readonly (readonly TextLeaf[])[] {
  const escaped: (readonly TextLeaf[])[] = [[textLeaf('\\')]];
  const plain: (readonly TextLeaf[])[] = [];
  for (const texts of regexpOf(leaf).required) {
    const parts = texts.map(({ text }) => partsOfText(text));
    // One of the texts is written, or a character of it is escaped.
    const escapable = [...new Set(parts.flatMap((each) => each.escapable))];
    if (escapable.length > 0) escaped.push([...escapeLeaves(escapable), ...texts.map(requiredLeaf)]);
    const longest = parts.map((each) => each.plain.toSorted((a, b) => b.length - a.length)[0]);
    // Where a text has no such part, its list says nothing.
    if (longest.includes(undefined)) continue;
    const leaves = texts.map(({ ignoreCase }, i) => requiredLeaf({ text: longest[i]!, ignoreCase }));
    plain.push(leaves.filter((each, i) => leaves.findIndex((other) => isDeepStrictEqual(other, each)) === i));
  }
  return [...escaped, ...plain];
}

/** Returns texts of which a line has one if any of these characters is escaped in it. */
function escapeLeaves(chars: readonly string[]): readonly TextLeaf[] {
  const ofEach = [...new Set(chars.flatMap(escapesOf))];
  const shortest = ofEach.filter((escape) => !ofEach.some((other) => other !== escape && escape.startsWith(other)));
  return (shortest.length > ESCAPES_EACH_MAX ? ['\\'] : shortest).map((escape) => textLeaf(escape));
}
