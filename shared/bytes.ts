/**
 * Growing byte writer and bounds-checked byte reader, with which every podlog format is written and read (see
 * row-group/FORMAT.md). Integers are LEB128 varints unless a name says otherwise; fixed-width integers are
 * little-endian; a string is a varint of its UTF-8 length followed by its bytes.
 */
import { CorruptionError } from './errors.ts';

/** Owns a buffer that doubles as needed; `finish` returns a copy of what was written. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Discards what was written; the memory is kept. */
  reset(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** Writes a non-negative integer up to 2^53 − 1, seven bits a byte, lowest first. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`BUG: ${value} is not a valid varint`);
    let at = this.#grow(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[at++] = rest;
    this.#length = at;
  }

  /** Writes a signed safe integer: zigzag, then varint. Its magnitude may use 52 bits. */
  signedVarint(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  string(value: string): void {
    const sizeBytes = Buffer.byteLength(value);
    this.varint(sizeBytes);
    const at = this.#grow(sizeBytes);
    this.#bytes.write(value, at, 'utf8');
  }

  /** Writes bytes without a length. */
  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Writes bytes preceded by their length. */
  sized(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** Returns a view of what was written so far; valid until the next write or reset. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Returns a copy of what was written so far. */
  finish(): Buffer {
    return Buffer.from(this.view());
  }

  /** Makes room for `sizeBytes` more, counts them as written and returns where they start. */
  #grow(sizeBytes: number): number {
    const at = this.#length;
    const needed = at + sizeBytes;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

/** Reads what ByteWriter wrote. Every read is checked against the end; a short buffer is a CorruptionError. */
export class ByteReader {
  readonly bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.bytes[this.#take(1)]!;
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#take(4));
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.#take(8));
  }

  varint(): number {
    const first = this.bytes[this.#take(1)]!;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < 8; i++) {
      const byte = this.bytes[this.#take(1)]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new CorruptionError(`a varint at byte ${this.#at} is longer than 53 bits`);
  }

  signedVarint(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /**
   * Reads a count of items that take at least `sizeBytesMin` each; refused when the remaining bytes could not hold
   * them.
   */
  count(sizeBytesMin = 1): number {
    const value = this.varint();
    if (value * sizeBytesMin > this.remaining) {
      throw new CorruptionError(`a count of ${value} at byte ${this.#at} is more than the data can hold`);
    }
    return value;
  }

  string(): string {
    const sizeBytes = this.varint();
    const at = this.#take(sizeBytes);
    return this.bytes.toString('utf8', at, at + sizeBytes);
  }

  /**
   * Skips bytes that are preceded by their length.
   * @returns where they begin; they end at `offset`
   */
  skipSized(): number {
    return this.#take(this.varint());
  }

  /** Returns a view of the next `sizeBytes` bytes; not a copy. */
  raw(sizeBytes: number): Buffer {
    const at = this.#take(sizeBytes);
    return this.bytes.subarray(at, at + sizeBytes);
  }

  /** Returns a view of bytes that are preceded by their length; not a copy. */
  sized(): Buffer {
    return this.raw(this.varint());
  }

  /** @throws CorruptionError when bytes are left over */
  expectEnd(): void {
    if (this.remaining !== 0) throw new CorruptionError(`${this.remaining} bytes are left over at byte ${this.#at}`);
  }

  #take(sizeBytes: number): number {
    if (sizeBytes > this.remaining) {
      throw new CorruptionError(
        `the data ends at byte ${this.#end}, ${sizeBytes} more bytes were expected at ${this.#at}`,
      );
    }
    const at = this.#at;
    this.#at = at + sizeBytes;
    return at;
  }
}

/** Returns a table: byte → 1 if the text contains it. */
export function byteTable(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(text)) table[byte] = 1;
  return table;
}
