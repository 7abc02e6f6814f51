/**
 * Puts replacements in the place of what redact rules find in a line. A line that is JSON stays so where it can: escapes
 * are not cut, and what stands outside of a string, such as a number, becomes a string.
 */
import type { Found, Redaction } from './redactions.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const LOWER_U = 0x75;
/** Of `\u0041`, behind the backslash. */
const UNICODE_CHARS = 5;

/** Owns the memory of redacted lines. */
export class Redactor {
  /** The redacted line is its first `length` bytes, until the next call. */
  bytes: Buffer = Buffer.allocUnsafeSlow(1 << 12);
  length = 0;
  readonly #found: Found = { start: 0, end: 0, lineStart: 0, text: undefined };

  /** Redacts bytes[start, end). Returns how often something was found; when never, `bytes` says nothing. */
  redact({ find, replacement }: Redaction, bytes: Buffer, start: number, end: number): number {
    const found = this.#found;
    const isJson = bytes[start] === OPEN_BRACE;
    found.lineStart = start;
    found.text = undefined;
    this.length = 0;
    let count = 0;
    let isInString = false;
    let copied = start;
    for (let at = start; at < end && find(bytes, at, end, found); at = Math.max(found.end, copied)) {
      const from = isJson ? behindEscape(bytes, copied, found.start) : found.start;
      const to = isJson ? Math.min(end, behindEscape(bytes, copied, found.end)) : found.end;
      if (from >= to) continue;
      if (isJson) isInString = isInStringAt(bytes, copied, from, isInString);
      this.#append(bytes, copied, from);
      if (isJson && !isInString) this.#appendQuoted(replacement);
      else this.#append(replacement, 0, replacement.length);
      // Quotes in what was found are gone with it, and with them what they began or ended.
      if (isJson) isInString = isInStringAt(bytes, from, to, isInString);
      copied = to;
      count++;
    }
    if (count > 0) this.#append(bytes, copied, end);
    return count;
  }

  #appendQuoted(text: Buffer): void {
    const quote = Buffer.of(QUOTE);
    this.#append(quote, 0, 1);
    this.#append(text, 0, text.length);
    this.#append(quote, 0, 1);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    bytes.copy(this.bytes, this.length, start, end);
    this.length = length;
  }
}

/** `at`, or the end of the escape in which it stands. */
function behindEscape(bytes: Buffer, lineStart: number, at: number): number {
  for (let back = 1; back <= UNICODE_CHARS && at - back >= lineStart; back++) {
    const start = at - back;
    if (bytes[start] !== BACKSLASH || !isEscape(bytes, lineStart, start)) continue;
    const end = start + (bytes[start + 1] === LOWER_U ? 1 + UNICODE_CHARS : 2);
    return Math.max(at, end);
  }
  return at;
}

/** Whether the backslash begins an escape, and is not itself escaped. */
function isEscape(bytes: Buffer, lineStart: number, backslash: number): boolean {
  let before = backslash;
  while (before > lineStart && bytes[before - 1] === BACKSLASH) before--;
  return (backslash - before) % 2 === 0;
}

function isInStringAt(bytes: Buffer, from: number, to: number, isInString: boolean): boolean {
  let inside = isInString;
  for (let at = from; at < to; at++) {
    if (bytes[at] === BACKSLASH && inside) at++;
    else if (bytes[at] === QUOTE) inside = !inside;
  }
  return inside;
}
