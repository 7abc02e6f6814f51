/**
 * Whole numbers: frame of reference or deltas, split into byte planes.
 *
 * A *frame* stores value − minimum; *deltas* store the difference to the value before, minus the smallest difference.
 * Either is cut into planes, the lowest bytes of all values first, so that high bytes, which hardly change, compress to
 * nothing. A plane is a page of its own and is stored as it is when it does not compress.
 *
 * Parameters:  transform u8 (0 frame, 1 deltas), width u8 (planes, 0–7), first signedVarint (deltas only),
 *              base signedVarint, min signedVarint, max signedVarint
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { PageReader, PageWriter } from '../page.ts';
import type { ValueRefs } from '../byte-strings.ts';

const TRANSFORM_FRAME = 0;
const TRANSFORM_DELTAS = 1;
/** Values are kept within ±2^52, so that zigzag and differences stay exact in a float64. */
const MAGNITUDE_MAX = 2 ** 52;
const DIGITS_MAX = 15;
const WORD = 2 ** 32;
const HALF_WORD = 2 ** 31;

/** Writes parameters and planes. `values` are whole and within ±2^52; the array may be longer than count. */
export function encodeIntegers(values: Float64Array, count: number, parameters: ByteWriter, pages: PageWriter): void {
  let min = values[0]!;
  let max = min;
  let deltaMin = 0;
  let deltaMax = 0;
  if (count > 1) deltaMin = deltaMax = values[1]! - min;
  for (let i = 1, before = min; i < count; i++) {
    const value = values[i]!;
    const delta = value - before;
    if (value < min) min = value;
    else if (value > max) max = value;
    if (delta < deltaMin) deltaMin = delta;
    else if (delta > deltaMax) deltaMax = delta;
    before = value;
  }
  const frameWidth = bytesFor(max - min);
  const deltaWidth = deltaMax - deltaMin < MAGNITUDE_MAX ? bytesFor(deltaMax - deltaMin) : 8;
  const useDeltas = deltaWidth < frameWidth && Math.abs(deltaMin) < MAGNITUDE_MAX;
  const width = useDeltas ? deltaWidth : frameWidth;
  parameters.u8(useDeltas ? TRANSFORM_DELTAS : TRANSFORM_FRAME);
  parameters.u8(width);
  if (useDeltas) parameters.signedVarint(values[0]!);
  parameters.signedVarint(useDeltas ? deltaMin : min);
  parameters.signedVarint(min);
  parameters.signedVarint(max);
  const stored = useDeltas ? count - 1 : count;
  const planes = pages.scratch(stored * width);
  if (useDeltas) splitDeltas(values, stored, width, deltaMin, planes);
  else splitFrame(values, stored, width, min, planes);
  for (let plane = 0; plane < width; plane++) pages.page(planes.subarray(plane * stored, (plane + 1) * stored));
}

/** Narrow where all values fit, to halve what a cache holds. */
export type IntegerArray = Float64Array | Int32Array;

export interface Integers {
  readonly values: IntegerArray;
  readonly min: number;
  readonly max: number;
}

/** @throws CorruptionError */
export function decodeIntegers(parameters: ByteReader, pages: PageReader, count: number): Integers {
  const transform = parameters.u8();
  const width = parameters.u8();
  if (transform > TRANSFORM_DELTAS || width > 7) throw new CorruptionError('an integer chunk has unknown parameters');
  const deltas = transform === TRANSFORM_DELTAS;
  const first = deltas ? parameters.signedVarint() : 0;
  const base = parameters.signedVarint();
  const min = parameters.signedVarint();
  const max = parameters.signedVarint();
  const skip = deltas ? 1 : 0;
  const narrow = min >= -HALF_WORD && max < HALF_WORD && width <= 4;
  const values = narrow ? new Int32Array(count) : new Float64Array(count);
  if (base !== 0) values.fill(base, skip);
  let scale = 1;
  for (let plane = 0; plane < width; plane++) {
    const page = pages.page(count - skip);
    if (values instanceof Int32Array) addNarrowPlane(values, skip, page, plane * 8);
    else addPlane(values, skip, page, scale);
    scale *= 256;
  }
  if (deltas) {
    values[0] = first;
    if (values instanceof Int32Array) sumNarrow(values);
    else for (let i = 1, sum = first; i < count; i++) values[i] = sum += values[i]!;
  }
  return { values, min, max };
}

/** Codes and flags, which are small: integers as bytes of 8 or 16 bits. @throws CorruptionError */
export function decodeSmallIntegers<T extends Uint8Array | Uint16Array>(
  parameters: ByteReader,
  pages: PageReader,
  out: T,
): T {
  const { values, min, max } = decodeIntegers(parameters, pages, out.length);
  if (min < 0 || max >= 2 ** (out.BYTES_PER_ELEMENT * 8)) throw new CorruptionError('a code is out of range');
  out.set(values);
  return out;
}

/**
 * Reads canonical decimal text ("0", "-17", no leading zero, at most 15 digits) of every value into `out`.
 * @returns false at the first value that is anything else
 */
export function parseIntegers(refs: ValueRefs, out: Float64Array): boolean {
  const { bytes, starts, ends, count } = refs;
  for (let i = 0; i < count; i++) {
    let at = starts[i]!;
    const end = ends[i]!;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    const digits = end - at;
    if (digits < 1 || digits > DIGITS_MAX) return false;
    if (bytes[at] === 0x30 && (digits > 1 || negative)) return false;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
    }
    out[i] = negative ? -value : value;
  }
  return true;
}

/** Writes an integer as decimal text. Returns the offset after it. */
export function writeInteger(value: number, out: Uint8Array, start: number): number {
  let at = start;
  let rest = value;
  if (rest < 0) {
    out[at++] = 0x2d;
    rest = -rest;
  }
  let digits = 1;
  for (let limit = 10; rest >= limit; limit *= 10) digits++;
  const end = at + digits;
  at = end;
  while (rest >= 1e9) {
    const quotient = Math.floor(rest / 10);
    out[--at] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  let small = rest | 0;
  do {
    const quotient = (small / 10) | 0;
    out[--at] = 0x30 + (small - quotient * 10);
    small = quotient;
  } while (small > 0);
  return end;
}

/** How many bytes hold every whole number from 0 to range. */
function bytesFor(range: number): number {
  let width = 0;
  for (let limit = 1; limit <= range; limit *= 256) width++;
  return width;
}

function splitFrame(values: Float64Array, count: number, width: number, base: number, planes: Uint8Array): void {
  for (let i = 0; i < count; i++) split(values[i]! - base, i, count, width, planes);
}

function splitDeltas(values: Float64Array, count: number, width: number, base: number, planes: Uint8Array): void {
  let before = values[0]!;
  for (let i = 0; i < count; i++) {
    const value = values[i + 1]!;
    split(value - before - base, i, count, width, planes);
    before = value;
  }
}

function split(value: number, i: number, count: number, width: number, planes: Uint8Array): void {
  let low = value >>> 0;
  let at = i;
  let plane = 0;
  for (; plane < width && plane < 4; plane++, at += count) {
    planes[at] = low & 0xff;
    low >>>= 8;
  }
  if (plane === width) return;
  let high = Math.floor(value / WORD);
  for (; plane < width; plane++, at += count) {
    planes[at] = high & 0xff;
    high >>>= 8;
  }
}

function addPlane(values: Float64Array, skip: number, plane: Uint8Array, scale: number): void {
  for (let i = 0, n = plane.length; i < n; i++) values[i + skip]! += plane[i]! * scale;
}

/** Sums wrap around at 32 bits, in deltas too; the end of each sum is in range, so it is right. */
function addNarrowPlane(values: Int32Array, skip: number, plane: Uint8Array, shift: number): void {
  for (let i = 0, n = plane.length; i < n; i++) values[i + skip] = values[i + skip]! + (plane[i]! << shift);
}

function sumNarrow(values: Int32Array): void {
  for (let i = 1, n = values.length, sum = values[0]!; i < n; i++) values[i] = sum = (sum + values[i]!) | 0;
}
