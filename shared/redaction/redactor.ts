/**
 * Replaces what redact rules find in a line. Rules see text, not escapes: where a string has escapes, they are undone first, as
 * often as there are levels of them. JSON stays valid, also inside of strings: in keys and strings a match is replaced, a number or
 * literal with a match becomes a string as a whole, and what is between them stays. A line may have several objects, and text
 * around them.
 */
import { isBetweenValues, jsonIn, type JsonValue } from './json-tokens.ts';
import type { LineText } from './line-text.ts';
import type { Finder, Found, Redaction } from './redaction.ts';
import { UNESCAPE_LEVELS_MAX, unescapeText } from './unescape.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** The length of `\u0041` after the backslash. */
const UNICODE_CHARS = 5;

/** A text that is searched: the line, or the content of one of its strings. */
interface View {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Maps its bytes to those of the line; undefined for the line itself. */
  readonly map: Int32Array | undefined;
  /** Levels of escapes that are undone. */
  readonly level: number;
}

/** A replacement of bytes of the line. */
interface Edit {
  readonly start: number;
  end: number;
  readonly text: Buffer;
}

/** Owns the memory of redacted lines. */
export class Redactor {
  /** The redacted line is its first `length` bytes, until the next call. */
  bytes: Buffer = Buffer.allocUnsafeSlow(1 << 12);
  length = 0;
  readonly #found: Found = { start: 0, end: 0, lineStart: 0, text: undefined };
  #redaction!: Redaction;
  #edits: Edit[] = [];

  /** Redacts a line. Returns how many texts were replaced; when it is 0, `bytes` is not set. */
  redact(redaction: Redaction, line: LineText): number {
    if (!line.mayHold(redaction)) return 0;
    const { bytes, start, end } = line;
    this.#redaction = redaction;
    this.#edits = [];
    this.#visit({ bytes, start, end, map: undefined, level: 0 });
    const edits = merged(this.#edits);
    if (edits.length > 0) this.#splice(bytes, start, end, edits);
    return edits.length;
  }

  /**
   * Searches a text, and without their escapes the strings of its JSON and the texts around it. What is found both with and
   * without escapes is replaced once, because edits that overlap are merged.
   */
  #visit(view: View): void {
    const { bytes, start, end } = view;
    const values = jsonIn(bytes, start, end);
    const quotes = new QuoteCursor(bytes, start);
    this.#findAll(view, (from, to) => this.#replaceMatch(view, values, quotes, from, to));
    for (const { tokens } of values) {
      for (const token of tokens) if (token.hasEscapes) this.#visitUnescaped(view, token.start, token.end);
    }
    let textStart = start;
    for (const value of [...values, { start: end, end }]) {
      if (bytes.subarray(textStart, value.start).includes(BACKSLASH)) {
        this.#visitUnescaped(view, textStart, value.start);
      }
      textStart = value.end;
    }
  }

  #visitUnescaped({ bytes, map: outer, level }: View, start: number, end: number): void {
    if (level === UNESCAPE_LEVELS_MAX) return;
    const { bytes: text, map } = unescapeText(bytes, start, end, outer);
    this.#visit({ bytes: text, start: 0, end: text.length, map, level: level + 1 });
  }

  /** Calls `replace` with each match. */
  #findAll({ bytes, start, end }: View, replace: (from: number, to: number) => void): void {
    const { find }: { find: Finder } = this.#redaction;
    const found = this.#found;
    found.lineStart = start;
    found.text = undefined;
    for (let at = start; at < end && find(bytes, at, end, found); at = Math.max(found.end, at + 1)) {
      replace(found.start, found.end);
    }
  }

  /** Replaces what a match has of text and of JSON, each in its way; matches come in ascending order. */
  #replaceMatch(view: View, values: readonly JsonValue[], quotes: QuoteCursor, from: number, to: number): void {
    let at = from;
    for (let i = firstAfter(values, from); i < values.length && values[i]!.start < to; i++) {
      const value = values[i]!;
      if (at === from || !isBetweenValues(view.bytes, at, value.start))
        this.#replaceText(view, at, value.start, quotes);
      this.#replaceTokens(view, value, from, to);
      at = value.end;
    }
    if (at === from || !isBetweenValues(view.bytes, at, to)) this.#replaceText(view, at, to, quotes);
  }

  /** Replaces text outside of JSON. In quotes, an escape is never cut. */
  #replaceText(view: View, from: number, to: number, quotes: QuoteCursor): void {
    if (from >= to) return;
    const { bytes, start, end, level } = view;
    const isQuoted = quotes.isQuotedAt(from);
    const first = isQuoted ? afterEscape(bytes, start, from) : from;
    const last = isQuoted ? Math.min(end, afterEscape(bytes, start, to)) : to;
    this.#replace(view, first, last, escaped(this.#redaction.replacement, level));
  }

  /** Replaces a match in a JSON value, token by token. Strings with escapes are searched separately. */
  #replaceTokens(view: View, json: JsonValue, from: number, to: number): void {
    const { replacement, isNamed } = this.#redaction;
    const text = escaped(replacement, 1);
    for (let i = firstAfter(json.tokens, from); i < json.tokens.length; i++) {
      const { start, end, isString, hasEscapes } = json.tokens[i]!;
      if (start >= to) break;
      const isWithin = from >= start && to <= end;
      if (!isString) {
        // A card number is never part of a number.
        const isPart = isNamed && (from > start || to < end);
        if (!isPart) this.#replace(view, start, end, escaped(`"${text}"`, view.level));
      } else if (!hasEscapes || !isWithin) {
        const [first, last] = hasEscapes ? [start, end] : [Math.max(from, start), Math.min(to, end)];
        this.#replace(view, first, last, escaped(text, view.level));
      }
    }
  }

  #replace({ map }: View, from: number, to: number, text: string): void {
    if (from >= to) return;
    let start = from;
    let end = to;
    if (map !== undefined) {
      // An escape is replaced as a whole, even if only some bytes of its character matched.
      while (end + 1 < map.length && map[end] === map[end - 1]) end++;
      [start, end] = [map[from]!, map[end]!];
    }
    this.#edits.push({ start, end, text: Buffer.from(text) });
  }

  #splice(bytes: Buffer, start: number, end: number, edits: readonly Edit[]): void {
    this.length = 0;
    let copied = start;
    for (const { start: from, end: to, text } of edits) {
      this.#append(bytes, copied, from);
      this.#append(text, 0, text.length);
      copied = to;
    }
    this.#append(bytes, copied, end);
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

/** Sorts edits and merges those that overlap. */
function merged(edits: Edit[]): Edit[] {
  const result: Edit[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (last !== undefined && edit.start < last.end) last.end = Math.max(last.end, edit.end);
    else result.push(edit);
  }
  return result;
}

/** Escapes a text for a string nested in `levels` strings. */
function escaped(text: string, levels: number): string {
  let result = text;
  for (let level = 0; level < levels; level++) result = JSON.stringify(result).slice(1, -1);
  return result;
}

/** Returns `at`, or the end of the escape that contains it. */
function afterEscape(bytes: Buffer, lineStart: number, at: number): number {
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

/** Finds the first of the ranges, which are in order, that ends after `at`. */
function firstAfter(ranges: readonly { readonly end: number }[], at: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.end <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a quote is open at an offset; offsets must be asked for in ascending order. */
class QuoteCursor {
  readonly #bytes: Buffer;
  #at: number;
  #isQuoted = false;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  isQuotedAt(at: number): boolean {
    for (; this.#at < at; this.#at++) {
      if (this.#bytes[this.#at] === BACKSLASH && this.#isQuoted) this.#at++;
      else if (this.#bytes[this.#at] === QUOTE) this.#isQuoted = !this.#isQuoted;
    }
    return this.#isQuoted;
  }
}
