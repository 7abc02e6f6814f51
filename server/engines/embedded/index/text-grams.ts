/**
 * Which texts the lines of a segment's row groups may contain, see ../FORMAT.md#text-grams: a search for a text that none of
 * them has reads nothing of the segment. Lines are folded: letters are small, and each run of hexadecimal digits is one `0`, so
 * that numbers and ids, which are all different, look alike. A text is in a line only if each four bytes in a row of the
 * folded text, a *gram*, are in the folded line. Grams are known by hashes, and a text is never hidden by those of others.
 */
import { indexIn } from '../../../../shared/ascending.ts';
import type { ByteReader } from '../../../../shared/bytes.ts';
import { ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { ORDINALS_MAX } from './format.ts';

export interface TextGrams {
  /** Row groups of the segment. */
  readonly groupCount: number;
  /** Ascending, each once. */
  readonly hashes: Uint32Array;
  /** By hash: which set of row groups has the gram. */
  readonly sets: Uint32Array;
  /** One bit for each row group; sets of equal size, end to end. */
  readonly bits: Uint8Array;
  /** Ordinals of the row groups that may have any text. */
  readonly unlisted: readonly number[];
}

/** Grams have no zero byte: this stands for it. */
const FOR_ZERO = 1;
const DIGITS = 0x30;

/** By byte. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isHexLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66;
  if (isDigit || isHexLetter) return DIGITS;
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  return byte === 0 ? FOR_ZERO : byte;
});

/**
 * The last bytes of a folded text, at most three, as one number; 0 before the text begins. With the next byte, they are a gram.
 */
export type Ending = number;

/** An ending of three bytes, which a further one completes to a gram. */
export const FULL_ENDING_MIN: Ending = 0x1_00_00;

/** Returns the byte as it is in a folded text after this ending; 0 where it goes on with the run of digits that this ends with. */
export function foldedAfter(ending: Ending, byte: number): number {
  const folded = FOLDED[byte]!;
  return folded === DIGITS && (ending & 0xff) === DIGITS ? 0 : folded;
}

/** @param folded  see foldedAfter */
export function endingAfter(ending: Ending, folded: number): Ending {
  return folded === 0 ? ending : ((ending << 8) | folded) & 0xff_ff_ff;
}

/** Returns the hash of a gram, 24 bits. @param ending  a full one */
export function gramHash(ending: Ending, folded: number): number {
  return Math.imul((ending << 8) | folded, 0x9e3779b1) >>> 8;
}

/** Returns the hashes of the grams of a text, each once. */
export function gramsOf(text: Uint8Array): number[] {
  const hashes = new Set<number>();
  let ending: Ending = 0;
  for (const byte of text) {
    const folded = foldedAfter(ending, byte);
    if (folded !== 0 && ending >= FULL_ENDING_MIN) hashes.add(gramHash(ending, folded));
    ending = endingAfter(ending, folded);
  }
  return [...hashes];
}

/** Returns the ordinals of the row groups that may hold a text with all these grams. */
export function groupsWithGrams(grams: TextGrams, hashes: readonly number[]): Uint32Array {
  const { groupCount, unlisted } = grams;
  const width = setBytes(groupCount);
  const left = new Uint8Array(width).fill(0xff);
  for (const hash of hashes) {
    const at = indexIn(grams.hashes, hash);
    if (at < 0) {
      left.fill(0);
      break;
    }
    const from = grams.sets[at]! * width;
    for (let i = 0; i < width; i++) left[i]! &= grams.bits[from + i]!;
  }
  for (const ordinal of unlisted) left[ordinal >> 3]! |= 1 << (ordinal & 7);
  const ordinals: number[] = [];
  for (let ordinal = 0; ordinal < groupCount; ordinal++) {
    if ((left[ordinal >> 3]! & (1 << (ordinal & 7))) !== 0) ordinals.push(ordinal);
  }
  return Uint32Array.from(ordinals);
}

export function setBytes(groupCount: number): number {
  return Math.ceil(groupCount / 8);
}

export function memoryBytesOf({ hashes, sets, bits }: TextGrams): number {
  return hashes.byteLength + sets.byteLength + bits.byteLength;
}

export function encodeTextGrams({ groupCount, hashes, sets, bits, unlisted }: TextGrams): Buffer {
  const writer = new ByteWriter();
  writer.varint(groupCount);
  writer.varint(unlisted.length);
  for (const ordinal of unlisted) writer.varint(ordinal);
  writer.sized(bits);
  writer.varint(hashes.length);
  let before = 0;
  for (let i = 0; i < hashes.length; i++) {
    writer.varint(hashes[i]! - before);
    writer.varint(sets[i]!);
    before = hashes[i]!;
  }
  return writer.finish();
}

/** @throws CorruptionError */
export function decodeTextGrams(reader: ByteReader): TextGrams {
  const groupCount = reader.varint();
  const unlisted = Array.from({ length: reader.count() }, () => reader.varint());
  const bits = Uint8Array.from(reader.sized());
  const count = reader.count(2);
  const hashes = new Uint32Array(count);
  const sets = new Uint32Array(count);
  let hash = 0;
  let setMax = -1;
  let areAscending = true;
  for (let i = 0; i < count; i++) {
    const distance = reader.varint();
    if (i > 0 && distance === 0) areAscending = false;
    hashes[i] = hash += distance;
    sets[i] = reader.varint();
    setMax = Math.max(setMax, sets[i]!);
  }
  reader.expectEnd();
  const isWithin = unlisted.every((ordinal, i) => ordinal < groupCount && ordinal > (unlisted[i - 1] ?? -1));
  if (
    groupCount > ORDINALS_MAX ||
    !areAscending ||
    hash >= 2 ** 24 ||
    !isWithin ||
    bits.length < (setMax + 1) * setBytes(groupCount)
  ) {
    throw new CorruptionError('the text grams are not in order');
  }
  return { groupCount, hashes, sets, bits, unlisted };
}
