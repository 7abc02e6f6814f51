/** The text of an answer while it is written: a buffer that grows, with what JSON needs of it. */
import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const SMALL_U = 0x75;
/** Bytes of one that is escaped, at most: `\u001f`. */
const ESCAPE_BYTES_MAX = 6;
const HEX = Buffer.from('0123456789abcdef');
/** By byte below the space: the letter after the backslash, or 0. */
const SHORT_ESCAPES = new Uint8Array(SPACE);
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
] as const) {
  SHORT_ESCAPES[byte] = letter.charCodeAt(0);
}

const NONE = Buffer.alloc(0);

export class TextBuffer {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(1024, sizeBytes));
  }

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Appends a text that is ASCII only, which is faster. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  copy(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#length += bytes.copy(this.#bytes, this.#length, start, end);
  }

  /**
   * Writes bytes as a string of JSON, in quotes; what is not UTF-8 becomes U+FFFD.
   * @returns whether all of it is UTF-8
   */
  jsonString(bytes: Buffer, start: number, end: number): boolean {
    this.#reserve((end - start) * ESCAPE_BYTES_MAX + 2);
    const begin = this.#length;
    const isAscii = this.#escape(bytes, start, end);
    if (isAscii || isUtf8(bytes.subarray(start, end))) return true;
    this.#length = begin;
    const repaired = Buffer.from(bytes.toString('utf8', start, end));
    this.#reserve(repaired.length * ESCAPE_BYTES_MAX + 2);
    this.#escape(repaired, 0, repaired.length);
    return false;
  }

  /** Returns what was written, in memory of its own, so that it can be transferred. It must not be written to any more. */
  finish(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = NONE;
    return new Uint8Array(bytes.buffer.transfer(this.#length));
  }

  /** @returns whether all bytes are ASCII */
  #escape(bytes: Buffer, start: number, end: number): boolean {
    const out = this.#bytes;
    let at = this.#length;
    let all = 0;
    out[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      all |= byte;
      if (byte >= SPACE) {
        if (byte === QUOTE || byte === BACKSLASH) out[at++] = BACKSLASH;
        out[at++] = byte;
      } else at = writeControl(out, at, byte);
    }
    out[at++] = QUOTE;
    this.#length = at;
    return all < 0x80;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function writeControl(out: Buffer, start: number, byte: number): number {
  let at = start;
  out[at++] = BACKSLASH;
  const letter = SHORT_ESCAPES[byte]!;
  if (letter !== 0) out[at++] = letter;
  else {
    out[at++] = SMALL_U;
    at += out.write('00', at);
    out[at++] = HEX[byte >> 4]!;
    out[at++] = HEX[byte & 15]!;
  }
  return at;
}
