/**
 * Keys that distinguish values without their text: a text and a number. `/api/users/12345` is the text `/api/users/0`
 * and the number 12345, `17` is the text `0` and 17, and `info` is itself without a number. Values are cut as in
 * shared/row-group/encodings/pattern.ts, so columns that have numbers cut out yield keys as they are stored, and the
 * same value has the same key whatever encoding it comes from. A text with several numbers, or a large one, is only a
 * text.
 */
import { isDigit } from '../../../../shared/ascii.ts';
import { hashBytes } from '../../../../shared/byte-strings.ts';
import { writeInteger } from '../../../../shared/row-group/encodings/integer.ts';
import { NUMBER_DIGITS_MAX, PADDED_DIGITS_MAX, writePadded } from '../../../../shared/row-group/encodings/pattern.ts';
import { AGGREGATE_KEY_BYTES_AT_ONCE, AGGREGATE_KEYS_AT_ONCE } from '../../../limits.ts';

/** The number of a value that is only a text. */
const NO_NUMBER = -1;
/** Numbers of keys are less than this, so that a key is one float64. A value with a larger one is only a text. */
export const NUMBER_LIMIT = 2 ** 32 - 1;

/** Texts that still have room where keys are not full: those of integers below zero and above. */
const SPARE_TEXTS = 2;
const ZERO = 0x30;

/** Some keys, in reused memory. */
export class ValueKeys {
  count = 0;
  /** By key: its text, and its number or NO_NUMBER. */
  readonly textOf = new Uint16Array(AGGREGATE_KEYS_AT_ONCE);
  readonly numbers = new Float64Array(AGGREGATE_KEYS_AT_ONCE);
  /** Text i is bytes[offsets[i], offsets[i + 1]). Two may be equal. */
  textCount = 0;
  bytes = Buffer.allocUnsafeSlow(AGGREGATE_KEY_BYTES_AT_ONCE);
  readonly offsets = new Uint32Array(AGGREGATE_KEYS_AT_ONCE + SPARE_TEXTS + 1);
  readonly textHashes = new Uint32Array(AGGREGATE_KEYS_AT_ONCE + SPARE_TEXTS);

  clear(): void {
    this.count = 0;
    this.textCount = 0;
  }

  get isFull(): boolean {
    return (
      this.count === AGGREGATE_KEYS_AT_ONCE ||
      this.textCount >= AGGREGATE_KEYS_AT_ONCE ||
      this.offsets[this.textCount]! >= AGGREGATE_KEY_BYTES_AT_ONCE
    );
  }

  /** Room for more keys. */
  get room(): number {
    return AGGREGATE_KEYS_AT_ONCE - this.count;
  }

  /**
   * Adds a text that keys may have.
   * @returns its index
   */
  addText(bytes: Uint8Array, start: number, end: number): number {
    const from = this.offsets[this.textCount]!;
    this.#reserve(from + end - start);
    let to = from;
    for (let at = start; at < end; at++) this.bytes[to++] = bytes[at]!;
    return this.#endText(to);
  }

  /** @param number  below NUMBER_LIMIT */
  addKey(text: number, number: number): void {
    this.textOf[this.count] = text;
    this.numbers[this.count++] = number;
  }

  /** Adds the key of a text with any number. */
  addNumber(text: number, number: number): void {
    if (number < NUMBER_LIMIT) return this.addKey(text, number);
    const value = valueText(this.bytes.subarray(this.offsets[text], this.offsets[text + 1]), number);
    this.addKey(this.addText(value, 0, value.length), NO_NUMBER);
  }

  /** Adds the key of a formatted value. */
  addValue(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !isDigit(bytes[at]!)) at++;
    const numberStart = at;
    while (at < end && isDigit(bytes[at]!)) at++;
    const numberEnd = at;
    while (at < end && !isDigit(bytes[at]!)) at++;
    const digits = numberEnd - numberStart;
    const isPadded = digits > 1 && bytes[numberStart] === ZERO;
    let number = 0;
    for (let digit = numberStart; digit < numberEnd; digit++) number = number * 10 + (bytes[digit]! - ZERO);
    const areCut = at === end && digits > 0 && digits <= (isPadded ? PADDED_DIGITS_MAX : NUMBER_DIGITS_MAX);
    if (!areCut || number >= NUMBER_LIMIT) {
      this.addKey(this.addText(bytes, start, end), NO_NUMBER);
      return;
    }
    const from = this.offsets[this.textCount]!;
    this.#reserve(from + end - start);
    let to = from;
    for (let i = start; i < numberStart; i++) this.bytes[to++] = bytes[i]!;
    this.bytes[to++] = isPadded ? ZERO + digits : ZERO;
    for (let i = numberEnd; i < end; i++) this.bytes[to++] = bytes[i]!;
    this.addKey(this.#endText(to), number);
  }

  /** Sets hashes[from + i] to the hash of each key's value. */
  hashesInto(hashes: Int32Array, from: number): void {
    for (let i = 0; i < this.count; i++) {
      hashes[from + i] = valueHash(this.textHashes[this.textOf[i]!]!, this.numbers[i]!);
    }
  }

  #endText(end: number): number {
    const start = this.offsets[this.textCount]!;
    this.textHashes[this.textCount] = hashBytes(this.bytes, start, end);
    this.offsets[++this.textCount] = end;
    return this.textCount - 1;
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(sizeBytes * 2);
    this.bytes.copy(larger, 0, 0, this.offsets[this.textCount]);
    this.bytes = larger;
  }
}

/**
 * Returns the hash of a value, which is the same everywhere.
 * @param textHash  by hashBytes, of its key's text
 */
export function valueHash(textHash: number, number: number): number {
  if (number < 0) return textHash;
  let hash = Math.imul(textHash ^ (number | 0), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Returns the value of a key. */
export function valueText(text: Buffer, number: number): Buffer {
  if (number < 0) return text;
  const at = text.findIndex(isDigit);
  const digits = text[at]! - ZERO;
  const value = Buffer.allocUnsafe(text.length + NUMBER_DIGITS_MAX);
  text.copy(value, 0, 0, at);
  const end = digits === 0 ? writeInteger(number, value, at) : writePadded(number, digits, value, at);
  return value.subarray(0, end + text.copy(value, end, at + 1));
}
