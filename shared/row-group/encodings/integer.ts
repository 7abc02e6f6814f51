/**
 * Whole numbers: frame of reference or deltas, split into byte planes.
 *
 * A *frame* stores value − base. *Deltas* store the difference to the previous value, minus base; at a *restart* the
 * value itself is a parameter and its digits are 0. The first value is a restart, and so is each fall in numbers that
 * otherwise rise, as the times of one stream after the other do. Digits are cut into planes, the lowest bytes of all
 * values first, so that high bytes, which hardly change, compress to nothing. A plane is a page of its own and is
 * stored uncompressed when it does not compress.
 *
 * Parameters:  transform u8 (0 frame, 1 deltas), width u8 (planes, 0–7), base signedVarint, min signedVarint,
 *              max signedVarint; for deltas also: restarts varint, each { values since the last one varint, value
 *              signedVarint }
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { fixedPicker, type PageReader, type PageWriter } from '../pages/page.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { IntegerArray, Integers, ValuesOf } from './column-values.ts';
import { type Encoding, mayBeNumber } from './encoding.ts';
import { ENCODING_INTEGER } from '../format.ts';
import { takeFloat64s, takeInt32s } from '../pages/part-memory.ts';

const TRANSFORM_FRAME = 0;
const TRANSFORM_DELTAS = 1;
/** Values are kept within ±2^52, so that zigzag and differences stay exact in a float64. */
const MAGNITUDE_MAX = 2 ** 52;
const DIGITS_MAX = 15;
const WORD = 2 ** 32;
const HALF_WORD = 2 ** 31;
const TOP = 2 ** 24;
/** Up to one value in 64 may be a restart; numbers with more falls count as unordered. */
const RESTARTS_SHIFT = 6;

export const INTEGER: Encoding<ValuesOf<'integer'>> = {
  id: ENCODING_INTEGER,
  alphabet: '-0123456789',
  valueBytes: 8,
  arePagesKept: false,
  arePickedCopied: true,

  encode: (column) => {
    const { refs, scratch, parameters, pages } = column;
    if (!mayBeNumber(column)) return undefined;
    const numbers = scratch.numbers(refs.count);
    if (!parseIntegers(refs, numbers)) return undefined;
    encodeIntegers(numbers, refs.count, parameters, pages);
    return { encoding: ENCODING_INTEGER };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'integer', ...decodeIntegers(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => {
    return { kind: 'integer', ...pickIntegers(parameters, pages, count, indices) };
  },
  count: ({ values }) => values.length,
  memoryBytes: ({ values }) => values.byteLength,
};

/** Writes parameters and planes. `values` are whole and within ±2^52; the array may be longer than count. */
export function encodeIntegers(values: Float64Array, count: number, parameters: ByteWriter, pages: PageWriter): void {
  const range = rangeOf(values, count);
  const { min, max } = range;
  const rising = range.falls <= count >> RESTARTS_SHIFT;
  const deltaBase = rising ? range.riseMin : range.deltaMin;
  const deltaRange = rising ? range.riseMax - range.riseMin : range.deltaMax - range.deltaMin;
  const frameWidth = bytesFor(max - min);
  const useDeltas = deltaRange < MAGNITUDE_MAX && bytesFor(deltaRange) < frameWidth;
  const width = useDeltas ? bytesFor(deltaRange) : frameWidth;
  parameters.u8(useDeltas ? TRANSFORM_DELTAS : TRANSFORM_FRAME);
  parameters.u8(width);
  parameters.signedVarint(useDeltas ? deltaBase : min);
  parameters.signedVarint(min);
  parameters.signedVarint(max);
  const planes = pages.scratch(count * width);
  if (useDeltas) {
    writeRestarts(values, count, rising, range.falls, parameters);
    splitDeltas(values, count, width, deltaBase, rising, planes);
  } else splitFrame(values, count, width, min, planes);
  for (let plane = 0; plane < width; plane++) pages.page(planes.subarray(plane * count, (plane + 1) * count));
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly deltaMin: number;
  readonly deltaMax: number;
  /** Number of values that are smaller than the previous one, and the range of the other differences. */
  readonly falls: number;
  readonly riseMin: number;
  readonly riseMax: number;
}

function rangeOf(values: Float64Array, count: number): Range {
  let min = values[0]!;
  let max = min;
  let deltaMin = 0;
  let deltaMax = 0;
  let riseMin = Infinity;
  let falls = 0;
  for (let i = 1, before = min; i < count; i++) {
    const value = values[i]!;
    const delta = value - before;
    if (value < min) min = value;
    else if (value > max) max = value;
    if (delta < 0) {
      falls++;
      if (delta < deltaMin) deltaMin = delta;
    } else {
      if (delta > deltaMax) deltaMax = delta;
      if (delta < riseMin) riseMin = delta;
    }
    before = value;
  }
  return { min, max, deltaMin, deltaMax, falls, riseMin: riseMin === Infinity ? 0 : riseMin, riseMax: deltaMax };
}

function writeRestarts(
  values: Float64Array,
  count: number,
  rising: boolean,
  falls: number,
  parameters: ByteWriter,
): void {
  parameters.varint(rising ? falls + 1 : 1);
  parameters.varint(0);
  parameters.signedVarint(values[0]!);
  if (!rising) return;
  for (let i = 1, last = 0; i < count; i++) {
    if (values[i]! >= values[i - 1]!) continue;
    parameters.varint(i - last);
    parameters.signedVarint(values[i]!);
    last = i;
  }
}

/** The parameters of an integer chunk. */
interface IntegerForm {
  readonly width: number;
  readonly min: number;
  readonly max: number;
  readonly base: number;
  /** Only for deltas; the first is at 0. */
  readonly restarts: readonly Restart[] | undefined;
}

/** A stored integer chunk. */
interface StoredIntegers extends IntegerForm {
  readonly planes: readonly Uint8Array[];
}

/** A value among deltas that is stored itself. */
interface Restart {
  readonly index: number;
  readonly value: number;
}

function readForm(parameters: ByteReader, count: number): IntegerForm {
  const transform = parameters.u8();
  const width = parameters.u8();
  if (transform > TRANSFORM_DELTAS || width > 7) throw new CorruptionError('an integer chunk has unknown parameters');
  const base = parameters.signedVarint();
  const min = parameters.signedVarint();
  const max = parameters.signedVarint();
  const restarts = transform === TRANSFORM_DELTAS ? readRestarts(parameters, count) : undefined;
  return { width, min, max, base, restarts };
}

function readPlanes(form: IntegerForm, pages: PageReader, count: number): StoredIntegers {
  // Values are made of them before another chunk is read.
  return { ...form, planes: Array.from({ length: form.width }, () => pages.passing(count)) };
}

function readStored(parameters: ByteReader, pages: PageReader, count: number): StoredIntegers {
  return readPlanes(readForm(parameters, count), pages, count);
}

function readRestarts(parameters: ByteReader, count: number): { index: number; value: number }[] {
  let index = 0;
  const restarts = Array.from({ length: parameters.count(2) }, () => {
    index += parameters.varint();
    return { index, value: parameters.signedVarint() };
  });
  if (restarts[0]?.index !== 0 || index >= count) throw new CorruptionError('deltas with impossible restarts');
  return restarts;
}

/**
 * Skips the parameters of integers.
 * @returns how many bytes of pages each number takes
 * @throws CorruptionError
 */
export function readWidth(parameters: ByteReader): number {
  const transform = parameters.u8();
  const width = parameters.u8();
  for (let field = 0; field < 3; field++) parameters.signedVarint();
  if (transform === TRANSFORM_DELTAS) readRestarts(parameters, Infinity);
  return width;
}

/** Returns the minimum and maximum of integers, from their parameters alone. */
export function readIntegerRange(parameters: ByteReader): { min: number; max: number } {
  parameters.u8();
  parameters.u8();
  parameters.signedVarint();
  return { min: parameters.signedVarint(), max: parameters.signedVarint() };
}

/** @throws CorruptionError */
export function decodeIntegers(parameters: ByteReader, pages: PageReader, count: number): Integers {
  const stored = readStored(parameters, pages, count);
  return { values: valuesOf(stored, count), min: stored.min, max: stored.max };
}

/** Number of values for each call: they stay in the nearest cache. */
const VISITED_AT_ONCE = 1024;

/**
 * Passes all values to `visit`, some at a time, in memory that is overwritten by the next ones.
 * @throws CorruptionError
 */
export function visitIntegers(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  visit: (values: Float64Array, first: number) => void,
): void {
  const { base, planes, restarts } = readStored(parameters, pages, count);
  const memory = new Float64Array(Math.min(count, VISITED_AT_ONCE));
  let sum = 0;
  let r = 0;
  for (let first = 0; first < count; first += memory.length) {
    const values = memory.subarray(0, count - first);
    const end = first + values.length;
    addPlanes(
      values,
      base,
      planes.map((plane) => plane.subarray(first, end)),
    );
    if (restarts !== undefined) ({ sum, r } = sumUpPart(values, first, restarts, sum, r));
    visit(values, first);
  }
}

/**
 * Adds each value to the previous one.
 * @param first  index of values[0]
 * @param sum  the previous value
 * @param r  index of the next restart
 */
function sumUpPart(
  values: Float64Array,
  first: number,
  restarts: readonly Restart[],
  sum: number,
  r: number,
): { sum: number; r: number } {
  for (let from = 0; from < values.length;) {
    if (restarts[r]?.index === first + from) sum = restarts[r++]!.value - values[from]!;
    const to = Math.min(values.length, (restarts[r]?.index ?? Infinity) - first);
    for (; from < to; from++) values[from] = sum += values[from]!;
  }
  return { sum, r };
}

function valuesOf({ min, max, base, planes, restarts }: StoredIntegers, count: number): IntegerArray {
  const values = min >= -HALF_WORD && max < HALF_WORD ? takeInt32s(count) : takeFloat64s(count);
  addPlanes(values, base, planes);
  if (restarts === undefined) return values;
  for (const [r, { index, value }] of restarts.entries()) {
    sumUp(values, index, restarts[r + 1]?.index ?? count, value);
  }
  return values;
}

/**
 * Decodes only the values at some indices, which ascend.
 * @throws CorruptionError
 */
export function pickIntegers(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  indices: ArrayLike<number>,
): Integers {
  const form = readForm(parameters, count);
  const { min, max, base, restarts } = form;
  const values = new Float64Array(indices.length);
  if (restarts === undefined) {
    values.fill(base);
    for (let plane = 0, scale = 1; plane < form.width; plane++, scale *= 256) {
      const digits = fixedPicker(pages, 1, count)(indices);
      for (let i = 0; i < values.length; i++) values[i]! += digits[i]! * scale;
    }
    return { values, min, max };
  }
  const { planes } = readPlanes(form, pages, count);
  for (let i = 0, r = 0, at = 0, sum = 0; i < values.length; i++) {
    const index = indices[i]!;
    for (; r < restarts.length && restarts[r]!.index <= index; r++) ({ index: at, value: sum } = restarts[r]!);
    values[i] = sum = sumFrom(sum, base, planes, at + 1, index + 1);
    at = index;
  }
  return { values, min, max };
}

/** Adds the deltas [start, end) to `sum`: plane by plane where all sums stay exact in a float64. */
function sumFrom(sum: number, base: number, planes: readonly Uint8Array[], start: number, end: number): number {
  if (planes.length > 4 || Math.abs(base) * (end - start) > MAGNITUDE_MAX) {
    for (let i = start; i < end; i++) sum += base + digitsAt(planes, i);
    return sum;
  }
  let scale = 1;
  for (const plane of planes) {
    let bytes = 0;
    for (let i = start; i < end; i++) bytes += plane[i]!;
    sum += bytes * scale;
    scale *= 256;
  }
  return sum + base * (end - start);
}

/**
 * Calls back with the index of each value that equals one of `wanted`; in a frame without decoding the others: most
 * often one byte of each value is read.
 * @throws CorruptionError
 */
export function findIntegers(
  parameters: ByteReader,
  pages: PageReader,
  count: number,
  wanted: readonly number[],
  onFound: (index: number) => void,
): void {
  const stored = readStored(parameters, pages, count);
  const { min, max, base, planes } = stored;
  const inRange = wanted.filter((value) => value >= min && value <= max);
  if (inRange.length === 0) return;
  const lowest = planes[0];
  if (stored.restarts !== undefined || lowest === undefined) {
    const values = valuesOf(stored, count);
    for (let i = 0; i < count; i++) if (inRange.includes(values[i]!)) onFound(i);
    return;
  }
  for (const value of inRange) {
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

/**
 * Decodes codes and flags, which are small: integers of 8 or 16 bits.
 * @throws CorruptionError
 */
export function decodeSmallIntegers<T extends Uint8Array | Uint16Array>(
  parameters: ByteReader,
  pages: PageReader,
  out: T,
): T {
  return smallIntegersOf(readStored(parameters, pages, out.length), out);
}

function smallIntegersOf<T extends Uint8Array | Uint16Array>(stored: StoredIntegers, out: T): T {
  const { min, max, base, planes, restarts } = stored;
  if (min < 0 || max >= 2 ** (out.BYTES_PER_ELEMENT * 8)) throw new CorruptionError('a code is out of range');
  // Mostly they are all equal, or exactly the bytes of a page.
  if (restarts === undefined && planes.length === 0) out.fill(base);
  else if (restarts === undefined && base === 0 && planes.length === 1) out.set(planes[0]!);
  else out.set(valuesOf(stored, out.length));
  return out;
}

export type SmallCodes = Uint8Array | Uint16Array;

/** Grows with the largest row group. */
let passingCodes = new Uint16Array(0);

/**
 * Does the same in memory that the next ones overwrite: mostly the page itself.
 * @throws CorruptionError
 */
export function passingSmallIntegers(parameters: ByteReader, pages: PageReader, count: number): SmallCodes {
  const form = readForm(parameters, count);
  if (form.restarts === undefined && form.base === 0 && form.width === 1) return pages.passing(count);
  if (passingCodes.length < count) passingCodes = new Uint16Array(count);
  return smallIntegersOf(readPlanes(form, pages, count), passingCodes.subarray(0, count));
}

/**
 * Parses canonical decimal text ("0", "-17", no leading zero, at most 15 digits) of every value into `out`.
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
  const end = at + digitCount(rest);
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

/** @param number  not below zero */
export function digitCount(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits++;
  return digits;
}

/** Returns the number of bytes that hold every whole number from 0 to range. */
function bytesFor(range: number): number {
  let width = 0;
  for (let limit = 1; limit <= range; limit *= 256) width++;
  return width;
}

function splitFrame(values: Float64Array, count: number, width: number, base: number, planes: Uint8Array): void {
  for (let i = 0; i < count; i++) split(values[i]! - base, i, count, width, planes);
}

/** At restarts the digits are 0. */
function splitDeltas(
  values: Float64Array,
  count: number,
  width: number,
  base: number,
  rising: boolean,
  planes: Uint8Array,
): void {
  split(0, 0, count, width, planes);
  for (let i = 1, before = values[0]!; i < count; i++) {
    const value = values[i]!;
    split(rising && value < before ? 0 : value - before - base, i, count, width, planes);
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

/** Sets values[i] = base + the bytes of the planes at i. */
function addPlanes(values: IntegerArray, base: number, planes: readonly Uint8Array[]): void {
  if (planes.length <= 2) return addTwoPlanes(values, base, planes);
  const { low, high } = fourPlanes(planes, values.length);
  const [p0, p1, p2, p3] = low;
  for (let i = 0; i < values.length; i++) {
    values[i] = base + (p0[i]! | (p1[i]! << 8) | (p2[i]! << 16)) + p3[i]! * TOP;
  }
  let scale = WORD;
  for (const plane of high) {
    for (let i = 0; i < values.length; i++) values[i]! += plane[i]! * scale;
    scale *= 256;
  }
}

/** Does the same for most numbers, which are small: statuses, durations, distances of times. */
function addTwoPlanes(values: IntegerArray, base: number, [low, high]: readonly Uint8Array[]): void {
  if (low === undefined) values.fill(base);
  else if (high === undefined) for (let i = 0; i < values.length; i++) values[i] = base + low[i]!;
  else for (let i = 0; i < values.length; i++) values[i] = base + (low[i]! | (high[i]! << 8));
}

/** From a restart to the next one: adds each value to the previous one. */
function sumUp(values: IntegerArray, start: number, end: number, first: number): void {
  let sum = first;
  values[start] = sum;
  for (let i = start + 1; i < end; i++) values[i] = sum += values[i]!;
}

/**
 * Returns the four lowest planes, zeros where there are fewer, so that one loop serves all widths; and the planes
 * above.
 */
function fourPlanes(
  planes: readonly Uint8Array[],
  count: number,
): { low: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]; high: readonly Uint8Array[] } {
  const zeros = planes.length < 4 ? zerosOf(count) : planes[0]!;
  const [p0 = zeros, p1 = zeros, p2 = zeros, p3 = zeros] = planes;
  return { low: [p0, p1, p2, p3], high: planes.slice(4) };
}

/** Grows with the largest column. */
let zerosMemory = new Uint8Array(0);

function zerosOf(count: number): Uint8Array {
  if (zerosMemory.length < count) zerosMemory = new Uint8Array(count);
  return zerosMemory;
}
