/**
 * Cuts the lines of a template at literal characters that no match of a search contains. What is between two cuts is
 * searched alone, so that columns outside of it are not read.
 */
import { LineSink } from '../../../../shared/row-group/line-sink.ts';
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import type { Alphabet } from '../../../../shared/regexp/alphabet.ts';
import { OTHERS } from '../../../../shared/regexp/syntax.ts';
import { valuesMayHave } from './column-bytes.ts';

/** A literal, a column, a literal, and so on. It begins and ends with the characters at which lines are cut. */
export interface LinePiece {
  readonly literals: readonly Buffer[];
  readonly columns: readonly number[];
}

/** Some of many lines, or of their pieces, from the index `from` on. */
export interface LinesInTurn {
  readonly from: number;
  readonly lines: ByteStrings;
}

const PIECES_IN_TURN = 4096;
const PIECE_BYTES_EXPECTED = 64;

/** What is searched for in lines: a text, or a regular expression. */
export interface LineSearch {
  /** Characters of which matches consist; undefined where they are not known. */
  readonly alphabet: Alphabet | undefined;
  /**
   * Returns false where a text cannot match, because it lacks characters.
   * @param has  whether the text may contain the character of an ASCII code; or for OTHERS, any other
   */
  readonly mayMatch: (has: (code: number) => boolean) => boolean;
}

/**
 * Returns the pieces of a template's lines in which there may be a match, as far as literals and headers show; undefined
 * where only the lines themselves show it.
 */
export function wantedPieces(
  group: RowGroup,
  template: number,
  { alphabet, mayMatch }: LineSearch,
): readonly LinePiece[] | undefined {
  if (alphabet === undefined) return undefined;
  const ofTemplate = group.lineColumnsOfTemplate[template]!;
  const pieces = cutLines(group.templates[template]!.literals, ofTemplate, alphabet).filter(({ literals, columns }) => {
    return mayMatch(
      (code) =>
        code >= OTHERS ||
        literals.some((literal) => literal.includes(code)) ||
        columns.some((column) => valuesMayHave(group, column, code)),
    );
  });
  return pieces.length === 1 && pieces[0]!.columns.length === ofTemplate.length ? undefined : pieces;
}

/** Returns the pieces of a template's lines, from left to right. */
export function cutLines(
  literals: readonly Buffer[],
  columns: readonly number[],
  alphabet: Alphabet,
): readonly LinePiece[] {
  const isCut = (byte: number): boolean => byte < OTHERS && alphabet[byte] === 0;
  const pieces: LinePiece[] = [];
  let own: Buffer[] = [];
  let from = 0;
  for (const [i, literal] of literals.entries()) {
    const first = literal.findIndex(isCut);
    if (first < 0) {
      own.push(literal);
      continue;
    }
    pieces.push({ literals: [...own, literal.subarray(0, first + 1)], columns: columns.slice(from, i) });
    const last = literal.findLastIndex(isCut);
    if (last > first) pieces.push({ literals: [literal.subarray(first, last + 1)], columns: [] });
    own = [literal.subarray(last)];
    from = i;
  }
  return [...pieces, { literals: own, columns: columns.slice(from) }];
}

/**
 * Yields a piece of some lines of a template, some at a time: those from ranks[from] on.
 * @throws CorruptionError
 */
export function* piecesInTurn(
  group: RowGroup,
  template: number,
  { literals, columns }: LinePiece,
  ranks: ArrayLike<number>,
): Generator<LinesInTurn> {
  const slots = columns.map((column) => {
    const firstValue = firstValueOf(group.columns[column]!, template);
    return { values: group.values(column), firstValue, ranks: undefined };
  });
  for (let from = 0; from < ranks.length; from += PIECES_IN_TURN) {
    const end = Math.min(ranks.length, from + PIECES_IN_TURN);
    const sink = new LineSink(end - from, (end - from) * PIECE_BYTES_EXPECTED);
    for (let i = from; i < end; i++) sink.add({ literals, slots }, ranks[i]!);
    yield { from, lines: sink.finish() };
  }
}
