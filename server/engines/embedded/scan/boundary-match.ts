/**
 * Finds needles that cross a boundary of a template: where a literal and a value meet, or two adjacent values. Only the
 * lines themselves show whether they contain one, and building them is expensive. So each literal is aligned with the
 * needle in every way, and the parts of the needle on its two sides are compared with the possible neighbours: first
 * with the header of their column, then, row by row, with the value next to the literal.
 */
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { BOUNDARY_VALUES_MAX } from '../../../limits.ts';
import { valuesMayBeEmpty, valuesMayHave } from './column-bytes.ts';
import { matchEach } from './match-column.ts';
import { markedIn } from './masks.ts';
import { AS_WRITTEN, mayHaveByte, type Needle, SMALL } from './needle.ts';

type Side = 'before' | 'after';

/**
 * The part of the needle on one side of a literal, as its length: what is before one begins with the needle, and what is
 * behind it ends with it. Buffers for all parts took a fifth of the time of a search.
 */
interface Part {
  readonly side: Side;
  readonly length: number;
}

/** A value next to a literal, and the part of the needle on its side. */
interface Neighbour extends Part {
  readonly slot: number;
}

const NONE: readonly Neighbour[] = [];

/** The boundaries in a row group's templates, for one needle. */
export class BoundaryMatch {
  readonly #group: RowGroup;
  readonly #needle: Needle;
  /** By column and part: which of its values may be next to a literal that the part meets. */
  readonly #matched = new Map<number, Uint8Array | undefined>();
  /** By column and part: see #sharesOf. */
  readonly #shares = new Map<number, readonly number[]>();
  /** By slot and part: see #supplies. Of the template that is looked at. */
  readonly #supplied = new Map<number, boolean>();
  /** By column: its distinct values, where they are known and few. */
  readonly #texts = new Map<number, ByteStrings | undefined>();

  constructor(group: RowGroup, needle: Needle) {
    this.#group = group;
    this.#needle = needle;
  }

  /** Returns the ranks of the rows of a template in which the needle may cross a boundary. */
  ranksAcross(template: number): Uint32Array {
    const columns = this.#group.columnsOfTemplate[template]!;
    const neighbours = this.#neighboursOf(this.#group.templates[template]!.literals, columns);
    if (neighbours.length === 0) return NO_RANKS;
    const mayBe = new Uint8Array(this.#group.templateRowCounts[template]!);
    for (const { slot, side, length } of neighbours) {
      const matched = this.#matchedOf(columns[slot]!, side, length);
      if (matched === undefined) continue;
      const firstValue = firstValueOf(this.#group.columns[columns[slot]!]!, template);
      for (let i = 0; i < mayBe.length; i++) if (matched[firstValue + i] === 1) mayBe[i] = 1;
    }
    return markedIn(mayBe);
  }

  /** Returns, for each alignment of a literal with the needle, the value that has to supply more of it. */
  #neighboursOf(literals: readonly Buffer[], columns: readonly number[]): readonly Neighbour[] {
    const { bytes: needle } = this.#needle;
    this.#supplied.clear();
    let neighbours: Neighbour[] | undefined;
    for (let i = 0; i < literals.length; i++) {
      const { length } = literals[i]!;
      for (let at = 1 - length; at < needle.length; at++) {
        if (!this.#isLaidAt(literals[i]!, at) || (at <= 0 && at + length >= needle.length)) continue;
        const before = Math.max(0, at);
        const behind = Math.max(0, needle.length - at - length);
        if (!this.#supplies(literals, columns, i - 1, 'before', before)) continue;
        if (!this.#supplies(literals, columns, i, 'after', behind)) continue;
        neighbours ??= [];
        if (before > behind) neighbours.push({ slot: i - 1, side: 'before', length: before });
        else neighbours.push({ slot: i, side: 'after', length: behind });
      }
    }
    return neighbours ?? NONE;
  }

  /** Whether the two agree where they overlap, when the literal begins at offset `at` of the needle. */
  #isLaidAt(literal: Buffer, at: number): boolean {
    const { bytes: needle, isFolded } = this.#needle;
    const fold = isFolded ? SMALL : AS_WRITTEN;
    const end = Math.min(needle.length, at + literal.length);
    for (let i = Math.max(0, at); i < end; i++) if (needle[i] !== fold[literal[i - at]!]) return false;
    return true;
  }

  /**
   * Whether the value of a slot and its continuation away from the literal may be all of a part or begin with it, seen
   * from the literal. What headers do not decide counts as yes.
   */
  #supplies(
    literals: readonly Buffer[],
    columns: readonly number[],
    slot: number,
    side: Side,
    length: number,
  ): boolean {
    if (length === 0) return true;
    const column = columns[slot];
    if (column === undefined) return false;
    // The ways in which the values of many slots may share a part are many more than slots and parts.
    const key = this.#keyOf(slot, side, length);
    let does = this.#supplied.get(key);
    if (does === undefined) {
      does = this.#findSupply(literals, columns, slot, side, length);
      this.#supplied.set(key, does);
    }
    return does;
  }

  #findSupply(
    literals: readonly Buffer[],
    columns: readonly number[],
    slot: number,
    side: Side,
    length: number,
  ): boolean {
    const literal = literals[side === 'before' ? slot : slot + 1]!;
    const next = side === 'before' ? slot - 1 : slot + 1;
    for (const bytes of this.#sharesOf(columns[slot]!, side, length)) {
      // The next literal must agree with the rest where the value has ended.
      const rest = length - bytes;
      if (!this.#agrees(literal, 0, literal.length, side, rest)) continue;
      if (literal.length >= rest || this.#supplies(literals, columns, next, side, rest - literal.length)) return true;
    }
    return false;
  }

  /** Returns how much of a part, from the literal on, a value of the column may supply. The longest is all of it. */
  #sharesOf(column: number, side: Side, length: number): readonly number[] {
    const key = this.#keyOf(column, side, length);
    let shares = this.#shares.get(key);
    if (shares === undefined) this.#shares.set(key, (shares = this.#findShares(column, side, length)));
    return shares;
  }

  #findShares(column: number, side: Side, length: number): readonly number[] {
    let run = 0;
    const mayHave = (byte: number): boolean => valuesMayHave(this.#group, column, byte);
    while (run < length && mayHaveByte(this.#needle, this.#nearest(side, length, run), mayHave)) run++;
    const shortest = valuesMayBeEmpty(this.#group, column) ? 0 : 1;
    if (run < shortest) return [];
    // The values may be on a page, so values that the header excludes are excluded first.
    const texts = this.#textsOf(column);
    if (texts !== undefined) return this.#sharesOfTexts(texts, side, length);
    return run === length ? [run] : Array.from({ length: run + 1 - shortest }, (_, i) => shortest + i);
  }

  #sharesOfTexts({ bytes, offsets }: ByteStrings, side: Side, length: number): number[] {
    const shares: number[] = [];
    for (let code = 0; code + 1 < offsets.length; code++) {
      const share = Math.min(offsets[code + 1]! - offsets[code]!, length);
      if (shares.includes(share) || !this.#agrees(bytes, offsets[code]!, offsets[code + 1]!, side, length)) continue;
      shares.push(share);
    }
    return shares;
  }

  #textsOf(column: number): ByteStrings | undefined {
    if (!this.#texts.has(column)) {
      const texts = this.#group.countedTexts(column);
      this.#texts.set(
        column,
        texts === undefined || texts.offsets.length > BOUNDARY_VALUES_MAX + 1 ? undefined : texts,
      );
    }
    return this.#texts.get(column);
  }

  #matchedOf(column: number, side: Side, length: number): Uint8Array | undefined {
    const key = this.#keyOf(column, side, length);
    if (!this.#matched.has(key)) {
      const agrees = (value: Buffer): boolean => this.#agrees(value, 0, value.length, side, length);
      this.#matched.set(key, matchEach(this.#group.values(column), agrees));
    }
    return this.#matched.get(key);
  }

  /** @param place  a column or a slot */
  #keyOf(place: number, side: Side, length: number): number {
    return (place * 2 + (side === 'before' ? 0 : 1)) * (this.#needle.bytes.length + 1) + length;
  }

  /** Whether bytes[start, end) and a part agree, from the literal on, as far as the shorter one reaches. */
  #agrees(bytes: Buffer, start: number, end: number, side: Side, length: number): boolean {
    const { bytes: needle, isFolded } = this.#needle;
    const fold = isFolded ? SMALL : AS_WRITTEN;
    const shared = Math.min(end - start, length);
    if (side === 'before') {
      for (let i = 1; i <= shared; i++) if (fold[bytes[end - i]!] !== needle[length - i]) return false;
      return true;
    }
    const from = needle.length - length;
    for (let i = 0; i < shared; i++) if (fold[bytes[start + i]!] !== needle[from + i]) return false;
    return true;
  }

  /** Returns the byte of a part that is i bytes away from the literal. */
  #nearest(side: Side, length: number, i: number): number {
    const { bytes } = this.#needle;
    return bytes[side === 'before' ? length - 1 - i : bytes.length - length + i]!;
  }
}

const NO_RANKS = new Uint32Array(0);
