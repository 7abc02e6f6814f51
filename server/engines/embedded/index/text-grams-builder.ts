/**
 * Collects the grams of a segment that is being written (text-grams.ts), from its row groups as they are encoded: a line is
 * literals and values in turn, so its grams lie within one of them, or across where they meet. Literals and distinct values are
 * folded once, and where they meet is known from the few bytes at their ends.
 */
import { ByteReader } from '../../../../shared/bytes.ts';
import { readTimestampForm } from '../../../../shared/row-group/encodings/timestamp.ts';
import {
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_HEX,
  ENCODING_INTEGER,
  ENCODING_PATTERN,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
} from '../../../../shared/row-group/format.ts';
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import {
  GRAM_STEPS_OF_GROUP_MAX,
  GRAMS_BYTES_MAX,
  GRAMS_LISTED_MAX,
  GRAMS_OF_GROUP_MAX,
  ORDINALS_MAX,
} from './format.ts';
import {
  encodeTextGrams,
  type Ending,
  endingAfter,
  foldedAfter,
  FULL_ENDING_MIN,
  gramHash,
  setBytes,
  type TextGrams,
} from './text-grams.ts';

export class TextGramsBuilder {
  #groupCount = 0;
  /** A gram's hash × ORDINALS_MAX + the ordinal of a row group that has it. */
  #entries = new Float64Array(1024);
  #entryCount = 0;
  readonly #unlisted: number[] = [];

  add(ordinal: number, group: RowGroup): void {
    this.#groupCount = ordinal + 1;
    const room = GRAMS_LISTED_MAX - this.#entryCount;
    const hashes = ordinal < ORDINALS_MAX ? gramsOfGroup(group) : undefined;
    if (hashes === undefined || hashes.length > room) {
      this.#unlisted.push(ordinal);
      return;
    }
    const used = this.#entryCount + hashes.length;
    if (used > this.#entries.length) {
      const grown = new Float64Array(Math.max(used, this.#entries.length * 2));
      grown.set(this.#entries);
      this.#entries = grown;
    }
    for (let i = 0; i < hashes.length; i++) {
      this.#entries[this.#entryCount++] = hashes[i]! * ORDINALS_MAX + ordinal;
    }
  }

  /** Returns undefined where they would not help, or take too many bytes. */
  finish(): TextGrams | undefined {
    if (this.#unlisted.length === this.#groupCount || this.#groupCount > ORDINALS_MAX) return undefined;
    const entries = this.#entries.subarray(0, this.#entryCount).toSorted();
    const found = listed(entries, this.#groupCount, this.#unlisted);
    return encodeTextGrams(found).length > GRAMS_BYTES_MAX ? undefined : found;
  }
}

/** The grams of one row group, and the work of finding them. */
class GramSet {
  /** Open addressing: a hash + 1, or 0. */
  readonly #slots = new Uint32Array(GRAMS_OF_GROUP_MAX * 2);
  readonly #hashes = new Uint32Array(GRAMS_OF_GROUP_MAX);
  #count = 0;
  #steps = 0;

  reset(): void {
    this.#slots.fill(0);
    this.#count = 0;
    this.#steps = 0;
  }

  /**
   * Adds the grams of a part of a text.
   * @param ending  of what is before it
   * @returns the ending after it
   */
  addText(ending: Ending, bytes: Uint8Array, start: number, end: number): Ending {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let last = ending;
    for (let at = start; at < end; at++) {
      const folded = foldedAfter(last, bytes[at]!);
      if (folded === 0) continue;
      if (last >= FULL_ENDING_MIN) {
        const key = gramHash(last, folded) + 1;
        // Mostly it is known.
        if (slots[key & mask] !== key) this.#addKey(key);
      }
      last = endingAfter(last, folded);
    }
    return last;
  }

  add(ending: Ending, folded: number): void {
    this.#addKey(gramHash(ending, folded) + 1);
  }

  /** A row group with more grams than there is room for counts as one that takes too many steps. */
  #addKey(key: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = key & mask;
    for (; slots[at] !== 0; at = (at + 1) & mask) if (slots[at] === key) return;
    if (this.#count >= GRAMS_OF_GROUP_MAX) this.#steps = Infinity;
    else {
      slots[at] = key;
      this.#hashes[this.#count++] = key - 1;
    }
  }

  countSteps(steps: number): void {
    this.#steps += steps;
  }

  /** Whether the row group is better not listed. */
  get areTooMany(): boolean {
    return this.#steps > GRAM_STEPS_OF_GROUP_MAX;
  }

  /** Valid until the next row group. */
  hashes(): Uint32Array {
    return this.#hashes.subarray(0, this.#count);
  }
}

/** Used by one row group after the other. */
const grams = new GramSet();

/** @param entries  ascending */
function listed(entries: Float64Array, groupCount: number, unlisted: readonly number[]): TextGrams {
  const width = setBytes(groupCount);
  const hashes: number[] = [];
  const sets: number[] = [];
  const known = new Map<string, number>();
  const bits: Buffer[] = [];
  const set = Buffer.alloc(width);
  for (let i = 0; i < entries.length;) {
    const hash = Math.floor(entries[i]! / ORDINALS_MAX);
    set.fill(0);
    for (; i < entries.length && Math.floor(entries[i]! / ORDINALS_MAX) === hash; i++) {
      const ordinal = entries[i]! % ORDINALS_MAX;
      set[ordinal >> 3]! |= 1 << (ordinal & 7);
    }
    const key = set.toString('latin1');
    let index = known.get(key);
    if (index === undefined) {
      known.set(key, (index = known.size));
      bits.push(Buffer.from(set));
    }
    hashes.push(hash);
    sets.push(index);
  }
  const all = Uint8Array.from(Buffer.concat(bits));
  return { groupCount, hashes: Uint32Array.from(hashes), sets: Uint32Array.from(sets), bits: all, unlisted };
}

/** Returns the hashes of the grams of all lines, each once; undefined where they are too many, or would take too long to find. */
function gramsOfGroup(group: RowGroup): Uint32Array | undefined {
  grams.reset();
  const parts = new Map<number, Part>();
  const partOfColumn = (column: number): Part => {
    let part = parts.get(column);
    if (part === undefined) parts.set(column, (part = partOf(textsOf(group, column))));
    return part;
  };
  for (const [template, { literals }] of group.templates.entries()) {
    const columns = group.lineColumnsOfTemplate[template]!;
    let endings: readonly Ending[] = NOTHING_BEFORE;
    for (let slot = 0; slot <= columns.length && !grams.areTooMany; slot++) {
      endings = endingsAfter(endings, partOf(literalText(literals[slot]!)));
      if (slot < columns.length) endings = endingsAfter(endings, partOfColumn(columns[slot]!));
    }
    if (grams.areTooMany) return undefined;
  }
  return grams.hashes();
}

/** A literal, or the values of a column, apart from what is before and after them. */
interface Part {
  /** What its texts begin with, each once; of a text of fewer than three folded bytes, all of it. */
  readonly beginnings: readonly Ending[];
  /** What the others, which have more, end with. */
  readonly endings: readonly Ending[];
}

const NOTHING_BEFORE: readonly Ending[] = [0];

/** Adds the grams within the texts. */
function partOf({ bytes, offsets }: ByteStrings): Part {
  const beginnings = new Set<Ending>();
  const endings = new Set<Ending>();
  grams.countSteps(offsets.at(-1)!);
  for (let text = 0; text + 1 < offsets.length && !grams.areTooMany; text++) {
    const end = offsets[text + 1]!;
    let beginning: Ending = 0;
    let at = offsets[text]!;
    for (; at < end && beginning < FULL_ENDING_MIN; at++) {
      beginning = endingAfter(beginning, foldedAfter(beginning, bytes[at]!));
    }
    beginnings.add(beginning);
    if (beginning >= FULL_ENDING_MIN) endings.add(grams.addText(beginning, bytes, at, end));
  }
  return { beginnings: [...beginnings], endings: [...endings] };
}

/** Adds the grams across where a part meets what is before it, and returns what it all ends with. */
function endingsAfter(before: readonly Ending[], { beginnings, endings }: Part): readonly Ending[] {
  grams.countSteps(before.length * beginnings.length);
  if (grams.areTooMany) return NOTHING_BEFORE;
  const after = new Set(endings);
  for (const ending of before) {
    for (const beginning of beginnings) {
      const joined = joinedEnding(ending, beginning);
      if (beginning < FULL_ENDING_MIN) after.add(joined);
    }
  }
  return [...after];
}

function joinedEnding(before: Ending, beginning: Ending): Ending {
  let ending = before;
  for (let shift = 16; shift >= 0; shift -= 8) {
    const byte = (beginning >> shift) & 0xff;
    const folded = byte === 0 ? 0 : foldedAfter(ending, byte);
    if (folded === 0) continue;
    if (ending >= FULL_ENDING_MIN) grams.add(ending, folded);
    ending = endingAfter(ending, folded);
  }
  return ending;
}

/** Returns texts that are folded as the values of a column are: all of them, or one of each form that they may have. */
function textsOf(group: RowGroup, column: number): ByteStrings {
  const { chunk } = group.columns[column]!;
  switch (chunk.encoding) {
    case ENCODING_INTEGER:
      return INTEGERS;
    case ENCODING_DECIMAL:
      return DECIMALS;
    case ENCODING_UUID:
      return UUIDS;
    case ENCODING_HEX:
      return HEX_DIGITS;
    case ENCODING_TIMESTAMP: {
      const { separator, zone } = readTimestampForm(new ByteReader(chunk.parameters));
      const seconds = `0-0-0${String.fromCharCode(separator)}0:0:0`;
      return stringsOf(`${seconds}${zone.toString()}`, `${seconds}.0${zone.toString()}`);
    }
    case ENCODING_DICTIONARY:
    case ENCODING_PATTERN:
      return group.distinctTexts(column)!;
    default: {
      const values = group.values(column);
      if (values.kind === 'constant') return literalText(values.value);
      if (values.kind === 'raw') return values;
      throw new RangeError(`BUG: the forms of ${values.kind} values are not known`);
    }
  }
}

const INTEGERS = stringsOf('0', '-0');
const DECIMALS = stringsOf('0', '-0', '0.0', '-0.0');
const UUIDS = stringsOf('0-0-0-0-0');
const HEX_DIGITS = stringsOf('0');

function stringsOf(...texts: string[]): ByteStrings {
  const offsets = Uint32Array.from([0, ...texts.map((_, i) => texts.slice(0, i + 1).join('').length)]);
  return { bytes: Buffer.from(texts.join('')), offsets };
}

function literalText(bytes: Buffer): ByteStrings {
  return { bytes, offsets: Uint32Array.of(0, bytes.length) };
}
