/**
 * Tests the values of one column: first by its header, then each distinct value once where there is a dictionary; as
 * numbers or bits where the tests allow it, else as text.
 */
import { ByteReader } from '../../../../shared/bytes.ts';
import type { ColumnValues, Decimals } from '../../../../shared/row-group/encodings/column-values.ts';
import { someElement } from '../../../../shared/row-group/array-elements.ts';
import { byteStringAt, type ByteStrings } from '../../../../shared/byte-strings.ts';
import { FIXED_VALUE_BYTES_MAX, valueCount, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { POWERS_OF_TEN, readDecimalRange } from '../../../../shared/row-group/encodings/decimal.ts';
import { readIntegerRange } from '../../../../shared/row-group/encodings/integer.ts';
import { looksLikeUuid, parseUuid } from '../../../../shared/row-group/encodings/uuid.ts';
import { UUID_BYTES } from '../../../../shared/row-group/encodings/uuid-short.ts';
import {
  ENCODING_CONSTANT,
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_INTEGER,
  ENCODING_UUID,
  KIND_ARRAY,
  KIND_METADATA,
  KIND_STRING,
} from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import type { ValueTest } from '../../../store/predicate.ts';
import { hasMarked, maskDepth, releaseMasks, takeDirtyMask, takeMask } from './masks.ts';
import { matchCutTexts } from './match-cut-texts.ts';
import { markRanges, rangesOf, reach, singleNumbers } from './number-ranges.ts';
import { markMatchingValues } from './match-regexps.ts';
import { compares, matchesAny } from './value-match.ts';
import { valuesMayHave } from './column-bytes.ts';
import { markIntegers, wildcardBits } from './wildcard-digits.ts';

const BACKSLASH = 0x5c;

/** Which values match: none, all, those with a 1 in the mask, or those at some indices, which ascend. */
export type MatchedValues = 'none' | 'all' | Uint8Array | Uint32Array;

type Comparison = ValueTest & { readonly kind: 'compare' };

/**
 * Returns the values of a column that pass one of the tests, or an element of which does. No page is read where the
 * header decides.
 * @param path  see array-elements.ts
 * @returns a mask is valid until it is released
 */
export function matchColumn(group: RowGroup, index: number, tests: readonly ValueTest[], path: string): MatchedValues {
  const { slot, chunk } = group.columns[index]!;
  const test = testOfTexts(slot.kind, (value) => matchesAny(tests, value), path);
  switch (chunk.encoding) {
    case ENCODING_CONSTANT:
    case ENCODING_DICTIONARY:
      return matchByText(group, index, test);
    case ENCODING_INTEGER:
      return matchIntegers(group, index, tests) ?? matchValues(group, index, tests, test);
    case ENCODING_DECIMAL:
      return matchDecimals(group, index, tests) ?? matchValues(group, index, tests, test);
    case ENCODING_UUID: {
      const uuids = slot.kind === KIND_STRING || slot.kind === KIND_METADATA ? uuidsOf(tests) : undefined;
      if (uuids !== undefined) return found(uuids.length, (onFound) => group.findUuids(index, uuids, onFound));
      break;
    }
  }
  return matchValues(group, index, tests, test);
}

/** Whether values are found in a column without a test of each. */
export function canBeSearched(group: RowGroup, index: number): boolean {
  const { encoding } = group.columns[index]!.chunk;
  return encoding === ENCODING_INTEGER || encoding === ENCODING_UUID || encoding === ENCODING_CONSTANT;
}

/** Does the same where the header decides for all values; undefined where it does not. */
export function headerMatch(group: RowGroup, index: number, tests: readonly ValueTest[]): 'none' | 'all' | undefined {
  const { slot, chunk } = group.columns[index]!;
  const test = testOfTexts(slot.kind, (value) => matchesAny(tests, value), '');
  switch (chunk.encoding) {
    case ENCODING_CONSTANT:
      return test(asBuffer(chunk.parameters)) ? 'all' : 'none';
    case ENCODING_DICTIONARY: {
      const texts = group.headerTexts(index);
      if (texts === undefined) return undefined;
      const count = texts.offsets.length - 1;
      let passing = 0;
      for (let i = 0; i < count; i++) if (test(byteStringAt(texts, i))) passing++;
      return passing === 0 ? 'none' : passing === count ? 'all' : undefined;
    }
    case ENCODING_INTEGER: {
      const ranges = rangesOf(tests);
      if (ranges === undefined) return undefined;
      const { min, max } = readIntegerRange(new ByteReader(chunk.parameters));
      const reached = reach(ranges, min, max);
      return reached === 'some' ? undefined : reached;
    }
  }
  return undefined;
}

/**
 * Tests texts: that of a constant, those of a dictionary, or each.
 * @param test  see testOfTexts
 */
export function matchByText(group: RowGroup, index: number, test: (text: Buffer) => boolean): MatchedValues {
  const { chunk } = group.columns[index]!;
  if (chunk.encoding === ENCODING_CONSTANT) return test(asBuffer(chunk.parameters)) ? 'all' : 'none';
  if (chunk.encoding === ENCODING_DICTIONARY) return matchDictionary(group, index, test);
  return matchEach(group.values(index), test) ?? 'none';
}

/** Looks at all values, by text where there is no other way. */
function matchValues(
  group: RowGroup,
  index: number,
  tests: readonly ValueTest[],
  test: (value: Buffer) => boolean,
): MatchedValues {
  const { slot } = group.columns[index]!;
  const values = group.values(index);
  if (slot.kind === KIND_ARRAY || values.kind === 'dictionary') return matchEach(values, test) ?? 'none';
  if (values.kind === 'pattern') return matchCutTexts(values, tests, test, slot.kind === KIND_STRING) ?? 'none';
  const mayEscape = slot.kind === KIND_STRING && valuesMayHave(group, index, BACKSLASH);
  const regexps = tests.filter((each) => each.kind === 'regexp');
  if (mayEscape || regexps.length < tests.length) return matchEach(values, test) ?? 'none';
  const mask = takeMask(valueCount(values));
  for (const each of regexps) markMatchingValues(values, each, undefined, mask, mask);
  return hasMarked(mask) ? mask : 'none';
}

function matchDictionary(group: RowGroup, index: number, test: (value: Buffer) => boolean): MatchedValues {
  const texts = group.headerTexts(index);
  if (texts === undefined) return matchEach(group.values(index), test) ?? 'none';
  const byCode = takeDirtyMask(texts.offsets.length - 1);
  const count = markTexts(texts, test, byCode);
  if (count === 0) return 'none';
  if (count === byCode.length) return 'all';
  const values = group.values(index);
  return values.kind === 'dictionary' ? maskOfCodes(values.codes, byCode) : 'none';
}

/** Undefined where only texts tell. */
function matchIntegers(group: RowGroup, index: number, tests: readonly ValueTest[]): MatchedValues | undefined {
  const ranges = rangesOf(tests);
  if (ranges === undefined) return matchDigits(group.values(index), tests);
  const { min, max } = readIntegerRange(new ByteReader(group.columns[index]!.chunk.parameters));
  const reached = reach(ranges, min, max);
  if (reached !== 'some') return reached;
  const wanted = singleNumbers(ranges);
  if (wanted !== undefined) return found(wanted.length, (onFound) => group.findIntegers(index, wanted, onFound));
  const values = group.values(index);
  if (values.kind !== 'integer') return 'none';
  const mask = takeMask(values.values.length);
  markRanges(values.values, ranges, min, max, mask);
  return mask;
}

/** Undefined where a test is no wildcard, or too long. */
function matchDigits(values: ColumnValues, tests: readonly ValueTest[]): Uint8Array | undefined {
  const wildcards = tests.map((test) => (test.kind === 'wildcard' ? wildcardBits(test.parts) : undefined));
  if (values.kind !== 'integer' || wildcards.includes(undefined)) return undefined;
  const mask = takeMask(values.values.length);
  for (const bits of wildcards) markIntegers(bits!, values.values, mask);
  return mask;
}

/** Undefined where only texts tell. */
function matchDecimals(group: RowGroup, index: number, tests: readonly ValueTest[]): MatchedValues | undefined {
  const comparisons = comparisonsIn(tests);
  if (comparisons === undefined) return undefined;
  const { min, max } = readDecimalRange(new ByteReader(group.columns[index]!.chunk.parameters));
  if (!comparisons.some((comparison) => mayPassBetween(comparison, min, max))) return 'none';
  const values = group.values(index);
  if (values.kind !== 'decimal') return 'none';
  const marks = takeMask(values.mantissas.length);
  for (const comparison of comparisons) markDecimals(values, comparison, marks);
  return marks;
}

/** Returns the tests, if all of them compare numbers. */
function comparisonsIn(tests: readonly ValueTest[]): Comparison[] | undefined {
  const comparisons = tests.filter((test) => test.kind === 'compare' && test.operand.kind !== 'duration');
  return comparisons.length === tests.length ? (comparisons as Comparison[]) : undefined;
}

function mayPassBetween({ operator, operand: { value } }: Comparison, min: number, max: number): boolean {
  if (operator === '=') return min <= value && value <= max;
  return compares(min, operator, value) || compares(max, operator, value);
}

function markDecimals(
  { mantissas, scale }: Decimals,
  { operator, operand: { value } }: Comparison,
  marks: Uint8Array,
): void {
  if (typeof scale !== 'number') {
    for (let i = 0; i < marks.length; i++) {
      if (compares(mantissas[i]! / POWERS_OF_TEN[scale[i]!]!, operator, value)) marks[i] = 1;
    }
    return;
  }
  const power = POWERS_OF_TEN[scale]!;
  for (let i = 0; i < marks.length; i++) if (compares(mantissas[i]! / power, operator, value)) marks[i] = 1;
}

/** Grows to the values of the largest row group. */
let indicesMemory = new Uint32Array(1024);

/** Collects the matches of values that are searched for one after the other. */
function found(count: number, find: (onFound: (index: number) => void) => void): MatchedValues {
  let size = 0;
  find((index) => {
    if (size === indicesMemory.length) {
      const larger = new Uint32Array(size * 2);
      larger.set(indicesMemory);
      indicesMemory = larger;
    }
    indicesMemory[size++] = index;
  });
  if (size === 0) return 'none';
  const values = indicesMemory.slice(0, size);
  return count > 1 ? values.toSorted() : values;
}

/**
 * By value: 1 where its text passes. Undefined when no value does.
 * @param test  its buffer may be overwritten by the next value
 */
export function matchEach(values: ColumnValues, test: (value: Buffer) => boolean): Uint8Array | undefined {
  switch (values.kind) {
    case 'constant':
      return test(values.value) ? takeDirtyMask(values.count).fill(1) : undefined;
    case 'dictionary': {
      const byCode = takeDirtyMask(values.values.offsets.length - 1);
      return markTexts(values.values, test, byCode) === 0 ? undefined : maskOfCodes(values.codes, byCode);
    }
    case 'pattern':
    case 'uuid':
    case 'integer':
    case 'decimal':
    case 'timestamp':
    case 'hex':
    case 'raw':
      return matchTexts(values, test);
  }
}

/**
 * Marks the texts that pass, and clears the others.
 * @returns how many pass
 */
function markTexts(texts: ByteStrings, test: (value: Buffer) => boolean, mask: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < mask.length; i++) {
    const passes = test(byteStringAt(texts, i));
    mask[i] = passes ? 1 : 0;
    if (passes) count++;
  }
  return count;
}

/** Returns the mask by value, from a mask by code. */
export function maskOfCodes(codes: Uint8Array | Uint16Array | Uint32Array, byCode: Uint8Array): Uint8Array {
  const mask = takeDirtyMask(codes.length);
  for (let i = 0; i < codes.length; i++) mask[i] = byCode[codes[i]!]!;
  return mask;
}

/**
 * Returns a test of the texts of a column.
 * @param passes  whether a value does, or an element of an array
 * @param path  see array-elements.ts
 */
export function testOfTexts(kind: number, passes: (value: Buffer) => boolean, path: string): (text: Buffer) => boolean {
  if (kind === KIND_ARRAY) return (text) => (path === '' && passes(text)) || someElement(text, path, passes);
  return kind === KIND_STRING ? (text) => passes(unescaped(text)) : passes;
}

const UUID_TEXT = /^[-0-9a-f]*$/;

/** Returns the UUIDs, 16 bytes each, that pass one of the tests, each once; undefined where any may pass. */
function uuidsOf(tests: readonly ValueTest[]): Uint8Array[] | undefined {
  const texts = new Set<string>();
  for (const test of tests) {
    if (test.kind === 'exists' || test.kind === 'regexp') return undefined;
    if (test.kind === 'equals') texts.add(asBuffer(test.text).toString('latin1'));
    else if (test.kind === 'wildcard') {
      if (test.parts.every((part) => UUID_TEXT.test(asBuffer(part).toString('latin1')))) return undefined;
    }
    // A UUID passes no comparison, as it is not a quantity.
  }
  return [...texts].flatMap((text) => {
    const bytes = Buffer.from(text, 'latin1');
    const uuid = new Uint8Array(UUID_BYTES);
    return looksLikeUuid(bytes, 0, bytes.length) && parseUuid(bytes, 0, uuid, 0) ? [uuid] : [];
  });
}

/** Tests each value as text. The buffer of `test` is overwritten by the next value. */
export function matchTexts(values: ColumnValues, test: (value: Buffer) => boolean): Uint8Array | undefined {
  const since = maskDepth();
  const mask = takeMask(valueCount(values));
  if (values.kind === 'raw') markTexts(values, test, mask);
  else {
    let scratch = Buffer.allocUnsafe(FIXED_VALUE_BYTES_MAX);
    for (let i = 0; i < mask.length; i++) {
      const sizeBytes = valueSizeMax(values, i);
      if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
      if (test(scratch.subarray(0, writeValue(values, i, scratch, 0)))) mask[i] = 1;
    }
  }
  if (hasMarked(mask)) return mask;
  releaseMasks(since);
  return undefined;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
