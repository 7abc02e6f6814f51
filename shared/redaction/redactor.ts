/**
 * Replaces what redact rules find in a line. Rules see text, not escapes: where a string has escapes, they are undone first, as
 * often as there are levels of them. JSON stays valid, also inside of strings: in keys and strings a match is replaced, a number or
 * literal with a match becomes a string as a whole, and what is between them stays.
 */
import { jsonIn, type JsonToken, type JsonValue } from './json-tokens.ts';
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
  /** It was searched with its escapes before: only matches that contain one are new. */
  readonly isRepeat: boolean;
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

  /** Redacts a line. Returns the number of matches; when it is 0, `bytes` is not set. */
  redact(redaction: Redaction, line: LineText): number {
    if (!line.mayHold(redaction)) return 0;
    const { bytes, start, end } = line;
    this.#redaction = redaction;
    this.#edits = [];
    const count = this.#visit({ bytes, start, end, map: undefined, level: 0, isRepeat: false });
    if (this.#edits.length === 0) return 0;
    this.#splice(bytes, start, end);
    return count;
  }

  /** Searches a text, and the strings in it that have escapes. Returns the number of matches. */
  #visit(view: View): number {
    const { bytes, start, end } = view;
    const json = jsonIn(bytes, start, end);
    const quotes = new QuoteCursor(bytes, start);
    let count = this.#replaceAll(view, (from, to) => {
      if (json !== undefined && to > json.start && from < json.end) return this.#replaceTokens(view, json, from, to);
      return this.#replaceText(view, from, to, quotes.isQuotedAt(from));
    });
    for (const token of json?.tokens ?? []) {
      if (token.hasEscapes) count += this.#visitUnescaped(view, token.start, token.end, false);
    }
    const hasEscapes = (from: number, to: number): boolean => bytes.subarray(from, to).includes(BACKSLASH);
    const [jsonStart, jsonEnd] = json === undefined ? [end, end] : [json.start, json.end];
    if (hasEscapes(start, jsonStart)) count += this.#visitUnescaped(view, start, jsonStart, true);
    if (hasEscapes(jsonEnd, end)) count += this.#visitUnescaped(view, jsonEnd, end, true);
    return count;
  }

  /** @param isRepeat  it is text outside of strings, and was searched as it is before */
  #visitUnescaped({ bytes, map: outer, level }: View, start: number, end: number, isRepeat: boolean): number {
    if (level === UNESCAPE_LEVELS_MAX) return 0;
    const { bytes: text, map } = unescapeText(bytes, start, end, outer);
    return this.#visit({ bytes: text, start: 0, end: text.length, map, level: level + 1, isRepeat });
  }

  /** Calls `replace` with each match. Returns how many were replaced. */
  #replaceAll({ bytes, start, end }: View, replace: (from: number, to: number) => boolean): number {
    const { find }: { find: Finder } = this.#redaction;
    const found = this.#found;
    found.lineStart = start;
    found.text = undefined;
    let count = 0;
    for (let at = start; at < end && find(bytes, at, end, found); at = Math.max(found.end, at + 1)) {
      if (replace(found.start, found.end)) count++;
    }
    return count;
  }

  /** Replaces a match outside of JSON. In quotes, an escape is never cut. */
  #replaceText(view: View, from: number, to: number, isQuoted: boolean): boolean {
    const { bytes, start, end, level } = view;
    const first = isQuoted ? afterEscape(bytes, start, from) : from;
    const last = isQuoted ? Math.min(end, afterEscape(bytes, start, to)) : to;
    return this.#replace(view, first, last, escaped(this.#redaction.replacement, level));
  }

  /** Replaces a match in a JSON value, token by token. Strings with escapes are searched separately. */
  #replaceTokens(view: View, json: JsonValue, from: number, to: number): boolean {
    const { replacement, isNamed } = this.#redaction;
    const text = escaped(replacement, 1);
    let isReplaced = false;
    for (let i = firstTokenAfter(json.tokens, from); i < json.tokens.length; i++) {
      const { start, end, isString, hasEscapes } = json.tokens[i]!;
      if (start >= to) break;
      const isWithin = from >= start && to <= end;
      if (!isString) {
        // A card number is never part of a number.
        const isPart = isNamed && (from > start || to < end);
        if (!isPart) isReplaced = this.#replace(view, start, end, escaped(`"${text}"`, view.level)) || isReplaced;
      } else if (!hasEscapes || !isWithin) {
        const [first, last] = hasEscapes ? [start, end] : [Math.max(from, start), Math.min(to, end)];
        isReplaced = this.#replace(view, first, last, escaped(text, view.level)) || isReplaced;
      }
    }
    return isReplaced;
  }

  #replace({ map, isRepeat }: View, from: number, to: number, text: string): boolean {
    if (from >= to) return false;
    let start = from;
    let end = to;
    if (map !== undefined) {
      // An escape is replaced as a whole, even if only some bytes of its character matched.
      while (end + 1 < map.length && map[end] === map[end - 1]) end++;
      [start, end] = [map[from]!, map[end]!];
    }
    if (isRepeat && end - start === to - from) return false;
    this.#edits.push({ start, end, text: Buffer.from(text) });
    return true;
  }

  #splice(bytes: Buffer, start: number, end: number): void {
    this.length = 0;
    let copied = start;
    for (const { start: from, end: to, text } of merged(this.#edits)) {
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

/** Finds the first token that ends after `at`, by binary search. */
function firstTokenAfter(tokens: readonly JsonToken[], at: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle]!.end <= at) low = middle + 1;
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
