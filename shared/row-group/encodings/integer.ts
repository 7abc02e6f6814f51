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

/** An integer chunk as it is stored. */
interface StoredIntegers {
  readonly min: number;
  readonly max: number;
  /** Of deltas: the first value, which has no digits. */
  readonly first: number | undefined;
  readonly base: number;
  readonly planes: readonly Uint8Array[];
}

function readStored(parameters: ByteReader, pages: PageReader, count: number): StoredIntegers {
  const transform = parameters.u8();
  const width = parameters.u8();
  if (transform > TRANSFORM_DELTAS || width > 7) throw new CorruptionError('an integer chunk has unknown parameters');
  const deltas = transform === TRANSFORM_DELTAS;
  const first = deltas ? parameters.signedVarint() : undefined;
  const base = parameters.signedVarint();
  const min = parameters.signedVarint();
  const max = parameters.signedVarint();
  const planes = Array.from({ length: width }, () => pages.page(deltas ? count - 1 : count));
  return { min, max, first, base, planes };
}

/** @throws CorruptionError */
export function decodeIntegers(parameters: ByteReader, pages: PageReader, count: number): Integers {
  const { min, max, first, base, planes } = readStored(parameters, pages, count);
  const skip = first === undefined ? 0 : 1;
  const narrow = min >= -HALF_WORD && max < HALF_WORD && planes.length <= 4;
  const values = narrow ? new Int32Array(count) : new Float64Array(count);
  if (base !== 0) values.fill(base, skip);
  let scale = 1;
  for (const [p, plane] of planes.entries()) {
    if (values instanceof Int32Array) addNarrowPlane(values, skip, plane, p * 8);
    else addPlane(values, skip, plane, scale);
    scale *= 256;
  }
  if (first !== undefined) {
    values[0] = first;
    if (values instanceof Int32Array) sumNarrow(values);
    else for (let i = 1, sum = first; i < count; i++) values[i] = sum += values[i]!;
  }
  return { values, min, max };
}

/** Only the values at some indices, which ascend. @throws CorruptionError */
export function pickIntegers(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  indices: ArrayLike<number>,
): Integers {
  const { min, max, first, base, planes } = readStored(parameters, pages, count);
  const values = new Float64Array(indices.length);
  if (first === undefined) {
    for (let i = 0; i < values.length; i++) values[i] = base + digitsAt(planes, indices[i]!);
    return { values, min, max };
  }
  for (let i = 0, at = 0, sum = first; i < values.length; i++) {
    for (const index = indices[i]!; at < index; at++) sum += base + digitsAt(planes, at);
    values[i] = sum;
  }
  return { values, min, max };
}

/**
 * Calls back with the index of each value that equals one of `wanted`, without decoding the others: most often one
 * byte a value is looked at.
 * @throws CorruptionError
 */
export function findIntegers(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  wanted: readonly number[],
  onFound: (index: number) => void,
): void {
  const { min, max, first, base, planes } = readStored(parameters, pages, count);
  const lowest = planes[0];
  for (const value of wanted) {
    if (value < min || value > max) continue;
    if (lowest === undefined || first !== undefined) {
      for (let i = 0, sum = first ?? base; i < count; i++) {
        if (sum === value) onFound(i);
        if (first !== undefined && i < count - 1) sum += base + digitsAt(planes, i);
      }
      continue;
    }
    const digits = value - base;
    for (let i = lowest.indexOf(digits % 256); i >= 0; i = lowest.indexOf(digits % 256, i + 1)) {
      if (planes.length === 1 || digitsAt(planes, i) === digits) onFound(i);
    }
  }
}

function digitsAt(planes: readonly Uint8Array[], index: number): number {
  let value = 0;
  let scale = 1;
  for (let plane = 0; plane < planes.length; plane++) {
    value += planes[plane]![index]! * scale;
    scale *= 256;
  }
  return value;
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
