/**
 * Decimal fractions as text ("12.5", "0.031", "3"): the digits as an integer, and the number of digits after the point.
 * Text in any other form (exponents, "-0", leading zeros, more than 15 digits) does not suit this encoding.
 *
 * If the number of digits after the point differs, but only because trailing zeros are omitted, as in the shortest form
 * that Go and JavaScript write, it follows from the numbers: all are stored with the same number of digits after the
 * point, and trailing zeros are not part of the text.
 *
 * Parameters:  scale u8 (digits after the point; 255 when they differ: then a page has them, u8 each; 254 for the
 *              shortest form: then a u8 has the number of digits after the point in the integers),
 *              min f64, max f64, then the mantissas as integers
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { DecodedDecimals, Decimals, IntegerArray, ValuesOf } from './column-values.ts';
import { type Encoding, mayBeNumber } from './encoding.ts';
import { ENCODING_DECIMAL } from '../format.ts';
import { decodeIntegers, encodeIntegers, pickIntegers, writeInteger } from './integer.ts';

const SCALE_MIXED = 255;
const SCALE_SHORTEST = 254;
const DIGITS_MAX = 15;
export const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

export const DECIMAL: Encoding<ValuesOf<'decimal'>> = {
  id: ENCODING_DECIMAL,
  alphabet: '-.0123456789',
  valueBytes: 9,
  arePagesKept: false,
  arePickedCopied: true,

  encode: (column) => {
    const { refs, scratch, parameters, pages } = column;
    if (!mayBeNumber(column)) return undefined;
    const mantissas = scratch.numbers(refs.count);
    const scales = scratch.small(refs.count);
    if (!parseDecimals(refs, mantissas, scales)) return undefined;
    encodeDecimals(mantissas, scales, refs.count, parameters, pages);
    return { encoding: ENCODING_DECIMAL };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'decimal', ...decodeDecimals(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => {
    return { kind: 'decimal', ...pickDecimals(parameters, pages, count, indices) };
  },
  count: ({ mantissas }) => mantissas.length,
  memoryBytes: ({ mantissas, scale }) => mantissas.byteLength + (typeof scale === 'number' ? 0 : scale.length),
};

/** Parses every value. Returns false at the first that would not be written back unchanged. */
function parseDecimals(refs: ValueRefs, mantissas: Float64Array, scales: Uint8Array): boolean {
  const { bytes, starts, ends, count } = refs;
  for (let i = 0; i < count; i++) {
    let at = starts[i]!;
    const end = ends[i]!;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    const first = at;
    let point = -1;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit >= 0 && digit <= 9) value = value * 10 + digit;
      else if (digit === -2 && point < 0) point = at;
      else return false;
    }
    const whole = (point < 0 ? end : point) - first;
    const scale = point < 0 ? 0 : end - point - 1;
    if (whole < 1 || whole + scale > DIGITS_MAX || (point >= 0 && scale === 0)) return false;
    if (whole > 1 && bytes[first] === 0x30) return false;
    if (negative && value === 0) return false;
    mantissas[i] = negative ? -value : value;
    scales[i] = scale;
  }
  return true;
}

export function encodeDecimals(
  mantissas: Float64Array,
  scales: Uint8Array,
  count: number,
  parameters: ByteWriter,
  pages: PageWriter,
): void {
  const scale = scales[0]!;
  let mixed = false;
  let scaleMax = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    if (scales[i] !== scale) mixed = true;
    if (scales[i]! > scaleMax) scaleMax = scales[i]!;
    const value = mantissas[i]! / POWERS_OF_TEN[scales[i]!]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const isShortest = mixed && scaleUp(mantissas, scales, count, scaleMax);
  parameters.u8(isShortest ? SCALE_SHORTEST : mixed ? SCALE_MIXED : scale);
  if (isShortest) parameters.u8(scaleMax);
  parameters.f64(min);
  parameters.f64(max);
  if (mixed && !isShortest) {
    const page = pages.scratch(count);
    page.set(scales.subarray(0, count));
    pages.page(page);
  }
  encodeIntegers(mantissas, count, parameters, pages);
}

/**
 * Gives all mantissas the same scale, in place; returns false, and changes nothing, when the text would not follow from
 * them.
 */
function scaleUp(mantissas: Float64Array, scales: Uint8Array, count: number, scaleMax: number): boolean {
  for (let i = 0; i < count; i++) {
    const mantissa = mantissas[i]!;
    const scale = scales[i]!;
    if (scale > 0 && mantissa % 10 === 0) return false;
    if (Math.abs(mantissa) >= POWERS_OF_TEN[DIGITS_MAX - scaleMax + scale]!) return false;
  }
  for (let i = 0; i < count; i++) mantissas[i]! *= POWERS_OF_TEN[scaleMax - scales[i]!]!;
  return true;
}

/** Mantissas and scales as the texts have them: what `scaleUp` did, undone. */
export function writtenDecimals({ mantissas, scale, isShortest }: Decimals): {
  readonly mantissas: IntegerArray;
  readonly scales: Uint8Array;
} {
  if (typeof scale !== 'number') return { mantissas, scales: scale };
  const scales = new Uint8Array(mantissas.length).fill(scale);
  if (!isShortest) return { mantissas, scales };
  const written = mantissas.slice();
  for (let i = 0; i < written.length; i++) {
    for (; scales[i]! > 0 && written[i]! % 10 === 0; scales[i]!--) written[i]! /= 10;
  }
  return { mantissas: written, scales };
}

/** The numbers themselves. @param numbers  as many: to be overwritten */
export function decimalNumbers({ mantissas, scale }: Decimals, numbers: Float64Array): Float64Array {
  if (typeof scale === 'number') {
    const power = POWERS_OF_TEN[scale]!;
    for (let i = 0; i < numbers.length; i++) numbers[i] = mantissas[i]! / power;
  } else for (let i = 0; i < numbers.length; i++) numbers[i] = mantissas[i]! / POWERS_OF_TEN[scale[i]!]!;
  return numbers;
}

/** @throws CorruptionError */
function decodeDecimals(parameters: ByteReader, pages: PageReader, count: number): DecodedDecimals {
  const { scale, ...stored } = readScales(parameters, pages, count);
  // Pages are not kept.
  const own = typeof scale === 'number' ? scale : Uint8Array.from(scale);
  return { ...stored, scale: own, mantissas: decodeIntegers(parameters, pages, count).values };
}

/**
 * Decodes only the values at some indices, which ascend.
 * @throws CorruptionError
 */
function pickDecimals(parameters: ByteReader, pages: PageReader, count: number, indices: Int32Array): DecodedDecimals {
  const { scale, ...stored } = readScales(parameters, pages, count);
  const { values } = pickIntegers(parameters, pages, count, indices);
  const picked = typeof scale === 'number' ? scale : Uint8Array.from(indices, (index) => scale[index]!);
  return { ...stored, scale: picked, mantissas: values };
}

function readScales(parameters: ByteReader, pages: PageReader, count: number): Omit<DecodedDecimals, 'mantissas'> {
  const first = parameters.u8();
  const isShortest = first === SCALE_SHORTEST;
  const scaleMax = isShortest ? parameters.u8() : first;
  const min = parameters.f64();
  const max = parameters.f64();
  const scale = first === SCALE_MIXED ? pages.page(count) : scaleMax;
  if (typeof scale === 'number' ? scale > DIGITS_MAX : scale.some((each) => each > DIGITS_MAX)) {
    throw new CorruptionError('a decimal has more than 15 digits after the point');
  }
  return { min, max, scale, isShortest };
}

/** Returns the minimum and maximum of decimals, from their parameters alone. */
export function readDecimalRange(parameters: ByteReader): { min: number; max: number } {
  if (parameters.u8() === SCALE_SHORTEST) parameters.u8();
  return { min: parameters.f64(), max: parameters.f64() };
}

/** Writes one value as text. Returns the offset after it. */
export function writeDecimal(decimals: Decimals, index: number, out: Uint8Array, start: number): number {
  let scale = typeof decimals.scale === 'number' ? decimals.scale : decimals.scale[index]!;
  let mantissa = decimals.mantissas[index]!;
  if (decimals.isShortest) for (; scale > 0 && mantissa % 10 === 0; scale--) mantissa /= 10;
  if (scale === 0) return writeInteger(mantissa, out, start);
  let at = start;
  if (mantissa < 0) {
    out[at++] = 0x2d;
    mantissa = -mantissa;
  }
  const power = POWERS_OF_TEN[scale]!;
  const whole = Math.floor(mantissa / power);
  at = writeInteger(whole, out, at);
  out[at] = 0x2e;
  let rest = mantissa - whole * power;
  for (let digit = at + scale; digit > at; digit--) {
    const quotient = Math.floor(rest / 10);
    out[digit] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  return at + 1 + scale;
}
