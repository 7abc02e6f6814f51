/**
 * UUIDs with repeats: each distinct one once, and a reference for each repeat. The id of a request is in the lines of
 * all containers that worked on it, and these are in one row group when their times are near.
 *
 * Parameters:  version u8 + 16, distinct varint, then those of the repeats' numbers (integers)
 * Pages:       the distinct UUIDs in the short form; a bit for each value, 1 for a repeat (value i: bit i mod 8 of byte
 *              i / 8); the numbers: for each repeat, how many distinct UUIDs came before the one that it repeats
 */
import type { StoredUuids, Uuids } from './column-values.ts';
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import { takeUint32s } from '../pages/part-memory.ts';
import { decodeIntegers, encodeIntegers, pickIntegers } from './integer.ts';
import {
  encodePackedUuids,
  pairOf,
  pickPages,
  readPages,
  setPair,
  UUID_PACKED_BYTES,
  VERSION_REPEATS,
  writePages,
} from './uuid-short.ts';

/** With fewer repeats than one in this many values, the short form is as small and quicker to read. */
const VALUES_PER_REPEAT_MAX = 32;
const NEW = -1;

/** Writes UUIDs in the short form without places, repeats only once where that pays. */
export function encodeRepeatingUuids(uuids: Uuids, parameters: ByteWriter, pages: PageWriter): void {
  const { count, version } = uuids;
  const numbers = new Float64Array(count);
  const distinct = findRepeats(uuids, numbers);
  if ((count - distinct) * VALUES_PER_REPEAT_MAX < count) return encodePackedUuids(uuids, parameters, pages);
  parameters.u8(version + VERSION_REPEATS);
  parameters.varint(distinct);
  const isRepeat = pages.scratch((count + 7) >> 3).fill(0);
  const packed = pages.scratch(distinct * UUID_PACKED_BYTES);
  const pairs = pages.scratch((distinct + 3) >> 2).fill(0);
  let repeats = 0;
  for (let i = 0, to = 0; i < count; i++) {
    if (numbers[i] === NEW) copyPacked(uuids, i, packed, pairs, to++);
    else {
      isRepeat[i >> 3]! |= 1 << (i & 7);
      numbers[repeats++] = numbers[i]!;
    }
  }
  writePages({ version, packed, pairs }, pages);
  pages.page(isRepeat);
  encodeIntegers(numbers, repeats, parameters, pages);
}

/**
 * Returns the stored UUIDs, and on demand the place of each value among them.
 * @throws CorruptionError, also on demand
 */
export function readRepeating(
  version: number,
  parameters: ByteReader,
  pages: PageReader,
  count: number,
): { stored: StoredUuids; placesOf: () => Uint32Array } {
  const distinct = parameters.varint();
  if (distinct < 1 || distinct >= count) throw new CorruptionError(`${distinct} distinct UUIDs among ${count}`);
  const stored = { version, ...readPages(pages, distinct) };
  let places: Uint32Array | undefined;
  // A page is read once; several ids that are searched for at once share its values.
  return { stored, placesOf: () => (places ??= readPlaces(parameters, pages, count, distinct)) };
}

/** By value: its place among the distinct ones. */
function readPlaces(parameters: ByteReader, pages: PageReader, count: number, distinct: number): Uint32Array {
  const isRepeat = pages.page((count + 7) >> 3);
  const numbers = decodeIntegers(parameters, pages, count - distinct).values;
  const places = takeUint32s(count);
  for (let i = 0, next = 0, repeats = 0; i < count; i++) {
    const repeated = (isRepeat[i >> 3]! >>> (i & 7)) & 1;
    const place = repeated === 1 ? numbers[repeats++] : next++;
    if (place === undefined || place < 0 || place >= distinct) throw new CorruptionError('a repeat of no UUID');
    places[i] = place;
  }
  return places;
}

/**
 * Decodes only the values at some indices, which ascend.
 * @throws CorruptionError
 */
export function pickRepeating(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  indices: Int32Array,
): Pick<Uuids, 'packed' | 'pairs'> {
  const distinct = parameters.varint();
  if (distinct < 1 || distinct >= count) throw new CorruptionError(`${distinct} distinct UUIDs among ${count}`);
  const pick = pickPages(pages, distinct);
  const isRepeat = pages.page((count + 7) >> 3);
  const repeatsBefore = countBefore(isRepeat, indices);
  const isRepeated = (i: number): boolean => ((isRepeat[indices[i]! >> 3]! >>> (indices[i]! & 7)) & 1) === 1;
  const wanted = repeatsBefore.filter((_, i) => isRepeated(i));
  const { values: numbers } = pickIntegers(parameters, pages, count - distinct, wanted);
  let next = 0;
  const places = indices.map((index, i) => (isRepeated(i) ? numbers[next++]! : index - repeatsBefore[i]!));
  if (places.some((place) => place < 0 || place >= distinct)) throw new CorruptionError('a repeat of no UUID');
  return pick(places);
}

/** Returns the number of set bits before each of some bits, which ascend. */
function countBefore(bits: Uint8Array, indices: Int32Array): Int32Array {
  const counts = new Int32Array(indices.length);
  let count = 0;
  let byte = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    for (; byte < index >> 3; byte++) count += BITS_SET[bits[byte]!]!;
    counts[i] = count + BITS_SET[bits[byte]! & ((1 << (index & 7)) - 1)]!;
  }
  return counts;
}

const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/** Returns the same values, each in full, so that value i is UUID i of `packed`. */
export function withoutPlaces(uuids: Uuids): Uuids {
  const { count, version, places, packed: from } = uuids;
  if (places === undefined) return uuids;
  const packed = Buffer.allocUnsafe(count * UUID_PACKED_BYTES);
  const pairs = new Uint8Array((count + 3) >> 2);
  for (let i = 0; i < count;) {
    const first = places[i]!;
    const start = i;
    for (; i < count && places[i] === first + i - start; i++) setPair(pairs, i, pairOf(uuids.pairs, places[i]!));
    const run = from.subarray(first * UUID_PACKED_BYTES, (first + i - start) * UUID_PACKED_BYTES);
    packed.set(run, start * UUID_PACKED_BYTES);
  }
  return { count, version, packed, pairs, places: undefined };
}

/** Sets numbers[i] to that of the UUID which value i repeats, or NEW. Returns the number of new ones. */
function findRepeats({ count, packed, pairs }: Uuids, numbers: Float64Array): number {
  let slots = 64;
  while (slots < count * 2) slots *= 2;
  /** Slot → value + 1; by value: its number. */
  const table = new Int32Array(slots);
  const numberOf = new Int32Array(count);
  let distinct = 0;
  for (let i = 0; i < count; i++) {
    let slot = hashOf(packed, i * UUID_PACKED_BYTES) & (slots - 1);
    let known = table[slot]! - 1;
    while (known >= 0 && !isSame(packed, pairs, known, i)) {
      slot = (slot + 1) & (slots - 1);
      known = table[slot]! - 1;
    }
    if (known >= 0) numbers[i] = numberOf[known]!;
    else {
      table[slot] = i + 1;
      numberOf[i] = distinct++;
      numbers[i] = NEW;
    }
  }
  return distinct;
}

/** Hashes eight bytes at both ends: either end of a UUID may be a clock. */
function hashOf(packed: Uint8Array, at: number): number {
  const head = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16) | (packed[at + 3]! << 24);
  const tail = packed[at + 10]! | (packed[at + 11]! << 8) | (packed[at + 12]! << 16) | (packed[at + 13]! << 24);
  const mixed = Math.imul(head, 0x9e3779b1) ^ Math.imul(tail, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function isSame(packed: Uint8Array, pairs: Uint8Array, a: number, b: number): boolean {
  const from = a * UUID_PACKED_BYTES;
  const to = b * UUID_PACKED_BYTES;
  for (let k = 0; k < UUID_PACKED_BYTES; k++) if (packed[from + k] !== packed[to + k]) return false;
  return pairOf(pairs, a) === pairOf(pairs, b);
}

function copyPacked(from: Uuids, index: number, packed: Uint8Array, pairs: Uint8Array, to: number): void {
  const start = index * UUID_PACKED_BYTES;
  const target = to * UUID_PACKED_BYTES;
  for (let k = 0; k < UUID_PACKED_BYTES; k++) packed[target + k] = from.packed[start + k]!;
  setPair(pairs, to, pairOf(from.pairs, index));
}
