/**
 * The time in a pushed line: the first of its top-level fields `time`, `ts`, `timestamp`, `@timestamp`, `@t` (Serilog)
 * and `t.$date` (MongoDB) that is an instant: as RFC 3339, as access logs write it, or as a number of seconds,
 * milliseconds, microseconds or nanoseconds since 1970, with or without an exponent. A time without a zone is not an
 * instant. If a line has a field more than once, the last one counts.
 *
 * By then the shredder has cut the line, JSON or text, into values, and its template shows which of them may be the
 * time. Only an object that it did not cut to its end (too wide, one shape too many) is searched byte by byte.
 */
import type { ShreddedLine } from '../../shared/row-group/builder.ts';
import { KIND_ARRAY, SLOTS_MAX } from '../../shared/row-group/format.ts';
import { scalarEnd, stringEnd } from '../../shared/row-group/line-formats/json-scan.ts';
import { PLAIN_TEMPLATE, type Template, TEXT_TEMPLATE } from '../../shared/row-group/template.ts';
import { Rfc3339Parser } from '../../shared/rfc3339.ts';
import { NS_PER_SECOND } from '../../shared/time.ts';
import { rfc3339Form, toRfc3339 } from './access-log-time.ts';

const TIME_FIELDS: ReadonlySet<string> = new Set(['time', 'ts', 'timestamp', '@timestamp', '@t', 't.$date']);

const SECONDS_PER_DAY = 86_400;
const ZERO = 0x30;
const POINT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const LOWER_E = 0x65;
const LOWER_CASE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** Digits of seconds since 1970, from 1973 on, and of nanoseconds. */
const EPOCH_DIGITS_MIN = 9;
const EPOCH_DIGITS_MAX = 19;
const EXPONENT_DIGITS_MAX = 3;

/**
 * Parses into its own fields, so that a line costs no allocation. They hold the result of the last `parse` that
 * returned true.
 */
export class LineTimeParser {
  /** UTC day, in days since 1970-01-01. */
  day = 0;
  /** Nanoseconds since the start of that day. */
  timeNs = 0;

  readonly #rfc3339 = new Rfc3339Parser();
  readonly #accessLogTime = rfc3339Form();
  readonly #slotsOf = new WeakMap<Template, readonly number[]>();

  /** Returns false when the line has no time. */
  parse({ template, bytes, starts, ends }: ShreddedLine): boolean {
    if (template === TEXT_TEMPLATE || template === PLAIN_TEMPLATE) return this.#parseUncut(bytes, starts[0]!, ends[0]!);
    let slots = this.#slotsOf.get(template);
    if (slots === undefined) {
      slots = timeSlots(template);
      this.#slotsOf.set(template, slots);
    }
    for (const slot of slots) if (this.parseValue(bytes, starts[slot]!, ends[slot]!)) return true;
    if (template.slots.length < SLOTS_MAX) return false;
    return this.#parseUncut(bytes, starts[0]! - template.literals[0]!.length, ends[SLOTS_MAX - 1]!);
  }

  /** Returns false when bytes[start, end) are not an instant in a known form. */
  parseValue(bytes: Uint8Array, start: number, end: number): boolean {
    const form = this.#accessLogTime;
    const isInstant =
      this.#rfc3339.parse(bytes, start, end) === end ||
      (toRfc3339(bytes, start, end, form) && this.#rfc3339.parse(form, 0, form.length) === form.length);
    if (!isInstant) return this.#parseEpoch(bytes, start, end);
    this.day = this.#rfc3339.day;
    this.timeNs = this.#rfc3339.timeNs;
    return true;
  }

  #parseUncut(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== OPEN_BRACE) return false;
    let depth = 0;
    let isName = false;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        const close = stringEnd(bytes, at + 1, end);
        if (close < 0) return false;
        const isTime = isName && depth === 1 && TIME_FIELDS.has(bytes.toString('latin1', at + 1, close));
        if (isTime && this.#parseBehindName(bytes, close + 1, end)) return true;
        at = close;
        isName = false;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
        isName = byte === OPEN_BRACE;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
      else if (byte === COMMA) isName = true;
    }
    return false;
  }

  #parseBehindName(bytes: Uint8Array, start: number, end: number): boolean {
    let at = skipSpaces(bytes, start, end);
    if (bytes[at] !== COLON) return false;
    at = skipSpaces(bytes, at + 1, end);
    const isString = bytes[at] === QUOTE;
    const valueStart = isString ? at + 1 : at;
    const valueEnd = isString ? stringEnd(bytes, valueStart, end) : scalarEnd(bytes, valueStart, end);
    return valueEnd >= 0 && this.parseValue(bytes, valueStart, valueEnd);
  }

  /**
   * Today's time has 10 digits in seconds, 13 in milliseconds, 16 in microseconds, 19 in nanoseconds. An exponent moves
   * the point: `1.7e9` has ten digits before it, of which eight are implied zeros.
   */
  #parseEpoch(bytes: Uint8Array, start: number, end: number): boolean {
    const point = digitsEnd(bytes, start, end);
    const mantissaEnd = point < end && bytes[point] === POINT ? digitsEnd(bytes, point + 1, end) : point;
    if (point === start || mantissaEnd === point + 1) return false;
    let at = start;
    let digits = point - start;
    if (mantissaEnd < end) {
      const exponent = exponentOf(bytes, mantissaEnd, end);
      if (Number.isNaN(exponent)) return false;
      digits += exponent;
      // Leading zeros are not digits of a number that has an exponent.
      for (; at < mantissaEnd && (bytes[at] === ZERO || at === point); at++) if (at !== point) digits--;
      if (at === mantissaEnd) return false;
    }
    if (digits < EPOCH_DIGITS_MIN || digits > EPOCH_DIGITS_MAX) return false;
    const secondDigits = digits <= 11 ? digits : digits <= 14 ? digits - 3 : digits <= 17 ? digits - 6 : digits - 9;
    let seconds = 0;
    for (let n = 0; n < secondDigits; n++) {
      if (at === point && point < mantissaEnd) at++;
      seconds = seconds * 10 + (at < mantissaEnd ? bytes[at++]! - ZERO : 0);
    }
    let fractionNs = 0;
    for (let unitNs = NS_PER_SECOND / 10; at < mantissaEnd && unitNs >= 1; at++) {
      if (at === point) continue;
      fractionNs += (bytes[at]! - ZERO) * unitNs;
      unitNs /= 10;
    }
    this.day = Math.floor(seconds / SECONDS_PER_DAY);
    this.timeNs = (seconds - this.day * SECONDS_PER_DAY) * NS_PER_SECOND + fractionNs;
    return true;
  }
}

function timeSlots({ slots, literals }: Template): readonly number[] {
  // An object without its end was cut, and so may be its last value.
  const isCut = literals[0]![0] === OPEN_BRACE && literals.at(-1)!.length === 0;
  const whole = isCut ? slots.slice(0, -1) : slots;
  return whole.flatMap(({ field, kind }, slot) => {
    const isTime = TIME_FIELDS.has(field) && kind !== KIND_ARRAY;
    return isTime && !whole.some((other, later) => later > slot && other.field === field) ? [slot] : [];
  });
}

/** Parses `e9`, `E+09`, `e-3`, which must reach to the end; NaN for anything else. */
function exponentOf(bytes: Uint8Array, start: number, end: number): number {
  if ((bytes[start]! | LOWER_CASE) !== LOWER_E) return NaN;
  const sign = bytes[start + 1];
  const digitsStart = sign === PLUS || sign === MINUS ? start + 2 : start + 1;
  if (digitsStart >= end || end - digitsStart > EXPONENT_DIGITS_MAX || digitsEnd(bytes, digitsStart, end) !== end)
    return NaN;
  let exponent = 0;
  for (let at = digitsStart; at < end; at++) exponent = exponent * 10 + bytes[at]! - ZERO;
  return sign === MINUS ? -exponent : exponent;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at++;
  return at;
}

function skipSpaces(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  return at;
}
