/**
 * The values of one name's codes in a row group, whatever encodings its columns have: as text, or as keys
 * (value-keys.ts), for which numbers are not formatted.
 */
import type { ColumnValues, IntegerArray, Uuids } from '../../../../shared/row-group/encodings/column-values.ts';
import { FIXED_VALUE_BYTES_MAX, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import type { ValueTable } from './value-table.ts';
import { ValueText } from './value-text.ts';
import { NUMBER_LIMIT, type ValueKeys, valueText } from './value-keys.ts';

/** Consecutive codes from `base` on, whose values are of one kind. */
type Run = { readonly base: number } & (
  | {
      readonly kind: 'texts';
      readonly values: ColumnValues;
      readonly escaped: boolean;
      /** Indices of the values; undefined for the first ones. */
      readonly places: Uint32Array | undefined;
    }
  /** What values are replaced by: the text of `base`, and so on. */
  | { readonly kind: 'folded'; readonly textAt: (index: number) => Buffer }
  /** Consecutive numbers below NUMBER_LIMIT, in the place of the digit in a pattern; undefined for integers. */
  | { readonly kind: 'range'; readonly pattern: Buffer | undefined; readonly min: number }
  /** The same for any numbers. */
  | { readonly kind: 'numbers'; readonly pattern: Buffer | undefined; readonly numbers: IntegerArray }
);

const POSITIVE = Buffer.from('0');
const NEGATIVE = Buffer.from('-0');

/** Texts of a run that are looked up although they may not be used. */
const TEXTS_FOUND_MAX = 1024;

/** Returns the text that replaces bytes[start, end); undefined if they are unchanged. */
export type Fold = (bytes: Buffer, start: number, end: number) => Buffer | undefined;

/** UUIDs of codes from `base` on. */
export interface UuidRun {
  readonly base: number;
  readonly values: Uuids;
}

/** Code 0 means no value. */
export class Texts {
  readonly #runs: Run[] = [];
  readonly #fold: Fold | undefined;
  size = 1;

  /** @param fold  replaces values */
  constructor(fold?: Fold) {
    this.#fold = fold;
  }

  /**
   * @param places  indices of the values that get codes; undefined for the first `count` of them
   * @returns the code of the first of the values
   */
  add(values: ColumnValues, count: number, escaped: boolean, places?: Uint32Array): number {
    return this.#add({ kind: 'texts', base: this.size, values, escaped, places }, count);
  }

  /** @returns the code of the text */
  addText(value: Buffer): number {
    return this.add({ kind: 'constant', value, count: 1 }, 1, false);
  }

  /** Does the same for what values are replaced by. */
  addFolded(value: Buffer): number {
    return this.addAllFolded(1, () => value);
  }

  /** @returns the code of the first of these texts */
  addAllFolded(count: number, textAt: (index: number) => Buffer): number {
    return this.#add({ kind: 'folded', base: this.size, textAt }, count);
  }

  /** @see Run */
  addRange(pattern: Buffer | undefined, min: number, count: number): number {
    if (Math.max(-min, min + count) > NUMBER_LIMIT) {
      return this.addNumbers(
        pattern,
        Float64Array.from({ length: count }, (_, i) => min + i),
      );
    }
    return this.#add({ kind: 'range', base: this.size, pattern, min }, count);
  }

  addNumbers(pattern: Buffer | undefined, numbers: IntegerArray): number {
    return this.#add({ kind: 'numbers', base: this.size, pattern, numbers }, numbers.length);
  }

  /** Sets `text` to the value of a code. */
  write(code: number, text: ValueText): void {
    text.clear();
    if (code === 0) return;
    const run = this.#runs[this.#runOf(code)]!;
    this.#write(run, code, text);
    if (run.kind === 'folded') return;
    const folded = this.#fold?.(text.bytes, text.start, text.end);
    if (folded !== undefined) text.refer(folded, 0, folded.length);
  }

  /**
   * Fills keys with those of codes, which ascend.
   * @param keys  not in use
   * @param visit  is called with some at a time; `from` is the index of the first one's code in `codes`
   */
  forEachKeys(codes: Uint32Array, keys: ValueKeys, visit: (from: number) => void): void {
    const text = new ValueText();
    let from = 0;
    keys.clear();
    for (let at = 0; at < codes.length;) {
      if (keys.isFull) {
        visit(from);
        keys.clear();
        from = at;
      }
      at = this.#addKeys(codes, at, keys, text);
    }
    visit(from);
  }

  /**
   * Sets found[code] to the number of each code's value in a table, or −1, without a key for each.
   * @param found  for all codes
   * @param keys  not in use
   * @returns false where there are many texts to look up, so that knowing the used codes first is better
   */
  findAll(table: ValueTable, found: Int32Array, keys: ValueKeys): boolean {
    const text = new ValueText();
    this.#find(0, table, found, keys, text);
    for (const [index, run] of this.#runs.entries()) {
      const limit = this.#runs[index + 1]?.base ?? this.size;
      const own = found.subarray(run.base, limit);
      if (run.kind === 'texts' || run.kind === 'folded' || this.#fold !== undefined) {
        if (own.length > TEXTS_FOUND_MAX) return false;
        for (let code = run.base; code < limit; code++) this.#find(code, table, found, keys, text);
        continue;
      }
      const positive = table.textOf(run.pattern ?? POSITIVE);
      const negative = run.pattern === undefined ? table.textOf(NEGATIVE) : -1;
      if (run.kind === 'range') table.findRange(positive, negative, run.min, own);
      else if (!table.findNumbers(positive, negative, run.numbers, own)) {
        for (let code = run.base; code < limit; code++) this.#find(code, table, found, keys, text);
      }
    }
    return true;
  }

  /** Returns the run of UUIDs that contains a code; undefined when there is none. */
  uuidsAt(code: number): UuidRun | undefined {
    return code === 0 || this.#fold !== undefined ? undefined : uuidsOf(this.#runs[this.#runOf(code)]!);
  }

  /** Returns the first code after `code` that is a UUID's, or `size`. */
  nextUuids(code: number): number {
    return this.#runs.find((run) => run.base > code && uuidsOf(run) !== undefined)?.base ?? this.size;
  }

  #find(code: number, table: ValueTable, found: Int32Array, keys: ValueKeys, text: ValueText): void {
    this.write(code, text);
    keys.clear();
    keys.addValue(text.bytes, text.start, text.end);
    table.findAll(keys, found, code);
  }

  #add(run: Run, count: number): number {
    this.#runs.push(run);
    this.size += count;
    return run.base;
  }

  /**
   * Adds keys from codes[at] on.
   * @returns the index of the first code for whose key there was no room, or that is in another run
   */
  #addKeys(codes: Uint32Array, at: number, keys: ValueKeys, text: ValueText): number {
    const code = codes[at]!;
    const index = code === 0 ? -1 : this.#runOf(code);
    const run = this.#runs[index];
    const end = Math.min(codes.length, at + keys.room);
    if (run === undefined || run.kind === 'texts' || run.kind === 'folded' || this.#fold !== undefined) {
      this.write(code, text);
      keys.addValue(text.bytes, text.start, text.end);
      return at + 1;
    }
    const limit = this.#runs[index + 1]?.base ?? this.size;
    return run.kind === 'range'
      ? addRange(run, codes, at, end, limit, keys)
      : addNumbers(run, codes, at, end, limit, keys);
  }

  #write(run: Run, code: number, text: ValueText): void {
    const index = code - run.base;
    switch (run.kind) {
      case 'texts':
        return writeText(run.values, run.places === undefined ? index : run.places[index]!, run.escaped, text);
      case 'folded': {
        const value = run.textAt(index);
        return text.refer(value, 0, value.length);
      }
      case 'range':
        return writeNumber(run.pattern, run.min + index, text);
      case 'numbers':
        return writeNumber(run.pattern, run.numbers[index]!, text);
    }
  }

  #runOf(code: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[middle]!.base <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function uuidsOf(run: Run): UuidRun | undefined {
  if (run.kind !== 'texts' || run.places !== undefined || run.values.kind !== 'uuid') return undefined;
  return { base: run.base, values: run.values };
}

function writeText(values: ColumnValues, index: number, escaped: boolean, text: ValueText): void {
  if (values.kind === 'raw') text.refer(values.bytes, values.offsets[index]!, values.offsets[index + 1]!);
  else if (values.kind === 'constant') text.refer(values.value, 0, values.value.length);
  else {
    text.reserve(Math.max(FIXED_VALUE_BYTES_MAX, valueSizeMax(values, index)));
    text.end = writeValue(values, index, text.bytes, 0);
  }
  if (!escaped) return;
  const plain = unescaped(text.bytes.subarray(text.start, text.end));
  text.refer(plain, 0, plain.length);
}

function writeNumber(pattern: Buffer | undefined, number: number, text: ValueText): void {
  const value = valueText(pattern ?? (number < 0 ? NEGATIVE : POSITIVE), Math.abs(number));
  text.refer(value, 0, value.length);
}

function addRange(
  { pattern, base, min }: Run & { readonly kind: 'range' },
  codes: Uint32Array,
  start: number,
  end: number,
  limit: number,
  keys: ValueKeys,
): number {
  const first = min - base;
  const [positive, negative] = addSigns(pattern, keys);
  let at = start;
  for (; at < end && codes[at]! < limit; at++) {
    const number = first + codes[at]!;
    keys.addKey(number < 0 ? negative : positive, Math.abs(number));
  }
  return at;
}

function addNumbers(
  { pattern, numbers, base }: Run & { readonly kind: 'numbers' },
  codes: Uint32Array,
  start: number,
  end: number,
  limit: number,
  keys: ValueKeys,
): number {
  const [positive, negative] = addSigns(pattern, keys);
  let at = start;
  for (; at < end && codes[at]! < limit; at++) {
    const number = numbers[codes[at]! - base]!;
    if (Math.abs(number) >= NUMBER_LIMIT && keys.isFull) return at;
    keys.addNumber(number < 0 ? negative : positive, Math.abs(number));
  }
  return at;
}

/** Returns the texts of numbers from 0 on, and of negative ones, which only integers have. */
function addSigns(pattern: Buffer | undefined, keys: ValueKeys): readonly [positive: number, negative: number] {
  const text = pattern ?? POSITIVE;
  const positive = keys.addText(text, 0, text.length);
  return [positive, pattern === undefined ? keys.addText(NEGATIVE, 0, NEGATIVE.length) : positive];
}
