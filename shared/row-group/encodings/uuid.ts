/**
 * UUIDs in canonical lower-case text, as their bits.
 *
 * When all have the same version nibble and the variant bits `10`, a UUID takes 15.25 bytes (uuid-short.ts), otherwise
 * 16. Random bits do not compress and are stored uncompressed; UUIDs of a version that begins with time may compress.
 *
 * Ids that several lines mention may be stored once (uuid-repeats.ts).
 *
 * Parameters:  version u8 (0–15, or 255 for the 16 byte form; 16–31 is version 0–15 with repeats, see there)
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { type PageReader, type PageWriter, fixedPicker } from '../pages/page.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { StoredUuids, Uuids, ValuesOf } from './column-values.ts';
import { type Encoding, isText } from './encoding.ts';
import { ENCODING_UUID } from '../format.ts';
import { HEX_DIGITS, HEX_VALUES } from './hex-digits.ts';
import { pickRepeating, readRepeating } from './uuid-repeats.ts';
import {
  encodePackedUuids,
  packUuids,
  pickPages,
  readPages,
  unpackStored,
  UUID_BYTES,
  VERSION_MIXED,
  VERSION_REPEATS,
} from './uuid-short.ts';

export const UUID_TEXT_BYTES = 36;
const DASH = 0x2d;

export const UUID: Encoding<ValuesOf<'uuid'>> = {
  id: ENCODING_UUID,
  alphabet: '-0123456789abcdef',
  valueBytes: 4,
  arePagesKept: true,
  arePickedCopied: true,

  encode: ({ refs, kind, parameters, pages }) => {
    if (!isText(kind) || !looksLikeUuid(refs.bytes, refs.starts[0]!, refs.ends[0]!)) return undefined;
    const uuids = pages.scratch(refs.count * UUID_BYTES);
    if (!parseUuids(refs, uuids)) return undefined;
    encodeUuids(uuids, refs.count, parameters, pages);
    return { encoding: ENCODING_UUID };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'uuid', ...decodeUuids(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => ({ kind: 'uuid', ...pickUuids(parameters, pages, count, indices) }),
  count: ({ count }) => count,
  memoryBytes: ({ packed, pairs, places }) => packed.length + pairs.length + (places?.byteLength ?? 0),
};

/** Whether the bytes have the length and dashes of a UUID. */
export function looksLikeUuid(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === UUID_TEXT_BYTES &&
    bytes[start + 8] === DASH &&
    bytes[start + 13] === DASH &&
    bytes[start + 18] === DASH &&
    bytes[start + 23] === DASH
  );
}

/** Parses every value into 16 bytes of `out`. Returns false at the first that is not a canonical lower-case UUID. */
export function parseUuids(refs: ValueRefs, out: Uint8Array): boolean {
  const { bytes, starts, ends, count } = refs;
  for (let i = 0, to = 0; i < count; i++, to += UUID_BYTES) {
    if (!looksLikeUuid(bytes, starts[i]!, ends[i]!)) return false;
    if (!parseUuid(bytes, starts[i]!, out, to)) return false;
  }
  return true;
}

/** Parses 36 bytes of text whose dashes were verified into 16 bytes. */
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
  const short = packUuids(uuids, count, pages);
  if (short !== undefined) return encodePackedUuids(short, parameters, pages);
  parameters.u8(VERSION_MIXED);
  pages.page(uuids.subarray(0, count * UUID_BYTES));
}

/** @throws CorruptionError */
export function decodeUuids(parameters: ByteReader, pages: PageReader, count: number): Uuids {
  const { stored, placesOf } = readUuids(parameters, pages, count);
  return { count, ...stored, places: placesOf() };
}

/**
 * Returns the stored UUIDs, and on demand the place of each value among them (see Uuids).
 * @throws CorruptionError, also on demand
 */
export function readUuids(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
): { stored: StoredUuids; placesOf: () => Uint32Array | undefined } {
  const version = parameters.u8();
  const placesOf = (): undefined => undefined;
  if (version === VERSION_MIXED) {
    return { stored: { version, packed: pages.page(count * UUID_BYTES), pairs: new Uint8Array(0) }, placesOf };
  }
  if (version < VERSION_REPEATS) return { stored: { version, ...readPages(pages, count) }, placesOf };
  if (version >= VERSION_REPEATS * 2) throw new CorruptionError(`UUIDs of version ${version}`);
  return readRepeating(version - VERSION_REPEATS, parameters, pages, count);
}

/**
 * Decodes only the values at some indices.
 * @throws CorruptionError
 */
function pickUuids(parameters: ByteReader, pages: PageReader, count: number, indices: Int32Array): Uuids {
  const version = parameters.u8();
  const own = { count: indices.length, places: undefined };
  if (version === VERSION_MIXED) {
    return { ...own, version, packed: fixedPicker(pages, UUID_BYTES, count)(indices), pairs: new Uint8Array(0) };
  }
  if (version < VERSION_REPEATS) return { ...own, version, ...pickPages(pages, count)(indices) };
  if (version >= VERSION_REPEATS * 2) throw new CorruptionError(`UUIDs of version ${version}`);
  return { ...own, version: version - VERSION_REPEATS, ...pickRepeating(parameters, pages, count, indices) };
}

/** Writes the 16 bytes of a value at `to`. */
export function unpackUuid(uuids: Uuids, index: number, out: Uint8Array, to: number): void {
  unpackStored(uuids, uuids.places === undefined ? index : uuids.places[index]!, out, to);
}

const unpacked = new Uint8Array(UUID_BYTES);

/** Writes one UUID as text. Returns the offset after it. */
export function writeUuid(uuids: Uuids, index: number, out: Uint8Array, start: number): number {
  unpackUuid(uuids, index, unpacked, 0);
  let at = start;
  for (let k = 0; k < UUID_BYTES; k++) {
    if (k === 4 || k === 6 || k === 8 || k === 10) out[at++] = DASH;
    const value = unpacked[k]!;
    out[at++] = HEX_DIGITS[value >>> 4]!;
    out[at++] = HEX_DIGITS[value & 0x0f]!;
  }
  return at;
}
