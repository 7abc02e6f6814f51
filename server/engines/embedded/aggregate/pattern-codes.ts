/**
 * Codes of texts whose numbers are cut out (shared/row-group/encodings/pattern.ts). Where the numbers of a pattern have
 * a narrow range, each has a code of its own, like integers; otherwise each value has.
 */
import type { CutTexts, IntegerArray } from '../../../../shared/row-group/encodings/column-values.ts';
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import { distinctCutTexts, placesOf } from '../../../../shared/row-group/encodings/pattern.ts';
import type { Texts } from './texts.ts';

/** Numbers get a code each if their range is at most this many times as large as their count. */
export const NUMBERS_RANGE_FACTOR = 4;

const BACKSLASH = 0x5c;

/**
 * How the values of a pattern get codes: by their number, by the place of their number, by the pattern alone, by their
 * text.
 */
const BY_NUMBER = 0;
const BY_PLACE = 1;
const BY_PATTERN = 2;
const BY_TEXT = 3;

/** By pattern. */
interface PatternWays {
  readonly ways: Uint8Array;
  /** Added to a number, or to its place, to make it a code; or the code of all. */
  readonly offsets: Int32Array;
  /** Values of the pattern, and the index of the first number of each of them. */
  readonly counts: Uint32Array;
  readonly starts: Uint32Array;
}

/**
 * @param values  decoded: the numbers of a pattern are adjacent
 * @param lend  lends memory for codes
 */
export function patternCodes(
  values: CutTexts & { readonly kind: 'pattern' },
  escaped: boolean,
  texts: Texts,
  lend: (size: number) => Uint32Array,
): { codes: () => Uint32Array; base: number; addTotals: ((totals: Uint32Array) => void) | undefined } {
  const { codes } = values;
  const ways = waysOf(values, escaped, texts);
  const distinct = ways.ways.includes(BY_TEXT) ? distinctCutTexts(values) : undefined;
  const byText = distinct && texts.add(values, distinct.values.length, escaped, distinct.values);
  return {
    base: 0,
    addTotals: distinct === undefined ? (totals) => addTotals(values.numbers, ways, totals) : undefined,
    codes: () => {
      const own = lend(codes.length);
      setCodes(values, ways, own);
      if (distinct === undefined) return own;
      for (let i = 0; i < own.length; i++) if (ways.ways[codes[i]!] === BY_TEXT) own[i] = byText! + distinct.codes[i]!;
      return own;
    },
  };
}

function waysOf({ patterns, strides: counts, numbers }: CutTexts, escaped: boolean, texts: Texts): PatternWays {
  const places = placesOf(patterns);
  const starts = numberStarts(places, counts);
  const { mins, maxs } = rangesOf(numbers, places, counts, starts);
  const ways = new Uint8Array(places.length);
  const offsets = new Int32Array(places.length);
  for (let pattern = 0; pattern < places.length; pattern++) {
    const [start, count] = [starts[pattern]!, counts[pattern]!];
    const bytes = byteStringAt(patterns, pattern);
    const range = maxs[pattern]! - mins[pattern]! + 1;
    if (places[pattern]! > 1 || (escaped && bytes.includes(BACKSLASH))) ways[pattern] = BY_TEXT;
    else if (places[pattern] === 0) {
      ways[pattern] = BY_PATTERN;
      offsets[pattern] = texts.addText(bytes);
    } else if (numbers instanceof Int32Array && range <= count * NUMBERS_RANGE_FACTOR) {
      offsets[pattern] = texts.addRange(bytes, mins[pattern]!, range) - mins[pattern]!;
    } else {
      ways[pattern] = BY_PLACE;
      offsets[pattern] = texts.addNumbers(bytes, numbers.subarray(start, start + count)) - start;
    }
  }
  return { ways, offsets, counts, starts };
}

/** By pattern: the index of its first number. */
function numberStarts(places: Uint32Array, counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(places.length);
  for (let pattern = 1; pattern < places.length; pattern++) {
    starts[pattern] = starts[pattern - 1]! + places[pattern - 1]! * counts[pattern - 1]!;
  }
  return starts;
}

/** By pattern with one number: the minimum and maximum. */
function rangesOf(
  numbers: IntegerArray,
  places: Uint32Array,
  counts: Uint32Array,
  starts: Uint32Array,
): { readonly mins: Float64Array; readonly maxs: Float64Array } {
  const mins = new Float64Array(places.length);
  const maxs = new Float64Array(places.length);
  for (let pattern = 0; pattern < places.length; pattern++) {
    if (places[pattern] !== 1) continue;
    let min = Infinity;
    let max = -Infinity;
    for (let i = starts[pattern]!, end = i + counts[pattern]!; i < end; i++) {
      const number = numbers[i]!;
      if (number < min) min = number;
      if (number > max) max = number;
    }
    mins[pattern] = min;
    maxs[pattern] = max;
  }
  return { mins, maxs };
}

/** Only where no pattern has codes by text. */
function addTotals(numbers: IntegerArray, { ways, offsets, counts, starts }: PatternWays, totals: Uint32Array): void {
  for (let pattern = 0; pattern < ways.length; pattern++) {
    const offset = offsets[pattern]!;
    const start = starts[pattern]!;
    const end = start + counts[pattern]!;
    if (ways[pattern] === BY_PATTERN) totals[offset]! += end - start;
    else if (ways[pattern] === BY_PLACE) totals.fill(1, offset + start, offset + end);
    else for (let i = start; i < end; i++) totals[offset + numbers[i]!]!++;
  }
}

/**
 * Sets the codes of values whose codes are not by text. Parts that a value's pattern does not use are masked: no branch
 * is as fast.
 */
function setCodes({ codes, firsts, numbers }: CutTexts, { ways, offsets }: PatternWays, own: Uint32Array): void {
  const byNumber = Int32Array.from(ways, (way) => (way === BY_NUMBER ? -1 : 0));
  const byPlace = Int32Array.from(ways, (way) => (way === BY_PLACE ? -1 : 0));
  const ofNumbers = numbers instanceof Int32Array && numbers.length > 0 ? numbers : NO_NUMBERS;
  for (let i = 0; i < own.length; i++) {
    const pattern = codes[i]!;
    const first = firsts[i]!;
    const isNumber = byNumber[pattern]!;
    own[i] = offsets[pattern]! + (ofNumbers[first & isNumber]! & isNumber) + (first & byPlace[pattern]!);
  }
}

/** Used where no pattern's codes are by number. */
const NO_NUMBERS = new Int32Array(1);
