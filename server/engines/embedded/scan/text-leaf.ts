/**
 * Searches for a substring in a row group without building its lines, where that can be avoided.
 *
 * A line is literals and values in turn. A needle that occurs in it lies within one literal, within one value, or
 * across a boundary between them. The literals are searched once, and the columns in their encoded form. Lines are
 * built only where the needle may cross a boundary.
 */
import { isDigit } from '../../../../shared/ascii.ts';
import { matchUuidText } from '../../../../shared/row-group/encodings/uuid-search.ts';
import { ENCODING_PATTERN } from '../../../../shared/row-group/format.ts';
import { OTHERS } from '../../../../shared/regexp/syntax.ts';
import type { ColumnInfo } from '../../../../shared/row-group/header.ts';
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { linesMayHave, valuesMayHave } from './column-bytes.ts';
import type { TextLeaf } from '../../../store/predicate.ts';
import { hasMarked, andMask, maskDepth, releaseMasks, takeDirtyMask, takeMask } from './masks.ts';
import { cutTextsContaining } from './match-cut-texts.ts';
import { maskOfCodes, matchTexts } from './match-column.ts';
import { foldedFor, mayHaveByte, type Needle, needleOf, occursIn } from './needle.ts';
import { BoundaryMatch } from './boundary-match.ts';
import { type LineSearch, type LinesInTurn, piecesInTurn, wantedPieces } from './line-pieces.ts';
import type { Outcome } from './value-leaf.ts';
import { markIntegers, wildcardBits } from './wildcard-digits.ts';

const NOTHING = new Uint8Array(0);

/**
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 */
export function matchTextLeaf(
  group: RowGroup,
  leaf: TextLeaf,
  within: Uint8Array | undefined,
  out: Uint8Array,
): Outcome {
  const since = maskDepth();
  const found = within === undefined ? out.fill(0) : takeMask(group.info.rowCount);
  let outcome: Outcome = 'none';
  if (markContaining(group, needleOf(leaf), within, found)) {
    if (within !== undefined) andMask(out, within, found);
    if (hasMarked(out)) outcome = 'some';
  }
  releaseMasks(since);
  return outcome;
}

/**
 * Sets found[row] for each row in question whose line contains the needle; other rows are undefined afterwards.
 * @returns false when there is certainly none
 */
function markContaining(group: RowGroup, needle: Needle, within: Uint8Array | undefined, found: Uint8Array): boolean {
  const bytes = [...new Set(needle.bytes)];
  const matchedOf = new Map<number, Uint8Array | undefined>();
  const boundaries = new BoundaryMatch(group, needle);
  let mayBeSome = false;
  for (let t = 0; t < group.templates.length; t++) {
    const template = group.templates[t]!;
    const columns = group.lineColumnsOfTemplate[t]!;
    if (!bytes.every((byte) => mayHaveByte(needle, byte, (each) => linesMayHave(group, t, each)))) continue;
    mayBeSome = true;
    if (template.literals.some((literal) => occursIn(needle, literal))) {
      for (const row of group.rowsOfTemplate(t)) found[row] = 1;
      continue;
    }
    for (const index of columns) {
      if (!matchedOf.has(index)) matchedOf.set(index, containing(group, index, needle));
      const matched = matchedOf.get(index);
      if (matched !== undefined) markPart(group, group.columns[index]!, t, matched, found);
    }
    const across = boundaries.ranksAcross(t);
    if (across.length > 0) markLines(group, t, across, needle, within, found);
  }
  return mayBeSome;
}

function markPart(group: RowGroup, column: ColumnInfo, template: number, matched: Uint8Array, found: Uint8Array): void {
  const firstValue = firstValueOf(column, template);
  const rows = group.rowsOfTemplate(template);
  for (let i = 0; i < rows.length; i++) if (matched[firstValue + i] === 1) found[rows[i]!] = 1;
}

/** Builds the lines in question, or pieces of them, some at a time, and searches them. @param across  ranks of rows */
function markLines(
  group: RowGroup,
  template: number,
  across: Uint32Array,
  needle: Needle,
  within: Uint8Array | undefined,
  found: Uint8Array,
): void {
  const all = group.rowsOfTemplate(template);
  const ranks = across.filter((rank) => {
    const row = all[rank]!;
    return (within === undefined || within[row] === 1) && found[row] === 0;
  });
  if (ranks.length === 0) return;
  const rows = ranks.map((rank) => all[rank]!);
  const mark = ({ from, lines }: LinesInTurn): void =>
    forEachHit(lines.bytes, lines.offsets, needle, (line) => (found[rows[from + line]!] = 1));
  const pieces = wantedPieces(group, template, searchFor(needle));
  if (pieces === undefined) for (const turn of group.linesInTurn(rows)) mark(turn);
  for (const piece of pieces ?? []) {
    // Literals were searched before.
    if (piece.columns.length > 0) for (const turn of piecesInTurn(group, template, piece, ranks)) mark(turn);
  }
}

/** The characters of a needle. */
function searchFor(needle: Needle): LineSearch {
  const alphabet = new Uint8Array(OTHERS + 1);
  for (const byte of needle.bytes) {
    // A letter may be of either case.
    mayHaveByte(needle, byte, (each) => {
      alphabet[Math.min(each, OTHERS)] = 1;
      return false;
    });
  }
  const mayMatch: LineSearch['mayMatch'] = (has) =>
    needle.bytes.every((byte) => mayHaveByte(needle, byte, (each) => has(Math.min(each, OTHERS))));
  return { alphabet, mayMatch };
}

/** By value: 1 where it contains the needle. Undefined when none does. */
function containing(group: RowGroup, index: number, needle: Needle): Uint8Array | undefined {
  if (!valuesMayContain(group, index, needle) || !distinctMayContain(group, index, needle)) return undefined;
  const values = group.values(index);
  switch (values.kind) {
    case 'constant':
      return occursIn(needle, values.value) ? takeDirtyMask(values.count).fill(1) : undefined;
    case 'dictionary': {
      const matched = takeMask(values.values.offsets.length - 1);
      forEachHit(values.values.bytes, values.values.offsets, needle, (code) => (matched[code] = 1));
      return hasMarked(matched) ? maskOfCodes(values.codes, matched) : undefined;
    }
    case 'raw': {
      const matched = takeMask(values.offsets.length - 1);
      forEachHit(values.bytes, values.offsets, needle, (value) => (matched[value] = 1));
      return hasMarked(matched) ? matched : undefined;
    }
    case 'uuid':
      // Its letters are lower case.
      return matchUuidText(values, needle.bytes);
    case 'pattern':
      return cutTextsContaining(values, needle);
    case 'integer': {
      const bits = wildcardBits([NOTHING, needle.bytes, NOTHING]);
      if (bits === undefined) return undefined;
      const matched = takeMask(values.values.length);
      markIntegers(bits, values.values, matched);
      return hasMarked(matched) ? matched : undefined;
    }
    case 'decimal':
    case 'timestamp':
    case 'hex':
      return matchTexts(values, (text) => occursIn(needle, text));
  }
}

/** Returns false when no distinct value contains the needle: then the rows' codes need not be read. */
function distinctMayContain(group: RowGroup, index: number, needle: Needle): boolean {
  const isPattern = group.columns[index]!.chunk.encoding === ENCODING_PATTERN;
  // In a pattern a digit is a placeholder of a number, which may have any digits.
  if (isPattern && needle.bytes.some(isDigit)) return true;
  const texts = group.distinctTexts(index);
  if (texts === undefined) return true;
  let may = false;
  forEachHit(texts.bytes, texts.offsets, needle, () => (may = true));
  return may;
}

/** Calls back once for each string that contains the needle. */
function forEachHit(bytes: Buffer, offsets: Uint32Array, needle: Needle, onHit: (index: number) => void): void {
  const end = offsets[offsets.length - 1]!;
  const text = foldedFor(needle, bytes.subarray(0, end));
  const { bytes: wanted } = needle;
  let index = 0;
  for (let hit = text.indexOf(wanted, offsets[0]); hit >= 0;) {
    while (offsets[index + 1]! <= hit) index++;
    // A hit that crosses the end of its string is not a match; the search continues at the byte after its start.
    if (hit + wanted.length <= offsets[index + 1]!) {
      onHit(index);
      hit = text.indexOf(wanted, offsets[index + 1]);
    } else hit = text.indexOf(wanted, hit + 1);
  }
}

function valuesMayContain(group: RowGroup, index: number, needle: Needle): boolean {
  for (const byte of needle.bytes) {
    if (!mayHaveByte(needle, byte, (each) => valuesMayHave(group, index, each))) return false;
  }
  return true;
}
