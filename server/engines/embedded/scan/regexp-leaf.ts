/**
 * Evaluates regular expressions on lines: texts that each match contains are searched for in columns first. Where all of
 * these occur, the pieces of lines are built that may contain a match.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { placeOf } from '../../../../shared/row-group/template-order.ts';
import type { Regexp } from '../../../../shared/regexp/regexp.ts';
import type { RegexpLeaf, TextLeaf } from '../../../store/predicate.ts';
import { countingUp } from './counting-up.ts';
import { type LinePiece, piecesInTurn, wantedPieces } from './line-pieces.ts';
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
  const found = takeMask(out.length);
  const rest = markByPieces(group, regexp, left, found);
  for (const { from, lines } of group.linesInTurn(rest)) markMatchingLines(regexp, lines, rest.subarray(from), found);
  out.set(found);
  releaseMasks(since);
  return hasMarked(out) ? 'some' : 'none';
}

/**
 * Marks the lines in pieces of which there is a match, where these are less than the lines.
 * @param within  the rows in question; undefined for all
 * @returns the rows whose lines must be built as a whole, ascending
 */
function markByPieces(group: RowGroup, regexp: Regexp, within: Uint8Array | undefined, found: Uint8Array): Uint32Array {
  const search = { alphabet: regexp.alphabet, mayMatch: (has: (code: number) => boolean) => regexp.mayMatch(has) };
  const since = maskDepth();
  const whole = takeMask(found.length);
  for (const [template, { ranks, rows }] of rowsByTemplate(group, within)) {
    const pieces = wantedPieces(group, template, search);
    if (pieces === undefined) for (const row of rows) whole[row] = 1;
    else for (const piece of pieces) markPiece(group, regexp, template, piece, ranks, rows, found);
  }
  const rest = markedIn(whole);
  releaseMasks(since);
  return rest;
}

/** Rows of a template, ascending, and their ranks. */
interface RowsOfTemplate {
  readonly ranks: ArrayLike<number>;
  readonly rows: Int32Array | Uint32Array;
}

function rowsByTemplate(group: RowGroup, within: Uint8Array | undefined): Iterable<[template: number, RowsOfTemplate]> {
  if (within === undefined) {
    return group.templates.map((_, template) => {
      const rows = group.rowsOfTemplate(template);
      return [template, { rows, ranks: countingUp(rows.length) }];
    });
  }
  const codes = group.templateCodes();
  const byTemplate = Map.groupBy(markedIn(within), (row) => codes[row]!);
  return Array.from(byTemplate, ([template, wanted]) => {
    const all = group.rowsOfTemplate(template);
    const rows = Uint32Array.from(wanted);
    return [template, { rows, ranks: rows.map((row) => placeOf(all, row)) }];
  });
}

/** Marks the rows whose piece matches. @param ranks  of the rows */
function markPiece(
  group: RowGroup,
  regexp: Regexp,
  template: number,
  piece: LinePiece,
  ranks: ArrayLike<number>,
  rows: Int32Array | Uint32Array,
  found: Uint8Array,
): void {
  if (piece.columns.length === 0) {
    if (regexp.test(piece.literals[0]!)) for (const row of rows) found[row] = 1;
    return;
  }
  for (const { from, lines } of piecesInTurn(group, template, piece, ranks)) {
    markMatchingLines(regexp, lines, rows.subarray(from), found);
  }
}

/** Marks the rows in question whose line contains a text. */
export function addContaining(group: RowGroup, leaf: TextLeaf, within: Uint8Array | undefined, mask: Uint8Array): void {
  const since = maskDepth();
  const each = takeDirtyMask(mask.length);
  if (matchTextLeaf(group, leaf, within, each) === 'some') orMask(mask, each);
  releaseMasks(since);
}
