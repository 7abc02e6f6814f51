/**
 * Few distinct values: each once, in order of first appearance, and a code for each row.
 *
 * Codes are u8 with up to 256 distinct values, else u16 in two planes (low bytes, high bytes).
 *
 * Parameters:  those of the distinct texts; if they contain the texts, the number of values of each one: varints
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { areLess } from './are-less.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import { hashBytes, sameBytes } from '../../byte-strings.ts';
import type { ByteStrings, ValueRefs } from '../../byte-strings.ts';
import type { Codes, Dictionary, ValuesOf } from './column-values.ts';
import type { Encoding } from './encoding.ts';
import { DICTIONARY_VALUES_MAX, ENCODING_DICTIONARY } from '../format.ts';
import { takeUint16s } from '../pages/part-memory.ts';
import { decodeDistinctTexts, encodeDistinctTexts } from './distinct-texts.ts';

/** After this many rows, a dictionary that has grown with almost every row is abandoned. */
const PROBE_ROWS = 1024;
const PROBE_DISTINCT_MAX = PROBE_ROWS * 0.6;
const TABLE_SLOTS = DICTIONARY_VALUES_MAX * 2;

/** A dictionary with as large a share of distinct values does not pay. */
const DISTINCT_SHARE_MAX = 0.7;

export const DICTIONARY: Encoding<ValuesOf<'dictionary'>> = {
  id: ENCODING_DICTIONARY,
  alphabet: undefined,
  valueBytes: 2,
  arePagesKept: true,
  arePickedCopied: false,

  encode: ({ refs, scratch, parameters, pages }) => {
    const distinct = scratch.distinct(refs, Math.ceil(refs.count * DISTINCT_SHARE_MAX) - 1);
    if (distinct === undefined) return undefined;
    const { texts, codes } = distinct;
    encodeDictionary(texts, codes, parameters, pages);
    return { encoding: ENCODING_DICTIONARY, texts };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'dictionary', ...decodeDictionary(parameters, pages, count) }),
  pick: ({ parameters, pages, count }, indices) => {
    return { kind: 'dictionary', ...pickDictionary(parameters, pages, count, indices) };
  },
  count: ({ codes }) => codes.length,
  memoryBytes: ({ codes, values }) => codes.byteLength + values.bytes.length + values.offsets.byteLength,
};

/**
 * Finds the distinct values of a column. Holds a hash table for the largest possible dictionary (0.8 MB), so one
 * builder serves all columns one after the other; its results are overwritten by the next `build`.
 */
export class DictionaryBuilder {
  /** Code of each row. */
  codes = new Uint16Array(1024);
  /** Row in which each distinct value came first. */
  readonly firstRows = new Int32Array(DICTIONARY_VALUES_MAX);
  distinct = 0;

  readonly #table = new Int32Array(TABLE_SLOTS);
  readonly #hashes = new Uint32Array(DICTIONARY_VALUES_MAX);
  /** Entries of a previous column hold codes below this; adding to it empties the table without writing to it. */
  #epoch = 0;

  /**
   * @param distinctMax  with more distinct values, a dictionary does not pay
   * @returns false when there are too many of them
   */
  build(refs: ValueRefs, distinctMax = DICTIONARY_VALUES_MAX): boolean {
    const { bytes, starts, ends, count } = refs;
    if (this.codes.length < count) this.codes = new Uint16Array(count * 2);
    const { codes, firstRows } = this;
    const table = this.#table;
    const hashes = this.#hashes;
    if (this.#epoch > 0x7fffffff - TABLE_SLOTS) {
      table.fill(0);
      this.#epoch = 0;
    }
    // Small columns use a small part of the table, which stays in the cache.
    const mask = Math.min(TABLE_SLOTS, tableSlotsFor(count)) - 1;
    const base = this.#epoch + 1;
    const limit = Math.min(distinctMax, DICTIONARY_VALUES_MAX);
    let distinct = 0;
    let lastCode = -1;
    for (let row = 0; row < count; row++) {
      const start = starts[row]!;
      const end = ends[row]!;
      if (lastCode >= 0) {
        const first = firstRows[lastCode]!;
        if (sameBytes(bytes, start, end, bytes, starts[first]!, ends[first]!)) {
          codes[row] = lastCode;
          continue;
        }
      }
      const hash = hashBytes(bytes, start, end);
      let slot = hash & mask;
      let code = table[slot]! - base;
      while (code >= 0) {
        if (hashes[code] === hash) {
          const first = firstRows[code]!;
          if (sameBytes(bytes, start, end, bytes, starts[first]!, ends[first]!)) break;
        }
        slot = (slot + 1) & mask;
        code = table[slot]! - base;
      }
      if (code < 0) {
        if (distinct >= limit || (row === PROBE_ROWS && distinct > PROBE_DISTINCT_MAX)) {
          this.#epoch = base + distinct;
          return false;
        }
        code = distinct++;
        table[slot] = base + code;
        hashes[code] = hash;
        firstRows[code] = row;
      }
      codes[row] = code;
      lastCode = code;
    }
    this.#epoch = base + distinct;
    this.distinct = distinct;
    return true;
  }

  /** Returns the distinct values of the last column, by code. */
  values(refs: ValueRefs): ValueRefs {
    const rows = this.firstRows.subarray(0, this.distinct);
    return {
      bytes: refs.bytes,
      starts: rows.map((row) => refs.starts[row]!),
      ends: rows.map((row) => refs.ends[row]!),
      count: this.distinct,
    };
  }
}

/**
 * @param values  the distinct ones
 * @param codes  index of each value among them
 */
export function encodeDictionary(
  values: ValueRefs,
  codes: Uint16Array,
  parameters: ByteWriter,
  pages: PageWriter,
): void {
  if (encodeDistinctTexts(values, parameters, pages)) {
    const counts = new Uint32Array(values.count);
    for (let i = 0; i < codes.length; i++) counts[codes[i]!]!++;
    for (const count of counts) parameters.varint(count);
  }
  encodeCodes(codes, codes.length, values.count, pages);
}

export function encodeCodes(codes: ArrayLike<number>, count: number, distinct: number, pages: PageWriter): void {
  const low = pages.scratch(count);
  for (let row = 0; row < count; row++) low[row] = codes[row]! & 0xff;
  pages.page(low);
  if (distinct <= 256) return;
  const high = pages.scratch(count);
  for (let row = 0; row < count; row++) high[row] = codes[row]! >>> 8;
  pages.page(high);
}

/** @throws CorruptionError, also when a code has no value */
function decodeDictionary(parameters: ByteReader, pages: PageReader, count: number): Dictionary {
  const values = decodeDistinctTexts(parameters, pages);
  return { values, codes: decodeCodes(pages, count, values.offsets.length - 1) };
}

/** Distinct values, and the number of values of each one where the parameters contain it. */
export interface CountedTexts extends ByteStrings {
  readonly counts: Uint32Array | undefined;
}

/**
 * Decodes the texts without the codes: for a few short texts, no page is read.
 * @param count  of values
 * @throws CorruptionError
 */
export function decodeCountedTexts(parameters: ByteReader, pages: PageReader, count: number): CountedTexts {
  const texts = decodeDistinctTexts(parameters, pages);
  if (parameters.remaining === 0) return { ...texts, counts: undefined };
  const counts = new Uint32Array(texts.offsets.length - 1);
  let sum = 0;
  for (let code = 0; code < counts.length; code++) sum += counts[code] = parameters.varint();
  if (sum !== count) throw new CorruptionError(`the counts of a dictionary do not sum up to its ${count} values`);
  return { ...texts, counts };
}

/**
 * Decodes only the values at some indices, and all distinct texts.
 * @throws CorruptionError
 */
function pickDictionary(parameters: ByteReader, pages: PageReader, count: number, indices: Int32Array): Dictionary {
  const values = decodeDistinctTexts(parameters, pages);
  const distinct = values.offsets.length - 1;
  const low = pages.passing(count);
  const high = distinct > 256 ? pages.passing(count) : undefined;
  const codes = Uint16Array.from(indices, (index) => low[index]! | ((high?.[index] ?? 0) << 8));
  for (const code of codes) checkCode(code, distinct);
  return { values, codes };
}

export function decodeCodes(pages: PageReader, count: number, distinct: number, arePassing = false): Codes {
  const low = arePassing || distinct > 256 ? pages.passing(count) : pages.page(count);
  let codes: Codes = low;
  if (distinct > 256) {
    const high = pages.passing(count);
    codes = takeUint16s(count);
    for (let row = 0; row < count; row++) codes[row] = low[row]! | (high[row]! << 8);
  }
  if (!areLess(codes, distinct)) checkCode(largest(codes), distinct);
  return codes;
}

function largest(codes: Codes): number {
  let max = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i]! > max) max = codes[i]!;
  return max;
}

function checkCode(code: number, distinct: number): void {
  if (code >= distinct) throw new CorruptionError(`code ${code} in a dictionary of ${distinct} values`);
}

function tableSlotsFor(count: number): number {
  let slots = 64;
  while (slots < count * 2) slots *= 2;
  return slots;
}
