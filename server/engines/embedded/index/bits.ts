/** Numbers of a few bits each, end to end, lowest bit first, of which index blocks consist. */
import { CorruptionError } from '../../../../shared/errors.ts';

/** Owns a buffer that grows; one writer can write many blocks. */
export class BitWriter {
  #bytes = new Uint8Array(4096);
  /** Bits that do not fill a byte yet, and their number. */
  #pending = 0;
  #pendingBits = 0;
  #length = 0;

  reset(): void {
    this.#pending = 0;
    this.#pendingBits = 0;
    this.#length = 0;
  }

  /** @param width  up to 17 bits */
  bits(value: number, width: number): void {
    this.#pending |= value << this.#pendingBits;
    this.#pendingBits += width;
    if (this.#length + 3 > this.#bytes.length) this.#grow();
    for (; this.#pendingBits >= 8; this.#pendingBits -= 8) {
      this.#bytes[this.#length++] = this.#pending & 0xff;
      this.#pending >>>= 8;
    }
  }

  /**
   * Writes a Rice code (Rice and Plaunt, 1971): value >> low as that many ones and a zero, then the `low` lowest bits.
   */
  rice(value: number, low: number): void {
    let ones = value >>> low;
    for (; ones >= 16; ones -= 16) this.bits(0xffff, 16);
    this.bits((1 << ones) - 1, ones + 1);
    this.bits(value & ((1 << low) - 1), low);
  }

  /** Writes a number below `limit` in the fewest bits: truncated binary. */
  below(value: number, limit: number): void {
    const width = 31 - Math.clz32(limit);
    const short = 2 ** (width + 1) - limit;
    if (value < short) {
      this.bits(value, width);
    } else {
      const shifted = value + short;
      // The highest bits come first, so that a reader knows after `width` of them whether there is one more.
      this.bits(shifted >>> 1, width);
      this.bits(shifted & 1, 1);
    }
  }

  /** Returns a view of all bytes, the last one padded with zeros; valid until the next `reset`. */
  finish(): Uint8Array {
    if (this.#pendingBits > 0) this.bits(0, 8 - this.#pendingBits);
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Reads what a BitWriter wrote. Throws CorruptionError at the end of the bytes. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;

  /** @param offset  of the first byte */
  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#at = offset * 8;
  }

  bits(width: number): number {
    let value = 0;
    for (let bit = 0; bit < width; bit++) value |= this.#bit() << bit;
    return value;
  }

  rice(low: number): number {
    let ones = 0;
    while (this.#bit() === 1) ones++;
    return ones * 2 ** low + this.bits(low);
  }

  below(limit: number): number {
    const width = 31 - Math.clz32(limit);
    const short = 2 ** (width + 1) - limit;
    const value = this.bits(width);
    return value < short ? value : value * 2 + this.#bit() - short;
  }

  #bit(): number {
    const at = this.#at++;
    const byte = this.#bytes[at >> 3];
    if (byte === undefined) throw new CorruptionError('an index block ends too soon');
    return (byte >> (at & 7)) & 1;
  }
}
