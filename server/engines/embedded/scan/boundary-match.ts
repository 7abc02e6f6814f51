/**
 * Finds needles that cross a boundary of a template: where a literal and a value meet, or two adjacent values. Only the
 * lines themselves show whether they contain one, and building them is expensive. So each literal is aligned with the
 * needle in every way, and the parts of the needle on its two sides are compared with the possible neighbours: first
 * with the header of their column, then, row by row, with the value next to the literal.
 */
import { type ByteStrings, byteStringAt } from '../../../../shared/byte-strings.ts';
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { BOUNDARY_VALUES_MAX } from '../../../limits.ts';
import { valuesMayBeEmpty, valuesMayHave } from './column-bytes.ts';
import { matchEach } from './match-column.ts';
import { markedIn } from './masks.ts';
import { foldedFor, mayHaveByte, type Needle } from './needle.ts';

type Side = 'before' | 'after';

/** The boundaries in a row group's templates, for one needle. */
export class BoundaryMatch {
  readonly #group: RowGroup;
  readonly #needle: Needle;
  /** By column and text: which of its values may be next to a literal that the text meets. */
  readonly #matched = new Map<string, Uint8Array | undefined>();
  /** By column: its distinct values, where they are known and few. */
  readonly #texts = new Map<number, ByteStrings | undefined>();

  constructor(group: RowGroup, needle: Needle) {
    this.#group = group;
    this.#needle = needle;
  }

  /** Returns the ranks of the rows of a template in which the needle may cross a boundary. */
  ranksAcross(template: number): Uint32Array {
    const columns = this.#group.lineColumnsOfTemplate[template]!;
    const neighbours = this.#neighboursOf(template, columns);
    if (neighbours.length === 0) return new Uint32Array(0);
    const mayBe = new Uint8Array(this.#group.templateRowCounts[template]!);
    for (const { slot, side, text } of neighbours) {
      const matched = this.#matchedOf(columns[slot]!, side, text);
      if (matched === undefined) continue;
      const firstValue = firstValueOf(this.#group.columns[columns[slot]!]!, template);
      for (let i = 0; i < mayBe.length; i++) if (matched[firstValue + i] === 1) mayBe[i] = 1;
    }
    return markedIn(mayBe);
  }

  /** Returns, for each alignment of a literal with the needle, the value that has to supply more of it. */
  #neighboursOf(template: number, columns: readonly number[]): Neighbour[] {
    const { bytes: needle, isFolded } = this.#needle;
    const asWritten = this.#group.templates[template]!.literals;
    const literals = isFolded ? asWritten.map((literal) => Buffer.from(foldedFor(this.#needle, literal))) : asWritten;
    const shares: Shares = (column, text, side) => this.#sharesOf(column, text, side);
    const suppliesBefore = supplier(literals, columns, 'before', shares);
    const suppliesBehind = supplier(literals, columns, 'after', shares);
    return literals.flatMap((literal, i) => {
      const neighbours: Neighbour[] = [];
      const { length } = literal;
      for (let at = 1 - length; at < needle.length; at++) {
        if (!isLaidAt(literal, needle, at) || (at <= 0 && at + length >= needle.length)) continue;
        const before = needle.subarray(0, Math.max(0, at));
        const behind = needle.subarray(at + length);
        if (!suppliesBefore(i - 1, before) || !suppliesBehind(i, behind)) continue;
        if (before.length > behind.length) neighbours.push({ slot: i - 1, side: 'before', text: before });
        else neighbours.push({ slot: i, side: 'after', text: behind });
      }
      return neighbours;
    });
  }

  #sharesOf(column: number, text: Buffer, side: Side): readonly number[] {
    let run = 0;
    const mayHave = (byte: number): boolean => valuesMayHave(this.#group, column, byte);
    while (run < text.length && mayHaveByte(this.#needle, nearest(text, side, run), mayHave)) run++;
    const shortest = valuesMayBeEmpty(this.#group, column) ? 0 : 1;
    if (run < shortest) return [];
    // The values may be on a page, so values that the header excludes are excluded first.
    const texts = this.#textsOf(column);
    if (texts !== undefined) return sharesOfTexts(this.#needle, texts, text, side);
    return run === text.length ? [run] : Array.from({ length: run + 1 - shortest }, (_, i) => shortest + i);
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

  #matchedOf(column: number, side: Side, text: Buffer): Uint8Array | undefined {
    const key = `${column} ${side} ${text.length}`;
    if (!this.#matched.has(key)) {
      const agrees = (value: Buffer): boolean => agreesWith(foldedFor(this.#needle, value), text, side);
      this.#matched.set(key, matchEach(this.#group.values(column), agrees));
    }
    return this.#matched.get(key);
  }
}

/** Lengths of the text, counted from the literal, that a value of the column may supply. The longest is all of it. */
type Shares = (column: number, text: Buffer, side: Side) => readonly number[];

/** A value next to a literal, on whose `side` the needle has `text`. */
interface Neighbour {
  readonly slot: number;
  readonly side: Side;
  readonly text: Buffer;
}

/** Whether the two agree where they overlap, when the literal begins at offset `at` of the needle. */
function isLaidAt(literal: Buffer, needle: Buffer, at: number): boolean {
  const start = Math.max(0, at);
  const end = Math.min(needle.length, at + literal.length);
  for (let i = start; i < end; i++) if (needle[i] !== literal[i - at]) return false;
  return true;
}

/**
 * Returns a test: whether the value of a slot and its continuation away from the literal may be all of a text or begin
 * with it, seen from the literal. What headers do not decide counts as yes. The texts are parts of one needle, up to
 * its end.
 */
function supplier(
  literals: readonly Buffer[],
  columns: readonly number[],
  side: Side,
  sharesOf: Shares,
): (slot: number, text: Buffer) => boolean {
  const step = side === 'before' ? -1 : 1;
  const known = new Map<string, boolean>();
  const supplies = (slot: number, text: Buffer): boolean => {
    if (text.length === 0) return true;
    const column = columns[slot];
    if (column === undefined) return false;
    const key = `${slot} ${text.length}`;
    let does = known.get(key);
    if (does === undefined) {
      does = sharesOf(column, text, side).some((bytes) => continues(slot, beyond(text, bytes, side)));
      known.set(key, does);
    }
    return does;
  };
  /** Whether the next literal agrees with the rest of the text where the value has ended. */
  const continues = (slot: number, text: Buffer): boolean => {
    const literal = literals[side === 'before' ? slot : slot + 1]!;
    if (!agreesWith(literal, text, side)) return false;
    return literal.length >= text.length || supplies(slot + step, beyond(text, literal.length, side));
  };
  return supplies;
}

function sharesOfTexts(needle: Needle, texts: ByteStrings, text: Buffer, side: Side): number[] {
  const shares = new Set<number>();
  for (let code = 0; code + 1 < texts.offsets.length; code++) {
    const value = foldedFor(needle, byteStringAt(texts, code));
    if (agreesWith(value, text, side)) shares.add(Math.min(value.length, text.length));
  }
  return [...shares];
}

/** Whether the two agree, from the literal on, as far as the shorter one reaches. */
function agreesWith(some: Buffer, text: Buffer, side: Side): boolean {
  const shared = Math.min(some.length, text.length);
  for (let i = 0; i < shared; i++) if (nearest(some, side, i) !== nearest(text, side, i)) return false;
  return true;
}

/** Returns the byte that is i bytes away from the literal. */
function nearest(text: Buffer, side: Side, i: number): number {
  return text[side === 'before' ? text.length - 1 - i : i]!;
}

/** Returns the text without this many bytes next to the literal. */
function beyond(text: Buffer, bytes: number, side: Side): Buffer {
  return side === 'before' ? text.subarray(0, text.length - bytes) : text.subarray(bytes);
}
