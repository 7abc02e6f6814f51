/** The distinct values of several dictionaries, each once, in order of arrival: a dictionary under construction. */
import { hashBytes, sameBytes } from '../../byte-strings.ts';
import type { ByteStrings } from '../../byte-strings.ts';
import { DICTIONARY_VALUES_MAX } from '../format.ts';

const TABLE_SLOTS = DICTIONARY_VALUES_MAX * 2;

/** Owns a hash table for the largest possible dictionary (1.3 MB); one serves all columns, one after the other. */
export class JoinedDictionary {
  /** Code + base of the value in a slot; entries of an earlier dictionary are below base, so clearing costs nothing. */
  readonly #table = new Int32Array(TABLE_SLOTS);
  readonly #hashes = new Uint32Array(DICTIONARY_VALUES_MAX);
  readonly #offsets = new Uint32Array(DICTIONARY_VALUES_MAX + 1);
  #bytes = Buffer.allocUnsafeSlow(4096);
  #base = 1;
  #count = 0;

  clear(): void {
    this.#base += this.#count;
    this.#count = 0;
    if (this.#base <= 0x7fffffff - TABLE_SLOTS) return;
    this.#table.fill(0);
    this.#base = 1;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the code of a value, new or known; −1 when there are too many. */
  add(strings: ByteStrings, index: number): number {
    return this.addBytes(strings.bytes, strings.offsets[index]!, strings.offsets[index + 1]!);
  }

  addBytes(bytes: Buffer, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end);
    let slot = hash % TABLE_SLOTS;
    for (;;) {
      const code = this.#table[slot]! - this.#base;
      if (code < 0) break;
      if (this.#hashes[code] === hash && this.#equals(code, bytes, start, end)) return code;
      slot = (slot + 1) % TABLE_SLOTS;
    }
    const code = this.#count;
    if (code === DICTIONARY_VALUES_MAX) return -1;
    this.#table[slot] = this.#base + code;
    this.#hashes[code] = hash;
    this.#offsets[code + 1] = this.#append(bytes, start, end);
    this.#count = code + 1;
    return code;
  }

  /** Valid until the next `clear`. */
  strings(): ByteStrings {
    return { bytes: this.#bytes, offsets: this.#offsets.subarray(0, this.#count + 1) };
  }

  #equals(code: number, bytes: Buffer, start: number, end: number): boolean {
    return sameBytes(bytes, start, end, this.#bytes, this.#offsets[code]!, this.#offsets[code + 1]!);
  }

  /** @returns the end of the appended bytes */
  #append(bytes: Buffer, start: number, end: number): number {
    const at = this.#offsets[this.#count]!;
    const used = at + end - start;
    if (used > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(used, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, at, start, end);
    return used;
  }
}
