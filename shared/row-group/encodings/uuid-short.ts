/**
 * The short form of UUIDs that all have the same version nibble and the variant bits `10`: these six bits are kept once,
 * and a UUID takes 15.25 bytes: fourteen whole bytes, one byte of the low nibble of byte 6 and bits 5–2 of byte 8, and two
 * bits of byte 8 in a page of their own, four UUIDs a byte.
 */
import type { ByteWriter } from '../../bytes.ts';
import type { StoredUuids, Uuids } from './column-values.ts';
import { type PageReader, type PageWriter, fixedPicker } from '../pages/page.ts';

export const UUID_BYTES = 16;
/** Bytes of the short form, without the two bits in the page of pairs. */
export const UUID_PACKED_BYTES = 15;
/** The versions differ: 16 bytes each. */
export const VERSION_MIXED = 255;
/** Added to the version of UUIDs with repeats. */
export const VERSION_REPEATS = 16;
const VERSION_RANDOM = 4;

/** Returns the number of UUIDs in `packed`. */
export function storedCount({ version, packed }: StoredUuids): number {
  return packed.length / strideOf(version);
}

/** Returns the bytes of a UUID in `packed`. */
export function strideOf(version: number): number {
  return version === VERSION_MIXED ? UUID_BYTES : UUID_PACKED_BYTES;
}

/** Writes the 16 bytes of the UUID at a place of `packed` to `to`. */
export function unpackStored(
  { version, packed, pairs }: StoredUuids,
  place: number,
  out: Uint8Array,
  to: number,
): void {
  if (version === VERSION_MIXED) {
    for (let k = 0, from = place * UUID_BYTES; k < UUID_BYTES; k++) out[to + k] = packed[from + k]!;
    return;
  }
  const from = place * UUID_PACKED_BYTES;
  for (let k = 0; k < 6; k++) out[to + k] = packed[from + k]!;
  const mixed = packed[from + 14]!;
  out[to + 6] = (version << 4) | (mixed >>> 4);
  out[to + 7] = packed[from + 6]!;
  out[to + 8] = 0x80 | ((mixed & 0x0f) << 2) | pairOf(pairs, place);
  for (let k = 9; k < 16; k++) out[to + k] = packed[from + k - 2]!;
}

export function pairOf(pairs: Uint8Array, place: number): number {
  return (pairs[place >> 2]! >>> ((place & 3) * 2)) & 3;
}

/** The bits of the pair must be zero. */
export function setPair(pairs: Uint8Array, place: number, pair: number): void {
  pairs[place >> 2]! |= pair << ((place & 3) * 2);
}

/** Returns the short form, in scratch memory; undefined when these UUIDs have none. */
export function packUuids(uuids: Uint8Array, count: number, pages: PageWriter): Uuids | undefined {
  const version = uuids[6]! >>> 4;
  for (let i = 0, at = 0; i < count; i++, at += UUID_BYTES) {
    if (uuids[at + 6]! >>> 4 !== version || uuids[at + 8]! >>> 6 !== 2) return undefined;
  }
  const packed = pages.scratch(count * UUID_PACKED_BYTES);
  const pairs = pages.scratch((count + 3) >> 2).fill(0);
  for (let i = 0, from = 0, to = 0; i < count; i++, from += UUID_BYTES, to += UUID_PACKED_BYTES) {
    for (let k = 0; k < 6; k++) packed[to + k] = uuids[from + k]!;
    packed[to + 6] = uuids[from + 7]!;
    for (let k = 9; k < 16; k++) packed[to + k - 2] = uuids[from + k]!;
    const low = uuids[from + 8]!;
    packed[to + 14] = ((uuids[from + 6]! & 0x0f) << 4) | ((low >>> 2) & 0x0f);
    setPair(pairs, i, low & 3);
  }
  return { count, version, packed, pairs, places: undefined };
}

/** Writes UUIDs that are already in the short form. */
export function encodePackedUuids(uuids: Uuids, parameters: ByteWriter, pages: PageWriter): void {
  parameters.u8(uuids.version);
  writePages(uuids, pages);
}

/** Writes the two pages of the short form. */
export function writePages(
  { version, packed, pairs }: Pick<Uuids, 'version' | 'packed' | 'pairs'>,
  pages: PageWriter,
): void {
  pages.page(packed, version !== VERSION_RANDOM);
  pages.page(pairs, version !== VERSION_RANDOM);
}

/**
 * Reads the pages of `writePages`.
 * @throws CorruptionError
 */
export function readPages(pages: PageReader, count: number): Pick<Uuids, 'packed' | 'pairs'> {
  return { packed: pages.page(count * UUID_PACKED_BYTES), pairs: pages.page((count + 3) >> 2) };
}

/**
 * Reads the pages of `writePages`; returns the UUIDs at any number of places.
 * @throws CorruptionError
 */
export function pickPages(
  pages: PageReader,
  count: number,
): (places: ArrayLike<number>) => Pick<Uuids, 'packed' | 'pairs'> {
  const pick = fixedPicker(pages, UUID_PACKED_BYTES, count);
  const all = pages.page((count + 3) >> 2);
  return (places) => {
    const pairs = new Uint8Array((places.length + 3) >> 2);
    for (let i = 0; i < places.length; i++) setPair(pairs, i, pairOf(all, places[i]!));
    return { packed: pick(places), pairs };
  };
}
