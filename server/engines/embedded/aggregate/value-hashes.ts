/**
 * Hashes of 64 bits of the values of codes: equal for equal values, whatever encodings they come from, and practically
 * never for different ones. A UUID is hashed by its 16 bytes, which its column has.
 */
import { isDigit } from '../../../../shared/ascii.ts';
import type { Uuids } from '../../../../shared/row-group/encodings/column-values.ts';
import {
  pairOf,
  UUID_BYTES,
  UUID_PACKED_BYTES,
  VERSION_MIXED,
} from '../../../../shared/row-group/encodings/uuid-short.ts';
import { looksLikeUuid, parseUuid, unpackUuid, UUID_TEXT_BYTES } from '../../../../shared/row-group/encodings/uuid.ts';
import type { Texts } from './texts.ts';
import type { Lend } from './dimension.ts';
import { type ValueKeys, valueText } from './value-keys.ts';

/** By place: both halves of a hash; both are 0 where there is no value, or it is empty. */
export interface ValueHashes {
  readonly high: Int32Array;
  readonly low: Int32Array;
}

/** @param codes  ascending. @param lend  memory for the hashes */
export function hashValues(texts: Texts, codes: Uint32Array, keys: ValueKeys, lend: Lend): ValueHashes {
  const hashes = { high: signed(lend(codes.length).fill(0)), low: signed(lend(codes.length).fill(0)) };
  for (let at = 0; at < codes.length;) {
    const uuids = texts.uuidsAt(codes[at]!);
    let end = at + 1;
    const limit = uuids === undefined ? texts.nextUuids(codes[at]!) : uuids.base + uuids.values.count;
    while (end < codes.length && codes[end]! < limit) end++;
    const own = codes.subarray(at, end);
    const ownHashes = { high: hashes.high.subarray(at, end), low: hashes.low.subarray(at, end) };
    if (uuids === undefined) texts.forEachKeys(own, keys, (from) => hashKeys(keys, from, ownHashes));
    else hashUuids(uuids.values, own, uuids.base, ownHashes);
    at = end;
  }
  return hashes;
}

function signed({ buffer, byteOffset, length }: Uint32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

const uuid = new Uint8Array(UUID_BYTES);

function hashUuids(uuids: Uuids, codes: Uint32Array, base: number, hashes: ValueHashes): void {
  if (uuids.version !== VERSION_MIXED) return hashShortUuids(uuids, codes, base, hashes);
  for (let i = 0; i < codes.length; i++) {
    unpackUuid(uuids, codes[i]! - base, uuid, 0);
    setUuid(i, hashes);
  }
}

/** The same straight from the short form (encodings/uuid-short.ts). */
function hashShortUuids(
  { version, packed, pairs, places }: Uuids,
  codes: Uint32Array,
  base: number,
  { high, low }: ValueHashes,
): void {
  for (let i = 0; i < codes.length; i++) {
    const place = places === undefined ? codes[i]! - base : places[codes[i]! - base]!;
    const p = place * UUID_PACKED_BYTES;
    const mixed = packed[p + 14]!;
    const byte6 = (version << 4) | (mixed >>> 4);
    const byte8 = 0x80 | ((mixed & 0x0f) << 2) | pairOf(pairs, place);
    const a = packed[p]! | (packed[p + 1]! << 8) | (packed[p + 2]! << 16) | (packed[p + 3]! << 24);
    const b = packed[p + 4]! | (packed[p + 5]! << 8) | (byte6 << 16) | (packed[p + 6]! << 24);
    const c = byte8 | (packed[p + 7]! << 8) | (packed[p + 8]! << 16) | (packed[p + 9]! << 24);
    const d = packed[p + 10]! | (packed[p + 11]! << 8) | (packed[p + 12]! << 16) | (packed[p + 13]! << 24);
    high[i] = hashOfWords(HIGH_SEED, a, b, c, d);
    low[i] = hashOfWords(LOW_SEED, d, c, b, a);
  }
}

/** Sets the hash of `uuid`. */
function setUuid(at: number, { high, low }: ValueHashes): void {
  const a = uuid[0]! | (uuid[1]! << 8) | (uuid[2]! << 16) | (uuid[3]! << 24);
  const b = uuid[4]! | (uuid[5]! << 8) | (uuid[6]! << 16) | (uuid[7]! << 24);
  const c = uuid[8]! | (uuid[9]! << 8) | (uuid[10]! << 16) | (uuid[11]! << 24);
  const d = uuid[12]! | (uuid[13]! << 8) | (uuid[14]! << 16) | (uuid[15]! << 24);
  high[at] = hashOfWords(HIGH_SEED, a, b, c, d);
  low[at] = hashOfWords(LOW_SEED, d, c, b, a);
}

function hashKeys(keys: ValueKeys, from: number, hashes: ValueHashes): void {
  const { count, textOf, numbers, textCount, bytes, offsets, textHashes } = keys;
  const lows = new Uint32Array(textCount);
  const areUuids = new Uint8Array(textCount);
  for (let text = 0; text < textCount; text++) {
    const [start, end] = [offsets[text]!, offsets[text + 1]!];
    lows[text] = hashAgain(bytes, start, end);
    areUuids[text] = mayBeUuid(bytes, start, end) ? 1 : 0;
  }
  for (let i = 0; i < count; i++) {
    const text = textOf[i]!;
    const number = numbers[i]!;
    if (areUuids[text] === 1 && readUuid(bytes.subarray(offsets[text], offsets[text + 1]), number)) {
      setUuid(from + i, hashes);
    } else if (number >= 0) {
      hashes.high[from + i] = mix(textHashes[text]!, number);
      hashes.low[from + i] = mix(lows[text]!, number);
    } else if (offsets[text] !== offsets[text + 1]) {
      hashes.high[from + i] = textHashes[text]!;
      hashes.low[from + i] = lows[text]! | 1;
    }
  }
}

const UUID_DASHES = 4;
const DASH = 0x2d;

/** The text of a key, whose number may have several digits. */
function mayBeUuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > UUID_TEXT_BYTES) return false;
  let dashes = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === DASH) dashes++;
    else if (!isDigit(byte) && (byte < 0x61 || byte > 0x66)) return false;
  }
  return dashes === UUID_DASHES;
}

/** Sets `uuid` to the value of a key; returns false when that is not a UUID. */
function readUuid(text: Buffer, number: number): boolean {
  const value = valueText(text, number);
  return looksLikeUuid(value, 0, value.length) && parseUuid(value, 0, uuid, 0);
}

const HIGH_SEED = 0x2545f491;
const LOW_SEED = 0x4f6cdd1d;

/** One-to-one for each hash: different numbers with the same text have different hashes. */
function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash, 0x9e3779b1) ^ word;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Hashes 16 bytes: what the last word is mixed with depends on each bit of the others. */
function hashOfWords(seed: number, a: number, b: number, c: number, d: number): number {
  return mix(stir(stir(stir(seed, a), b), c), d);
}

/** One-to-one for each hash and for each word, as `mix` is, but with a multiplication instead of three. */
function stir(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** A hash of bytes that is independent of hashBytes. */
function hashAgain(bytes: Uint8Array, start: number, end: number): number {
  let hash = LOW_SEED;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x5bd1e995) ^ (hash >>> 13);
  return mix(hash, end - start);
}
