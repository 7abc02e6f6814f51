/**
 * Lower-case hexadecimal text of one even length (trace ids, digests), as bytes.
 *
 * Parameters:  width varint (bytes a value)
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { type PageReader, type PageWriter, fixedPicker } from '../pages/page.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { HexValues, ValuesOf } from './column-values.ts';
import { type Encoding, isText } from './encoding.ts';
import { ENCODING_HEX } from '../format.ts';
import { HEX_DIGITS, HEX_VALUES } from './hex-digits.ts';

/** A dictionary is as good for shorter values. */
const WIDTH_BYTES_MIN = 4;
const WIDTH_BYTES_MAX = 64;

export const HEX: Encoding<ValuesOf<'hex'>> = {
  id: ENCODING_HEX,
  alphabet: '0123456789abcdef',
  valueBytes: 0,
  arePagesKept: true,
  arePickedCopied: true,

  encode: ({ refs, kind, parameters, pages }) => {
    const values = isText(kind) ? parseHex(refs, pages) : undefined;
    if (values === undefined) return undefined;
    encodeHex(values, parameters, pages);
    return { encoding: ENCODING_HEX };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'hex', ...decodeHex(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => ({ kind: 'hex', ...pickHex(parameters, pages, count, indices) }),
  count: ({ bytes, width }) => bytes.length / width,
  memoryBytes: ({ bytes }) => bytes.length,
};

/** @returns undefined unless every value is hexadecimal and as long as the first */
function parseHex(refs: ValueRefs, pages: PageWriter): HexValues | undefined {
  const { bytes, starts, ends, count } = refs;
  const digits = ends[0]! - starts[0]!;
  const width = digits >> 1;
  if (digits % 2 === 1 || width < WIDTH_BYTES_MIN || width > WIDTH_BYTES_MAX) return undefined;
  if (!isHex(bytes, starts[0]!, ends[0]!)) return undefined;
  const out = pages.scratch(count * width);
  for (let i = 0, to = 0; i < count; i++) {
    let at = starts[i]!;
    if (ends[i]! - at !== digits) return undefined;
    let bad = 0;
    for (let k = 0; k < width; k++, at += 2) {
      const value = (HEX_VALUES[bytes[at]!]! << 4) | HEX_VALUES[bytes[at + 1]!]!;
      out[to++] = value;
      bad |= value;
    }
    if (bad >= 256) return undefined;
  }
  return { width, bytes: out };
}

export function encodeHex(values: HexValues, parameters: ByteWriter, pages: PageWriter): void {
  parameters.varint(values.width);
  pages.page(values.bytes);
}

function decodeHex(parameters: ByteReader, pages: PageReader, count: number): HexValues {
  const width = widthOf(parameters);
  return { width, bytes: pages.page(count * width) };
}

/**
 * Decodes only the values at some indices.
 * @throws CorruptionError
 */
function pickHex(parameters: ByteReader, pages: PageReader, count: number, indices: Int32Array): HexValues {
  const width = widthOf(parameters);
  return { width, bytes: fixedPicker(pages, width, count)(indices) };
}

function widthOf(parameters: ByteReader): number {
  const width = parameters.varint();
  if (width < 1 || width > WIDTH_BYTES_MAX) throw new CorruptionError(`a hex chunk has values of ${width} bytes`);
  return width;
}

/** Writes one value as text. Returns the offset after it. */
export function writeHex(values: HexValues, index: number, out: Uint8Array, start: number): number {
  let at = start;
  const { width, bytes } = values;
  for (let from = index * width, end = from + width; from < end; from++) {
    out[at++] = HEX_DIGITS[bytes[from]! >>> 4]!;
    out[at++] = HEX_DIGITS[bytes[from]! & 0x0f]!;
  }
  return at;
}

function isHex(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (HEX_VALUES[bytes[at]!]! >= 16) return false;
  return true;
}
