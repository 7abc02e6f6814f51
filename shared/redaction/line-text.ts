/**
 * A line as redact rules search it: as it is, and without its escapes. Most lines hold nothing for most rules, which is
 * found out here without copying the line.
 */
import type { Found, Redaction } from './redaction.ts';
import { UNESCAPE_LEVELS_MAX, unescapeInto } from './unescape.ts';

const BACKSLASH = 0x5c;
/** Bits for bytes that a rule requires. */
export const HAS_AT = 1;
export const HAS_DOT = 2;
const HAS_ESCAPE = 4;

const BITS = new Uint8Array(256);
for (const byte of Buffer.from('@%')) BITS[byte] = HAS_AT;
for (const byte of Buffer.from('.')) BITS[byte] = HAS_DOT;
BITS[BACKSLASH] = HAS_ESCAPE;

/** Owns the memory of unescaped lines. */
export class LineText {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  #bits = 0;
  readonly #levels: Buffer[] = [];
  readonly #lengths: number[] = [];
  readonly #found: Found = { start: 0, end: 0, lineStart: 0, text: undefined };

  /** Makes bytes[start, end) the line that is searched. */
  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#bits = bitsOf(bytes, start, end);
    this.#lengths.length = 0;
    if ((this.#bits & HAS_ESCAPE) !== 0) this.#unescape();
  }

  /** Whether the rule may find something. */
  mayHold({ find, needs, isNamed }: Redaction): boolean {
    if (needs !== 0 && (this.#bits & needs) === 0) return false;
    // No redactor contains a backslash, so a match is in the unescaped line, too.
    const isSeenUnescaped = isNamed && this.#lengths.length > 0;
    if (!isSeenUnescaped && this.#finds(find, this.bytes, this.start, this.end)) return true;
    for (let level = 0; level < this.#lengths.length; level++) {
      if (this.#finds(find, this.#levels[level]!, 0, this.#lengths[level]!)) return true;
    }
    return false;
  }

  #finds(find: Redaction['find'], bytes: Buffer, start: number, end: number): boolean {
    const found = this.#found;
    found.lineStart = start;
    found.text = undefined;
    return find(bytes, start, end, found);
  }

  /** Undoes the escapes of the whole line, level by level: what is found in one of its strings is found here, too. */
  #unescape(): void {
    let { bytes, start, end } = this;
    for (let level = 0; level < UNESCAPE_LEVELS_MAX; level++) {
      const sizeBytes = end - start;
      if (sizeBytes > (this.#levels[level]?.length ?? 0)) this.#levels[level] = Buffer.allocUnsafeSlow(sizeBytes * 2);
      const text = this.#levels[level]!;
      const length = unescapeInto(text, bytes, start, end);
      const bits = bitsOf(text, 0, length);
      this.#bits |= bits;
      this.#lengths.push(length);
      if (length === sizeBytes || (bits & HAS_ESCAPE) === 0) return;
      [bytes, start, end] = [text, 0, length];
    }
  }
}

function bitsOf(bytes: Buffer, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= BITS[bytes[at]!]!;
  return bits;
}
