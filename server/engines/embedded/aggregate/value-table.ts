/**
 * Values of one name by number, told apart by their keys (value-keys.ts): 20 bytes a value, and each text once however
 * many values have it. In typed arrays, which go from one task to the next without a copy.
 */
import { copyInto, slotsOf } from './hash-slots.ts';
import { TextTable, type TextTableState } from './text-table.ts';
import { valueHash, ValueKeys, valueText } from './value-keys.ts';

/** All of a table, to be handed over. */
export interface ValueTableState {
  readonly count: number;
  readonly texts: TextTableState;
  /** 1 + the value whose hash leads here, or 0; twice as many as there may be values. */
  readonly slots: Int32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** By value: its key, as one number. */
  readonly keys: Float64Array<ArrayBuffer>;
}

/** Powers of two. */
const VALUES_AT_FIRST = 256;
const SLOTS_PER_VALUE = 2;
/** Slots, hash and key. */
const VALUE_BYTES = 20;
/** A key is its text times this, plus 1 + its number: exact in a float64, as texts take memory and are less than 2^21. */
const TEXT_FACTOR = 2 ** 32;

const oneKey = new ValueKeys();
const oneValue = new Int32Array(1);

export class ValueTable {
  readonly #texts: TextTable;
  #count: number;
  #slots: Int32Array<ArrayBuffer>;
  #hashes: Uint32Array<ArrayBuffer>;
  #keys: Float64Array<ArrayBuffer>;

  /** @param state  of a table that is not used any more; by default the table is empty */
  constructor(state: ValueTableState = emptyState()) {
    this.#texts = new TextTable(state.texts);
    this.#count = state.count;
    this.#slots = state.slots;
    this.#hashes = state.hashes;
    this.#keys = state.keys;
  }

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    return this.#texts.usedBytes + this.#count * VALUE_BYTES;
  }

  /** The same for equal values of all tables. */
  hash(value: number): number {
    return this.#hashes[value]!;
  }

  bytes(value: number): Buffer {
    const key = this.#keys[value]!;
    return valueText(this.#texts.bytes(textOfKey(key)), (key % TEXT_FACTOR) - 1);
  }

  /** Sets values[from + i] to the number of each key's value, which is there from now on. */
  addAll(
    { count, textOf, numbers, textCount, bytes, offsets, textHashes }: ValueKeys,
    values: Int32Array,
    from: number,
  ): void {
    const texts = new Uint32Array(textCount);
    for (let i = 0; i < textCount; i++) texts[i] = this.#texts.add(textHashes[i]!, bytes, offsets[i]!, offsets[i + 1]!);
    for (let i = 0; i < count; i++) {
      const text = textOf[i]!;
      values[from + i] = this.#add(
        valueHash(textHashes[text]!, numbers[i]!),
        texts[text]! * TEXT_FACTOR + 1 + numbers[i]!,
      );
    }
  }

  /** The same, with −1 for values that are not there. */
  findAll(
    { count, textOf, numbers, textCount, bytes, offsets, textHashes }: ValueKeys,
    values: Int32Array,
    from: number,
  ): void {
    const texts = new Int32Array(textCount);
    for (let i = 0; i < textCount; i++)
      texts[i] = this.#texts.find(textHashes[i]!, bytes, offsets[i]!, offsets[i + 1]!);
    for (let i = 0; i < count; i++) {
      const text = textOf[i]!;
      const known = texts[text]!;
      values[from + i] =
        known < 0
          ? -1
          : this.#slots[
              this.#slotOf(valueHash(textHashes[text]!, numbers[i]!), known * TEXT_FACTOR + 1 + numbers[i]!)
            ]! - 1;
    }
  }

  /** By value of another table: its number here, where it is from now on. */
  addTable({ count, texts, keys, hashes }: ValueTableState): Int32Array {
    const textNumbers = new Uint32Array(texts.count);
    for (let i = 0; i < texts.count; i++) {
      textNumbers[i] = this.#texts.add(texts.hashes[i]!, texts.bytes, texts.offsets[i]!, texts.offsets[i + 1]!);
    }
    const values = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const text = textOfKey(keys[i]!);
      values[i] = this.#add(hashes[i]!, keys[i]! + (textNumbers[text]! - text) * TEXT_FACTOR);
    }
    return values;
  }

  /** The number of a value of another table, which is here from now on. */
  addFrom(other: ValueTable, value: number): number {
    const key = other.#keys[value]!;
    const text = textOfKey(key);
    const bytes = other.#texts.bytes(text);
    const own = this.#texts.add(other.#texts.hash(text), bytes, 0, bytes.length);
    return this.#add(other.#hashes[value]!, key + (own - text) * TEXT_FACTOR);
  }

  /** The number of a value, which is here from now on. */
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

  #add(hash: number, key: number): number {
    let slot = this.#slotOf(hash, key);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    if (this.#count === this.#hashes.length) {
      this.#grow();
      slot = this.#slotOf(hash, key);
    }
    const value = this.#count++;
    this.#slots[slot] = value + 1;
    this.#hashes[value] = hash;
    this.#keys[value] = key;
    return value;
  }

  /** Where a value is, or the free slot where it would be. */
  #slotOf(hash: number, key: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0 && keys[slots[slot]! - 1] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const values = this.#count * 2;
    this.#hashes = copyInto(new Uint32Array(values), this.#hashes);
    this.#keys = copyInto(new Float64Array(values), this.#keys);
    this.#slots = slotsOf(this.#hashes, this.#count, values * SLOTS_PER_VALUE);
  }
}

function emptyState(): ValueTableState {
  return {
    count: 0,
    texts: new TextTable().state(),
    slots: new Int32Array(VALUES_AT_FIRST * SLOTS_PER_VALUE),
    hashes: new Uint32Array(VALUES_AT_FIRST),
    keys: new Float64Array(VALUES_AT_FIRST),
  };
}

function textOfKey(key: number): number {
  return Math.floor(key / TEXT_FACTOR);
}
