/**
 * Decimal fractions as they were written ("12.5", "0.031", "3"): the digits as an integer, and how many of them stand
 * behind the point. Text in any other form (exponents, "-0", leading zeros, more than 15 digits) is not of this encoding.
 *
 * Parameters:  scale u8 (digits behind the point, or 255 when they differ: then a page has them, u8 each),
 *              min f64, max f64, then the mantissas as integers
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { PageReader, PageWriter } from '../page.ts';
import type { ValueRefs } from '../byte-strings.ts';
import { decodeIntegers, encodeIntegers, pickIntegers, writeInteger } from './integer.ts';
import type { IntegerArray } from './integer.ts';

const SCALE_MIXED = 255;
const DIGITS_MAX = 15;
export const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

export interface Decimals {
  readonly mantissas: IntegerArray;
  readonly scales: Uint8Array;
}

/** Reads every value. Returns false at the first that would not be written back as it stands. */
export function parseDecimals(refs: ValueRefs, mantissas: Float64Array, scales: Uint8Array): boolean {
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
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    if (scales[i] !== scale) mixed = true;
    const value = mantissas[i]! / POWERS_OF_TEN[scales[i]!]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  parameters.u8(mixed ? SCALE_MIXED : scale);
  parameters.f64(min);
  parameters.f64(max);
  if (mixed) {
    const page = pages.scratch(count);
    page.set(scales.subarray(0, count));
    pages.page(page);
  }
  encodeIntegers(mantissas, count, parameters, pages);
}

export type DecodedDecimals = Decimals & { readonly min: number; readonly max: number };

/** @throws CorruptionError */
export function decodeDecimals(parameters: ByteReader, pages: PageReader, count: number): DecodedDecimals {
  const { min, max, scales } = readScales(parameters, pages, count);
  return { mantissas: decodeIntegers(parameters, pages, count).values, scales, min, max };
}

/** Only the values at some indices, which ascend. @throws CorruptionError */
export function pickDecimals(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  indices: Int32Array,
): DecodedDecimals {
  const { min, max, scales } = readScales(parameters, pages, count);
  const { values } = pickIntegers(parameters, pages, count, indices);
  return { mantissas: values, scales: Uint8Array.from(indices, (index) => scales[index]!), min, max };
}

function readScales(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
): { scales: Uint8Array; min: number; max: number } {
  const scale = parameters.u8();
  const min = parameters.f64();
  const max = parameters.f64();
  const scales = scale === SCALE_MIXED ? pages.page(count) : new Uint8Array(count).fill(scale);
  for (let i = 0; i < count; i++) {
    if (scales[i]! > DIGITS_MAX) throw new CorruptionError('a decimal has more than 15 digits behind the point');
  }
  return { scales, min, max };
}

/** Writes one value as text. Returns the offset after it. */
export function writeDecimal(decimals: Decimals, index: number, out: Uint8Array, start: number): number {
  const scale = decimals.scales[index]!;
  let mantissa = decimals.mantissas[index]!;
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
