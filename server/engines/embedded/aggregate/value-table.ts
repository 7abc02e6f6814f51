/**
 * Values of one name by number, identified by their keys (value-keys.ts): 20 bytes a value, and each text once however
 * many values have it. In typed arrays, which go from one task to the next without a copy.
 */
import { hashBytes } from '../../../../shared/byte-strings.ts';
import { newArray, recycle } from './array-pool.ts';
import { copyInto, noSlots, packed, slotsOf } from './hash-slots.ts';
import { TextTable } from './text-table.ts';
import { AGGREGATE_KEYS_AT_ONCE } from '../../../limits.ts';
import { NUMBER_LIMIT, valueHash, ValueKeys, valueText } from './value-keys.ts';
import { emptyState, SLOTS_PER_VALUE, unpackedState, type ValueTableState } from './value-table-state.ts';

/** Below it, a table grows by four, so that values are seldom rehashed, and above it by two. */
const GROWS_FAST_BELOW = 2 ** 17;
/**
 * A key is its text times this, plus 1 + its number: exact in a float64, as texts take memory and are less than 2^21.
 */
const TEXT_FACTOR = 2 ** 32;

/** Keys that are added in turn, and what is known of each. */
const KEYS_IN_TURN = AGGREGATE_KEYS_AT_ONCE;
const hashesInTurn = new Uint32Array(KEYS_IN_TURN);
const keysInTurn = new Float64Array(KEYS_IN_TURN);
const foundInTurn = new Int32Array(KEYS_IN_TURN);
/** In place of a value. */
const ELSEWHERE = -2;

const oneKey = new ValueKeys();
const oneValue = new Int32Array(1);
/** By text of keys: its number in the table. */
const textsInTurn = new Int32Array(oneKey.textHashes.length);

/** By the last bits of a number: whether a wanted value has them. */
const numberMarks = new Uint8Array(4096);
const NUMBER_MARKS_MASK = numberMarks.length - 1;

export class ValueTable {
  readonly #texts: TextTable;
  #count: number;
  #slots: Int32Array<ArrayBuffer>;
  #hashes: Uint32Array<ArrayBuffer>;
  #keys: Float64Array<ArrayBuffer>;

  /** @param state  of a table that is no longer used; by default the table is empty */
  constructor(state: ValueTableState = emptyState()) {
    const { count, texts, slots, hashes, keys } = state.slots.length === 0 ? unpackedState(state) : state;
    this.#texts = new TextTable(texts);
    this.#count = count;
    this.#slots = slots;
    this.#hashes = hashes;
    this.#keys = keys;
  }

  get count(): number {
    return this.#count;
  }

  /** Equal for equal values of all tables. */
  hash(value: number): number {
    return this.#hashes[value]!;
  }

  bytes(value: number): Buffer {
    const key = this.#keys[value]!;
    return valueText(this.#texts.bytes(textOfKey(key)), (key % TEXT_FACTOR) - 1);
  }

  /** Sets values[from + i] to the number of each key's value, which is added if missing. */
  addAll(
    { count, textOf, numbers, textCount, bytes, offsets, textHashes }: ValueKeys,
    values: Int32Array,
    from: number,
  ): void {
    for (let i = 0; i < textCount; i++) {
      textsInTurn[i] = this.#texts.add(textHashes[i]!, bytes, offsets[i]!, offsets[i + 1]!);
    }
    for (let i = 0; i < count; i++) {
      const text = textOf[i]!;
      hashesInTurn[i] = valueHash(textHashes[text]!, numbers[i]!);
      keysInTurn[i] = keyOf(textsInTurn[text]!, numbers[i]!);
    }
    this.#addInTurn(count, values, from);
  }

  /** Does the same, with −1 for missing values. */
  findAll(
    { count, textOf, numbers, textCount, bytes, offsets, textHashes }: ValueKeys,
    values: Int32Array,
    from: number,
  ): void {
    for (let i = 0; i < textCount; i++) {
      textsInTurn[i] = this.#texts.find(textHashes[i]!, bytes, offsets[i]!, offsets[i + 1]!);
    }
    for (let i = 0; i < count; i++) values[from + i] = this.#find(textsInTurn[textOf[i]!]!, numbers[i]!);
  }

  /** Returns the number of a text of keys; −1 when it is missing. */
  textOf(bytes: Uint8Array): number {
    return this.#texts.find(hashBytes(bytes, 0, bytes.length), bytes, 0, bytes.length);
  }

  /**
   * Sets found[n − min] to the value of each number n from `min` on, or −1.
   * @param positive  its text; −1 for none
   * @param negative  text of the negative numbers
   */
  findRange(positive: number, negative: number, min: number, found: Int32Array): void {
    found.fill(-1);
    const negatives = Math.min(Math.max(0, -min), found.length);
    if (positive >= 0) this.#findFrom(keyOf(positive, min), 1, found, negatives, found.length);
    if (negative >= 0 && negatives > 0) this.#findFrom(keyOf(negative, -min), -1, found, 0, negatives);
  }

  /** Sets found[i], from start on, to the value whose key is `key` + i × step. */
  #findFrom(key: number, step: 1 | -1, found: Int32Array, start: number, end: number): void {
    for (let value = 0; value < this.#count; value++) {
      const at = (this.#keys[value]! - key) * step;
      if (at >= start && at < end) found[at] = value;
    }
  }

  /** Does the same for any numbers; returns false when one is too large for a key. */
  findNumbers(positive: number, negative: number, numbers: ArrayLike<number>, found: Int32Array): boolean {
    const marks = this.#markNumbers(positive, negative);
    for (let i = 0; i < found.length; i++) {
      const number = numbers[i]!;
      const magnitude = number < 0 ? -number : number;
      if (magnitude >= NUMBER_LIMIT) return false;
      // Most are missing, and are excluded by a mark.
      if (marks[magnitude & NUMBER_MARKS_MASK] === 0) found[i] = -1;
      else found[i] = this.#find(number < 0 ? negative : positive, magnitude);
    }
    return true;
  }

  /** By value of another table: its number here, where it is added if missing. */
  addTable({ count, texts, keys, hashes }: ValueTableState): Int32Array {
    const textNumbers = new Int32Array(texts.count);
    for (let i = 0; i < texts.count; i++) {
      textNumbers[i] = this.#texts.add(texts.hashes[i]!, texts.bytes, texts.offsets[i]!, texts.offsets[i + 1]!);
    }
    const values = new Int32Array(count);
    for (let from = 0; from < count; from += KEYS_IN_TURN) {
      const own = takeInTurn({ count, keys, hashes }, textNumbers, from);
      this.#addInTurn(own, values, from);
    }
    return values;
  }

  /** By value of another table: its number here, or −1. */
  findTable({ count, texts, keys, hashes }: ValueTableState): Int32Array {
    const textNumbers = new Int32Array(texts.count);
    for (let i = 0; i < texts.count; i++) {
      textNumbers[i] = this.#texts.find(texts.hashes[i]!, texts.bytes, texts.offsets[i]!, texts.offsets[i + 1]!);
    }
    const values = new Int32Array(count);
    for (let from = 0; from < count; from += KEYS_IN_TURN) {
      const own = takeInTurn({ count, keys, hashes }, textNumbers, from);
      this.#findInTurn(own, values, from);
      for (let i = 0; i < own; i++) {
        if (values[from + i] === ELSEWHERE) {
          values[from + i] = this.#slots[this.#slotInTurn(i)]! - 1;
        }
      }
    }
    return values;
  }

  /** Returns the number of a value of another table, which is added if missing. */
  addFrom({ texts, keys, hashes }: ValueTableState, value: number): number {
    const key = keys[value]!;
    const text = textOfKey(key);
    const own = this.#texts.add(texts.hashes[text]!, texts.bytes, texts.offsets[text]!, texts.offsets[text + 1]!);
    hashesInTurn[0] = hashes[value]!;
    keysInTurn[0] = key + (own - text) * TEXT_FACTOR;
    return this.#addOfTurn(0);
  }

  /** Returns the number of a value, which is added if missing. */
  addText(text: string): number {
    const bytes = Buffer.from(text);
    oneKey.clear();
    oneKey.addValue(bytes, 0, bytes.length);
    this.addAll(oneKey, oneValue, 0);
    return oneValue[0]!;
  }

  state(): ValueTableState {
    return {
      count: this.#count,
      texts: this.#texts.state(),
      slots: this.#slots,
      hashes: this.#hashes,
      keys: this.#keys,
    };
  }

  /** Returns the state in memory of its size, to be transferred. The table must not be used any more. */
  pack(): ValueTableState {
    recycle(this.#slots.buffer);
    return {
      count: this.#count,
      texts: this.#texts.pack(),
      slots: noSlots(),
      hashes: packed(this.#hashes, this.#count),
      keys: packed(this.#keys, this.#count),
    };
  }

  /** Marks the last bits of numbers of two texts. */
  #markNumbers(a: number, b: number): Uint8Array {
    numberMarks.fill(0);
    for (let value = 0; value < this.#count; value++) {
      const text = textOfKey(this.#keys[value]!);
      if (text === a || text === b) numberMarks[(this.#keys[value]! - keyOf(text, 0)) & NUMBER_MARKS_MASK] = 1;
    }
    return numberMarks;
  }

  #find(text: number, number: number): number {
    if (text < 0) return -1;
    hashesInTurn[0] = valueHash(this.#texts.hash(text), number);
    keysInTurn[0] = keyOf(text, number);
    return this.#slots[this.#slotInTurn(0)]! - 1;
  }

  /**
   * Adds the keys together. The first slots of all hashes are read before any key is compared: reads that miss all
   * caches take a hundred times as long as others, and they overlap if no branch depends on them.
   */
  #addInTurn(count: number, values: Int32Array, from: number): void {
    this.#findInTurn(count, values, from);
    for (let i = 0; i < count; i++) {
      if (values[from + i]! < 0) values[from + i] = this.#addOfTurn(i);
    }
  }

  /** Sets the values that are in their first slots; −1 for missing ones, and ELSEWHERE where other slots are to be read. */
  #findInTurn(count: number, values: Int32Array, from: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let i = 0; i < count; i++) foundInTurn[i] = slots[hashesInTurn[i]! & mask]!;
    const known = this.#keys;
    for (let i = 0; i < count; i++) {
      const value = foundInTurn[i]! - 1;
      values[from + i] = value < 0 ? -1 : known[value] === keysInTurn[i] ? value : ELSEWHERE;
    }
  }

  /** Returns the value of a key that is taken in turn, which is added if missing. */
  #addOfTurn(at: number): number {
    let slot = this.#slotInTurn(at);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    if (this.#count === this.#hashes.length) {
      this.#grow();
      slot = this.#slotInTurn(at);
    }
    const value = this.#count++;
    this.#slots[slot] = value + 1;
    this.#hashes[value] = hashesInTurn[at]!;
    this.#keys[value] = keysInTurn[at]!;
    return value;
  }

  /**
   * Returns the slot of a key that is taken in turn, or the free slot where it would be. It is said by its index: a
   * function that is not inlined gets a hash or a key as an object, which made a quarter of the garbage of counting.
   */
  #slotInTurn(at: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const key = keysInTurn[at]!;
    const mask = slots.length - 1;
    let slot = hashesInTurn[at]! & mask;
    while (slots[slot] !== 0 && keys[slots[slot]! - 1] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const values = this.#count * (this.#count < GROWS_FAST_BELOW ? 4 : 2);
    this.#hashes = copyInto(newArray(Uint32Array<ArrayBuffer>, values), this.#hashes);
    this.#keys = copyInto(newArray(Float64Array<ArrayBuffer>, values), this.#keys);
    this.#slots = slotsOf(this.#hashes, this.#count, values * SLOTS_PER_VALUE, this.#slots);
  }
}

/**
 * Takes keys of another table, from one of its values on, as they would be in this one.
 * @param textNumbers  by text there: its number here, or −1
 * @returns how many
 */
function takeInTurn(
  { count, keys, hashes }: Pick<ValueTableState, 'count' | 'keys' | 'hashes'>,
  textNumbers: Int32Array,
  from: number,
): number {
  const own = Math.min(KEYS_IN_TURN, count - from);
  for (let i = 0; i < own; i++) {
    const key = keys[from + i]!;
    const text = textOfKey(key);
    const number = textNumbers[text]!;
    hashesInTurn[i] = hashes[from + i]!;
    // No value has the key NaN.
    keysInTurn[i] = number < 0 ? NaN : key + (number - text) * TEXT_FACTOR;
  }
  return own;
}

function keyOf(text: number, number: number): number {
  return text * TEXT_FACTOR + 1 + number;
}

function textOfKey(key: number): number {
  return Math.floor(key / TEXT_FACTOR);
}
