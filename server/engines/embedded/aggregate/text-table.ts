/**
 * Texts by number: each once, in order of arrival, in a hash table of typed arrays that goes from task to task
 * uncopied.
 */
import { sameBytes } from '../../../../shared/byte-strings.ts';
import { newArray, recycle } from './array-pool.ts';
import { copyInto, noSlots, packed, powerOfTwo, slotsOf, unpacked } from './hash-slots.ts';

/** The arrays of a table, to be transferred. */
export interface TextTableState {
  readonly count: number;
  /** 1 + the text whose hash leads here, or 0; twice as many as there is room for texts. Empty in a packed table. */
  readonly slots: Int32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** Text i is bytes[offsets[i], offsets[i + 1]). */
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Powers of two. */
const TEXTS_AT_FIRST = 64;
const SLOTS_PER_TEXT = 2;
const BYTES_AT_FIRST = 2048;
/** Memory of a text besides its bytes: slots, hash and offset. */
const TEXT_BYTES = 16;

export class TextTable {
  #count: number;
  #slots: Int32Array<ArrayBuffer>;
  #hashes: Uint32Array<ArrayBuffer>;
  #offsets: Uint32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;

  /** @param state  of a table that is no longer used; by default the table is empty */
  constructor(state: TextTableState = emptyState()) {
    const { count, slots, hashes, offsets, bytes } = state.slots.length === 0 ? unpackedState(state) : state;
    this.#count = count;
    this.#slots = slots;
    this.#hashes = hashes;
    this.#offsets = offsets;
    this.#bytes = bytes;
  }

  hash(text: number): number {
    return this.#hashes[text]!;
  }

  /** Valid until the next `add`. */
  bytes(text: number): Buffer {
    const start = this.#offsets[text]!;
    return Buffer.from(this.#bytes.buffer, start, this.#offsets[text + 1]! - start);
  }

  /**
   * Returns the number of a text; −1 when it is missing.
   * @param hash  by hashBytes, here and elsewhere
   */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(hash, bytes, start, end)]! - 1;
  }

  /** Returns the number of a text, which is added if missing. */
  add(hash: number, bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#slotOf(hash, bytes, start, end);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    if (this.#reserve(end - start)) slot = this.#slotOf(hash, bytes, start, end);
    const text = this.#count++;
    this.#slots[slot] = text + 1;
    this.#hashes[text] = hash;
    let at = this.#offsets[text]!;
    for (let i = start; i < end; i++) this.#bytes[at++] = bytes[i]!;
    this.#offsets[text + 1] = at;
    return text;
  }

  state(): TextTableState {
    return {
      count: this.#count,
      slots: this.#slots,
      hashes: this.#hashes,
      offsets: this.#offsets,
      bytes: this.#bytes,
    };
  }

  /** Returns the state in memory of its size, to be transferred. The table must not be used any more. */
  pack(): TextTableState {
    recycle(this.#slots.buffer);
    return {
      count: this.#count,
      slots: noSlots(),
      hashes: packed(this.#hashes, this.#count),
      bytes: packed(this.#bytes, this.#offsets[this.#count]!),
      offsets: packed(this.#offsets, this.#count + 1),
    };
  }

  /** Returns the slot of a text, or the free slot where it would be. */
  #slotOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const text = this.#slots[slot]! - 1;
      if (text < 0) return slot;
      if (
        this.#hashes[text] === hash &&
        sameBytes(bytes, start, end, this.#bytes, this.#offsets[text]!, this.#offsets[text + 1]!)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  /**
   * Makes room for a text.
   * @returns true when slots have moved
   */
  #reserve(sizeBytes: number): boolean {
    const usedBytes = this.#offsets[this.#count]! + sizeBytes;
    if (usedBytes > this.#bytes.length) {
      this.#bytes = copyInto(
        newArray(Uint8Array<ArrayBuffer>, Math.max(usedBytes, this.#bytes.length * 2)),
        this.#bytes,
      );
    }
    if (this.#count < this.#hashes.length) return false;
    const texts = this.#count * 2;
    this.#hashes = copyInto(newArray(Uint32Array<ArrayBuffer>, texts), this.#hashes);
    this.#offsets = copyInto(newArray(Uint32Array<ArrayBuffer>, texts + 1), this.#offsets);
    this.#slots = slotsOf(this.#hashes, this.#count, texts * SLOTS_PER_TEXT, this.#slots);
    return true;
  }
}

export function usedBytesOfTexts({ count, offsets }: TextTableState): number {
  return offsets[count]! + count * TEXT_BYTES;
}

function unpackedState({ count, hashes, offsets, bytes }: TextTableState): TextTableState {
  const texts = powerOfTwo(TEXTS_AT_FIRST, count);
  const own = unpacked(Uint32Array<ArrayBuffer>, hashes, texts);
  return {
    count,
    slots: slotsOf(own, count, texts * SLOTS_PER_TEXT),
    hashes: own,
    offsets: unpacked(Uint32Array<ArrayBuffer>, offsets, texts + 1),
    bytes: unpacked(Uint8Array<ArrayBuffer>, bytes, powerOfTwo(BYTES_AT_FIRST, bytes.length)),
  };
}

function emptyState(): TextTableState {
  return {
    count: 0,
    slots: new Int32Array(TEXTS_AT_FIRST * SLOTS_PER_TEXT),
    hashes: new Uint32Array(TEXTS_AT_FIRST),
    offsets: new Uint32Array(TEXTS_AT_FIRST + 1),
    bytes: new Uint8Array(BYTES_AT_FIRST),
  };
}
