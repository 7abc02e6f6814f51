/** Finds UUIDs by their bits: a whole one, or those whose text contains some characters. */
import type { StoredUuids, Uuids } from './column-values.ts';
import type { ByteReader } from '../../bytes.ts';
import type { PageReader } from '../pages/page.ts';
import { HEX_VALUES } from './hex-digits.ts';
import { readUuids, UUID_TEXT_BYTES } from './uuid.ts';
import { storedCount, strideOf, unpackStored, UUID_BYTES, VERSION_MIXED } from './uuid-short.ts';

const DASH = 0x2d;
/** By position in the text: index of the digit there among the 32, or −1 for a dash. */
const DIGIT_AT = Int8Array.from({ length: UUID_TEXT_BYTES }, (_, at) =>
  at === 8 || at === 13 || at === 18 || at === 23
    ? -1
    : at - (at > 23 ? 4 : at > 18 ? 3 : at > 13 ? 2 : at > 8 ? 1 : 0),
);

const unpacked = new Uint8Array(UUID_BYTES);

/**
 * Calls back with the index of each value of a chunk that equals one of some UUIDs of 16 bytes. Only the first four
 * bytes, which are the same in both forms, are compared for every value, and repeats are read only when one is found.
 * @throws CorruptionError
 */
export function findUuids(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  wanted: readonly Uint8Array[],
  onFound: (index: number) => void,
): void {
  const { stored, placesOf } = readUuids(parameters, pages, count);
  for (const uuid of wanted) {
    findStored(stored, uuid, (place) => eachValueAt(placesOf(), place, onFound));
  }
}

function findStored(stored: StoredUuids, wanted: Uint8Array, onFound: (place: number) => void): void {
  const { packed, version } = stored;
  const stride = strideOf(version);
  const [first, second, third, fourth] = wanted;
  for (let place = 0, at = 0; at < packed.length; place++, at += stride) {
    if (packed[at] !== first || packed[at + 1] !== second || packed[at + 2] !== third || packed[at + 3] !== fourth) {
      continue;
    }
    unpackStored(stored, place, unpacked, 0);
    if (unpacked.every((byte, k) => byte === wanted[k])) onFound(place);
  }
}

/** By value: 1 where its text contains the needle. Undefined when none does. */
export function matchUuidText(uuids: Uuids, needle: Uint8Array): Uint8Array | undefined {
  let matched: Uint8Array | undefined;
  for (let offset = 0; offset + needle.length <= UUID_TEXT_BYTES; offset++) {
    const bits = bitsAt(needle, offset);
    if (bits === undefined) continue;
    findBits(uuids, bits, (place) => {
      matched ??= new Uint8Array(uuids.count);
      const all = matched;
      eachValueAt(uuids.places, place, (index) => (all[index] = 1));
    });
  }
  return matched;
}

/** Bits of the 16 bytes that must have certain values. */
interface WantedBits {
  readonly masks: Uint8Array;
  readonly values: Uint8Array;
}

/** Returns the bits that the needle requires at this offset of the text; undefined when it cannot be there. */
function bitsAt(needle: Uint8Array, offset: number): WantedBits | undefined {
  const masks = new Uint8Array(UUID_BYTES);
  const values = new Uint8Array(UUID_BYTES);
  for (let i = 0; i < needle.length; i++) {
    const digit = DIGIT_AT[offset + i]!;
    const value = HEX_VALUES[needle[i]!]!;
    if (digit < 0 ? needle[i] !== DASH : value >= 16) return undefined;
    if (digit < 0) continue;
    const shift = digit % 2 === 0 ? 4 : 0;
    masks[digit >> 1]! |= 0x0f << shift;
    values[digit >> 1]! |= value << shift;
  }
  return { masks, values };
}

/** Compares one byte of each, the one with most known bits, and the others where it matches. */
function findBits(uuids: Uuids, { masks, values }: WantedBits, onFound: (place: number) => void): void {
  const { packed, version } = uuids;
  const stride = strideOf(version);
  const byte = best(masks, version);
  const mask = masks[byte]!;
  const value = values[byte]!;
  const column = version === VERSION_MIXED ? byte : packedColumn(byte);
  const count = storedCount(uuids);
  for (let place = 0, at = column; place < count; place++, at += stride) {
    if ((packed[at]! & mask) !== value) continue;
    unpackStored(uuids, place, unpacked, 0);
    if (unpacked.every((each, k) => (each & masks[k]!) === values[k])) onFound(place);
  }
}

/** Returns a byte that `packed` contains whole; with a mask of 0, which every value matches, when there is none. */
function best(masks: Uint8Array, version: number): number {
  let chosen = 0;
  for (let byte = 0; byte < UUID_BYTES; byte++) {
    const isWhole = version === VERSION_MIXED || (byte !== 6 && byte !== 8);
    if (isWhole && masks[byte]! > masks[chosen]!) chosen = byte;
  }
  return chosen;
}

/** Returns the index of a whole byte of a UUID in the short form. */
function packedColumn(byte: number): number {
  return byte < 6 ? byte : byte === 7 ? 6 : byte - 2;
}

function eachValueAt(places: Uint32Array | undefined, place: number, visit: (index: number) => void): void {
  if (places === undefined) return visit(place);
  for (let at = places.indexOf(place); at >= 0; at = places.indexOf(place, at + 1)) visit(at);
}
