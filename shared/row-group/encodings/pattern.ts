/**
 * Texts that differ by the numbers in them (`/api/users/12345/orders`, `user:55012`): their few *patterns* as a
 * dictionary, and the numbers that were cut out of them as integers.
 *
 * A pattern is the text with a digit in the place of each number: `0` for a canonical number (no leading zero, at most
 * 15 digits), `2` to `9` for one with leading zeros and this many digits. So `job 7 took 00412 ms` is the pattern `job
 * 0 took 5 ms` and the numbers 7 and 412. Every digit of a text belongs to a number (a longer run of digits is several
 * consecutive ones), so every digit of a pattern is a placeholder, and cutting has one result: equal texts have equal
 * patterns and equal numbers.
 *
 * Numbers are stored by pattern, then by place, then in the order of the values, so that similar numbers are adjacent.
 *
 * Parameters:  those of the patterns as distinct texts, then those of the numbers as integers, if there are any
 */
import { isDigit } from '../../ascii.ts';
import { ByteReader, type ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { ByteStrings } from '../../byte-strings.ts';
import { refsOf } from '../../byte-strings.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import type { Codes, CutTexts, IntegerArray, ValuesOf } from './column-values.ts';
import type { Encoded, Encoding } from './encoding.ts';
import { ENCODING_PATTERN } from '../format.ts';
import { takeUint32s } from '../pages/part-memory.ts';
import { POWERS_OF_TEN } from './decimal.ts';
import { decodeCodes, encodeCodes } from './dictionary.ts';
import { decodeDistinctTexts, decodeTextsHere, encodeDistinctTexts, skipRawTexts } from './distinct-texts.ts';
import { decodeIntegers, encodeIntegers, pickIntegers, readWidth, writeInteger } from './integer.ts';

/** Limit for canonical numbers. */
export const NUMBER_DIGITS_MAX = 15;
/** Limit for numbers with leading zeros: their placeholder is one digit, which is their length. */
export const PADDED_DIGITS_MAX = 9;
/** Numbers of a text; with more of them it is not a pattern. Limits what a reader has to hold for a value. */
export const PLACES_MAX = 32;

const ZERO = 0x30;

export const PATTERN: Encoding<ValuesOf<'pattern'>> = {
  id: ENCODING_PATTERN,
  alphabet: undefined,
  valueBytes: 6,
  arePagesKept: true,
  arePickedCopied: false,

  encode: ({ refs, scratch, parameters, pages }) => {
    const cut = scratch.cut(refs);
    return cut && encodePatterns(cut, parameters, pages);
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'pattern', ...decodeCutTexts(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => {
    return { kind: 'pattern', ...pickCutTexts(parameters, pages, count, indices) };
  },
  count: ({ codes }) => codes.length,
  memoryBytes: ({ patterns, codes, firsts, strides, numbers }) => {
    const arrays = codes.byteLength + firsts.byteLength + strides.byteLength + numbers.byteLength;
    return patterns.bytes.length + patterns.offsets.byteLength + arrays;
  },
  numbersMax: (parameters, count, pageBytes) => {
    const here = decodeTextsHere(new ByteReader(parameters));
    if (here !== undefined) return count * Math.min(PLACES_MAX, Math.max(...placesOf(here)));
    const reader = new ByteReader(parameters);
    // Equal numbers take no bytes of a page, however many they are.
    const width = skipRawTexts(reader) && reader.remaining > 0 ? readWidth(reader) : 0;
    return Math.min(count * PLACES_MAX, width === 0 ? Infinity : pageBytes / width);
  },
};

export function encodePatterns(cut: CutTexts, parameters: ByteWriter, pages: PageWriter): Encoded {
  encodeCutTexts(cut, parameters, pages);
  return { encoding: ENCODING_PATTERN, texts: refsOf(cut.patterns) };
}

/** By pattern: the count of numbers in each of its values. */
export function placesOf({ bytes, offsets }: ByteStrings): Uint32Array {
  const places = new Uint32Array(offsets.length - 1);
  for (let code = 0; code < places.length; code++) {
    for (let at = offsets[code]!, end = offsets[code + 1]!; at < end; at++) if (isDigit(bytes[at]!)) places[code]!++;
  }
  return places;
}

/** The arrangement of the stored numbers by pattern. */
interface Blocks {
  readonly places: Uint32Array;
  /** Number of values of each pattern. */
  readonly counts: Uint32Array;
  /** By pattern: the index of its first number; one entry more for the end. */
  readonly starts: Uint32Array;
}

function blocksOf(places: Uint32Array, counts: Uint32Array): Blocks {
  const starts = new Uint32Array(places.length + 1);
  for (let code = 0; code < places.length; code++) starts[code + 1] = starts[code]! + places[code]! * counts[code]!;
  return { places, counts, starts };
}

function countsOf(codes: Codes, distinct: number): Uint32Array {
  const counts = new Uint32Array(distinct);
  for (let i = 0; i < codes.length; i++) counts[codes[i]!]!++;
  return counts;
}

/** By value: the index of its first number. */
function firstsOf({ starts }: Blocks, codes: Codes): Uint32Array {
  const next = starts.slice();
  const firsts = takeUint32s(codes.length);
  for (let i = 0; i < firsts.length; i++) firsts[i] = next[codes[i]!]!++;
  return firsts;
}

export function encodeCutTexts(texts: CutTexts, parameters: ByteWriter, pages: PageWriter): void {
  const { patterns, codes } = texts;
  const refs = refsOf(patterns);
  encodeDistinctTexts(refs, parameters, pages);
  encodeCodes(codes, codes.length, refs.count, pages);
  const places = placesOf(patterns);
  const numbers = arranged(texts, blocksOf(places, countsOf(codes, places.length)));
  if (numbers.length > 0) encodeIntegers(numbers, numbers.length, parameters, pages);
}

function arranged({ codes, firsts, strides, numbers }: CutTexts, { places, counts, starts }: Blocks): Float64Array {
  const result = new Float64Array(starts.at(-1)!);
  const next = starts.slice();
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const stride = strides[code]!;
    const count = counts[code]!;
    let to = next[code]!++;
    let from = firsts[i]!;
    for (let place = places[code]!; place > 0; place--, to += count, from += stride) result[to] = numbers[from]!;
  }
  return result;
}

/** @throws CorruptionError */
export function decodeCutTexts(parameters: ByteReader, pages: PageReader, count: number): CutTexts {
  const patterns = decodeDistinctTexts(parameters, pages);
  const places = checkedPlaces(patterns);
  const codes = decodeCodes(pages, count, places.length);
  const blocks = blocksOf(places, countsOf(codes, places.length));
  const total = blocks.starts.at(-1)!;
  const numbers = total === 0 ? new Int32Array(0) : decodeIntegers(parameters, pages, total).values;
  checkNumbers(patterns, blocks, numbers);
  return { patterns, codes, firsts: firstsOf(blocks, codes), strides: blocks.counts, numbers };
}

/**
 * Decodes only the values at some indices, which ascend.
 * @throws CorruptionError
 */
export function pickCutTexts(parameters: ByteReader, pages: PageReader, count: number, indices: Int32Array): CutTexts {
  const patterns = decodeDistinctTexts(parameters, pages);
  const places = checkedPlaces(patterns);
  const { codes, ranks, counts } = pickRanks(decodeCodes(pages, count, places.length, true), places.length, indices);
  const all = blocksOf(places, counts);
  const picked = blocksOf(places, countsOf(codes, places.length));
  const total = picked.starts.at(-1)!;
  const firsts = firstsOf(picked, codes);
  const texts = { patterns, codes, firsts, strides: picked.counts };
  if (total === 0) return { ...texts, numbers: new Int32Array(0) };
  // The picked numbers are in the order of all, so their indices ascend.
  const wanted = new Uint32Array(total);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    for (let place = 0; place < places[code]!; place++) {
      wanted[firsts[i]! + place * picked.counts[code]!] = all.starts[code]! + ranks[i]! + place * counts[code]!;
    }
  }
  const { values } = pickIntegers(parameters, pages, all.starts.at(-1)!, wanted);
  checkNumbers(patterns, picked, values);
  return { ...texts, numbers: values };
}

/** Returns the codes of the values at some indices, their ranks among those of the same code, and the number of each code. */
function pickRanks(
  codes: Codes,
  distinct: number,
  indices: Int32Array,
): { codes: Uint16Array; ranks: Uint32Array; counts: Uint32Array } {
  const counts = new Uint32Array(distinct);
  const picked = new Uint16Array(indices.length);
  const ranks = new Uint32Array(indices.length);
  let from = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    for (; from < index; from++) counts[codes[from]!]!++;
    picked[i] = codes[index]!;
    ranks[i] = counts[picked[i]!]!;
  }
  for (; from < codes.length; from++) counts[codes[from]!]!++;
  return { codes: picked, ranks, counts };
}

/** Returns the numbers of each pattern's values. @throws CorruptionError */
function checkedPlaces(patterns: ByteStrings): Uint32Array {
  const places = placesOf(patterns);
  if (places.some((own) => own > PLACES_MAX))
    throw new CorruptionError(`a pattern with more than ${PLACES_MAX} numbers`);
  return places;
}

/**
 * Each number must have the digits of its placeholder: then texts are exactly those that were cut, and fit into their
 * room.
 */
function checkNumbers({ bytes, offsets }: ByteStrings, { counts, starts }: Blocks, numbers: IntegerArray): void {
  for (let code = 0; code < counts.length; code++) {
    let i = starts[code]!;
    for (let at = offsets[code]!; at < offsets[code + 1]!; at++) {
      if (!isDigit(bytes[at]!)) continue;
      const limit = numberLimit(bytes[at]! - ZERO);
      for (const end = i + counts[code]!; i < end; i++) {
        if (!(numbers[i]! >= 0 && numbers[i]! < limit)) throw new CorruptionError('a number does not fit its pattern');
      }
    }
  }
}

/**
 * Returns the limit of the numbers of a placeholder; no number has the placeholder `1`, because a single zero is
 * canonical.
 */
function numberLimit(digits: number): number {
  if (digits === 0) return POWERS_OF_TEN[NUMBER_DIGITS_MAX]!;
  return digits === 1 ? 0 : POWERS_OF_TEN[digits - 1]!;
}

/** Writes one text. Returns the offset after it. */
export function writeCutText(texts: CutTexts, index: number, out: Uint8Array, start: number): number {
  const { patterns, codes, firsts, strides, numbers } = texts;
  const code = codes[index]!;
  const stride = strides[code]!;
  let number = firsts[index]!;
  let to = start;
  for (let at = patterns.offsets[code]!, end = patterns.offsets[code + 1]!; at < end; at++) {
    const byte = patterns.bytes[at]!;
    if (!isDigit(byte)) {
      out[to++] = byte;
      continue;
    }
    to = byte === ZERO ? writeInteger(numbers[number]!, out, to) : writePadded(numbers[number]!, byte - ZERO, out, to);
    number += stride;
  }
  return to;
}

/** Writes a number that begins with zeros. Returns the offset after it. */
export function writePadded(value: number, digits: number, out: Uint8Array, start: number): number {
  let rest = value;
  for (let at = start + digits - 1; at >= start; at--) {
    const quotient = Math.floor(rest / 10);
    out[at] = ZERO + (rest - quotient * 10);
    rest = quotient;
  }
  return start + digits;
}

/** Returns the size that writeCutText may write at most. */
export function cutTextSizeMax({ patterns: { offsets }, codes }: CutTexts, index: number): number {
  const code = codes[index]!;
  const sizeBytes = offsets[code + 1]! - offsets[code]!;
  return sizeBytes + Math.min(sizeBytes, PLACES_MAX) * (NUMBER_DIGITS_MAX - 1);
}

/** The distinct texts among some texts. */
export interface DistinctTexts {
  /** By value: its index among the distinct texts. */
  readonly codes: Uint32Array;
  /** By distinct text: the first value with it. */
  readonly values: Uint32Array;
}

/** Finds equal texts by their numbers, without formatting one. */
export function distinctCutTexts({ patterns, codes, firsts, strides, numbers }: CutTexts): DistinctTexts {
  const places = placesOf(patterns);
  let slots = 64;
  while (slots < codes.length * 2) slots *= 2;
  const table = new Int32Array(slots).fill(-1);
  const result = new Uint32Array(codes.length);
  const values = new Uint32Array(codes.length);
  let distinct = 0;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const stride = strides[code]!;
    const first = firsts[i]!;
    const end = first + places[code]! * stride;
    let hash = code;
    for (let at = first; at < end; at += stride) hash = Math.imul(hash ^ numbers[at]!, 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & (slots - 1);
    for (; table[slot]! >= 0; slot = (slot + 1) & (slots - 1)) {
      const other = values[table[slot]!]!;
      if (codes[other] !== code) continue;
      let at = first;
      let otherAt = firsts[other]!;
      for (; at < end && numbers[at] === numbers[otherAt]; at += stride) otherAt += stride;
      if (at >= end) break;
    }
    if (table[slot]! < 0) {
      values[distinct] = i;
      table[slot] = distinct++;
    }
    result[i] = table[slot]!;
  }
  return { codes: result, values: values.subarray(0, distinct) };
}
