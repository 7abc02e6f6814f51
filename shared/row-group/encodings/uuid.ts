/**
 * UUIDs in canonical lower-case text, as their bits.
 *
 * When all have the same version nibble and the variant bits `10`, those six bits are kept once and a UUID takes 15.25
 * bytes: fourteen whole bytes, one byte of the low nibble of byte 6 and bits 5–2 of byte 8, and two bits of byte 8 in a
 * page of their own, four UUIDs a byte. Otherwise a UUID takes its 16 bytes. Random bits do not compress and are stored
 * as they are; UUIDs of a version that begins with time are worth a try.
 *
 * Parameters:  version u8 (0–15, or 255 for the 16 byte form)
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import type { PageReader, PageWriter } from '../page.ts';
import type { ValueRefs } from '../byte-strings.ts';
import { HEX_DIGITS, HEX_VALUES } from './hex-digits.ts';

export const UUID_BYTES = 16;
export const UUID_TEXT_BYTES = 36;
const VERSION_MIXED = 255;
const VERSION_RANDOM = 4;
const DASH = 0x2d;
const PACKED_BYTES = 15;

/** True when the bytes have the length and dashes of a UUID. */
export function looksLikeUuid(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === UUID_TEXT_BYTES &&
    bytes[start + 8] === DASH &&
    bytes[start + 13] === DASH &&
    bytes[start + 18] === DASH &&
    bytes[start + 23] === DASH
  );
}

/** Reads every value into 16 bytes of `out`. Returns false at the first that is no canonical lower-case UUID. */
export function parseUuids(refs: ValueRefs, out: Uint8Array): boolean {
  const { bytes, starts, ends, count } = refs;
  for (let i = 0, to = 0; i < count; i++, to += UUID_BYTES) {
    if (!looksLikeUuid(bytes, starts[i]!, ends[i]!)) return false;
    if (!parseUuid(bytes, starts[i]!, out, to)) return false;
  }
  return true;
}

/** Reads 36 bytes of text whose dashes are known to be right into 16 bytes. */
export function parseUuid(bytes: Uint8Array, start: number, out: Uint8Array, to: number): boolean {
  let bad = 0;
  for (let at = start, k = 0; k < UUID_BYTES; k++, at += 2) {
    if (k === 4 || k === 6 || k === 8 || k === 10) at++;
    const value = (HEX_VALUES[bytes[at]!]! << 4) | HEX_VALUES[bytes[at + 1]!]!;
    out[to + k] = value;
    bad |= value;
  }
  return bad < 256;
}

/** @param uuids  16 bytes each */
export function encodeUuids(uuids: Uint8Array, count: number, parameters: ByteWriter, pages: PageWriter): void {
  const version = uuids[6]! >>> 4;
  let uniform = true;
  for (let i = 0, at = 0; i < count; i++, at += UUID_BYTES) {
    if (uuids[at + 6]! >>> 4 !== version || uuids[at + 8]! >>> 6 !== 2) {
      uniform = false;
      break;
    }
  }
  if (!uniform) {
    parameters.u8(VERSION_MIXED);
    pages.page(uuids.subarray(0, count * UUID_BYTES));
    return;
  }
  parameters.u8(version);
  const packed = pages.scratch(count * PACKED_BYTES);
  const pairs = pages.scratch((count + 3) >> 2).fill(0);
  for (let i = 0, from = 0, to = 0; i < count; i++, from += UUID_BYTES, to += PACKED_BYTES) {
    for (let k = 0; k < 6; k++) packed[to + k] = uuids[from + k]!;
    packed[to + 6] = uuids[from + 7]!;
    for (let k = 9; k < 16; k++) packed[to + k - 2] = uuids[from + k]!;
    const low = uuids[from + 8]!;
    packed[to + 14] = ((uuids[from + 6]! & 0x0f) << 4) | ((low >>> 2) & 0x0f);
    pairs[i >> 2]! |= (low & 3) << ((i & 3) * 2);
  }
  pages.page(packed, version !== VERSION_RANDOM);
  pages.page(pairs, version !== VERSION_RANDOM);
}

/** @returns 16 bytes for each value */
export function decodeUuids(parameters: ByteReader, pages: PageReader, count: number): Uint8Array {
  const version = parameters.u8();
  if (version === VERSION_MIXED) return pages.page(count * UUID_BYTES);
  const packed = pages.page(count * PACKED_BYTES);
  const pairs = pages.page((count + 3) >> 2);
  const uuids = new Uint8Array(count * UUID_BYTES);
  const versionBits = (version & 0x0f) << 4;
  for (let i = 0, to = 0, from = 0; i < count; i++, to += UUID_BYTES, from += PACKED_BYTES) {
    for (let k = 0; k < 6; k++) uuids[to + k] = packed[from + k]!;
    const mixed = packed[from + 14]!;
    uuids[to + 6] = versionBits | (mixed >>> 4);
    uuids[to + 7] = packed[from + 6]!;
    uuids[to + 8] = 0x80 | ((mixed & 0x0f) << 2) | ((pairs[i >> 2]! >>> ((i & 3) * 2)) & 3);
    for (let k = 9; k < 16; k++) uuids[to + k] = packed[from + k - 2]!;
  }
  return uuids;
}

/** Writes one UUID as text. Returns the offset after it. */
export function writeUuid(uuids: Uint8Array, index: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let k = 0, from = index * UUID_BYTES; k < UUID_BYTES; k++, from++) {
    if (k === 4 || k === 6 || k === 8 || k === 10) out[at++] = DASH;
    const value = uuids[from]!;
    out[at++] = HEX_DIGITS[value >>> 4]!;
    out[at++] = HEX_DIGITS[value & 0x0f]!;
  }
  return at;
}
