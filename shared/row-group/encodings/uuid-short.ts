/**
 * The short form of UUIDs that all have the same version nibble and the variant bits `10`: these six bits are kept once,
 * and a UUID takes 15.25 bytes: fourteen whole bytes, one byte of the low nibble of byte 6 and bits 5–2 of byte 8, and two
 * bits of byte 8 in a page of their own, four UUIDs a byte.
 */
import type { ByteWriter } from '../../bytes.ts';
import type { PageReader, PageWriter } from '../page.ts';

export const UUID_BYTES = 16;
/** Of the short form, without its two bits in the page of pairs. */
export const UUID_PACKED_BYTES = 15;
/** Not all alike: 16 bytes each. */
export const VERSION_MIXED = 255;
/** Added to the version of UUIDs of which some repeat others. */
export const VERSION_REPEATS = 16;
const VERSION_RANDOM = 4;

/** UUIDs as they are stored. */
export interface Uuids {
  readonly count: number;
  /** 0 to 15, or 255 when `packed` has 16 bytes each and `pairs` is empty. */
  readonly version: number;
  readonly packed: Uint8Array;
  readonly pairs: Uint8Array;
}

/** The short form, in scratch memory; undefined when these UUIDs have none. */
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
    pairs[i >> 2]! |= (low & 3) << ((i & 3) * 2);
  }
  return { count, version, packed, pairs };
}

/** Writes UUIDs that are in the short form already. */
export function encodePackedUuids(uuids: Uuids, parameters: ByteWriter, pages: PageWriter): void {
  parameters.u8(uuids.version);
  writePages(uuids, pages);
}

/** The two pages of the short form. */
export function writePages({ version, packed, pairs }: Uuids, pages: PageWriter): void {
  pages.page(packed, version !== VERSION_RANDOM);
  pages.page(pairs, version !== VERSION_RANDOM);
}

/** What `writePages` wrote. */
export function readPages(pages: PageReader, count: number): Pick<Uuids, 'packed' | 'pairs'> {
  return { packed: pages.page(count * UUID_PACKED_BYTES), pairs: pages.page((count + 3) >> 2) };
}
