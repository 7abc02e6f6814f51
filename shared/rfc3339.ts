/**
 * Parses RFC 3339 times in bytes, at the start of a log file's line or within a pushed one:
 * `2026-11-23T15:01:12.90450948Z`. The separator may be `t` or a space and the zone `z` or an offset; fraction digits
 * beyond the ninth are cut. A date that no calendar has is not a time. A leap second, `23:59:60` UTC before the first
 * of January or July, is the instant after it, as in computers' clocks.
 */
import { MS_PER_DAY, NS_PER_DAY, NS_PER_SECOND } from './time.ts';

const ZERO = 0x30;
const COLON = 0x3a;
const DASH = 0x2d;
const POINT = 0x2e;
const FRACTION_SCALE = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1];

/**
 * Parses into its own fields, so that a time costs no allocation. They hold the result of the last `parse` that
 * returned ≥ 0.
 */
export class Rfc3339Parser {
  /** UTC day, in days since 1970-01-01. */
  day = 0;
  /** Nanoseconds since the start of that day. */
  timeNs = 0;

  #dateDigits = -1;
  #dateDay = 0;

  /** @returns the offset after the time with which bytes[start, end) begins, or -1 if there is none */
  parse(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 20 || bytes[start + 4] !== DASH || bytes[start + 7] !== DASH) return -1;
    if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return -1;
    const separator = bytes[start + 10];
    if (separator !== 0x54 && separator !== 0x74 && separator !== 0x20) return -1;
    const century = twoDigits(bytes, start);
    const year = twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const dayOfMonth = twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if ((century | year | month | dayOfMonth | hour | minute | second) < 0) return -1;
    if (hour > 23 || minute > 59 || second > 60) return -1;
    let at = start + 19;
    let fractionNs = 0;
    if (bytes[at] === POINT) {
      let digits = 0;
      for (at++; at < end; at++) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        if (digits === 9) continue;
        fractionNs = fractionNs * 10 + digit;
        digits++;
      }
      if (digits === 0) return -1;
      fractionNs *= FRACTION_SCALE[digits]!;
    }
    if (at >= end) return -1;
    let offsetMinutes = 0;
    const zone = bytes[at++];
    if (zone === 0x2b || zone === DASH) {
      if (end - at < 5 || bytes[at + 2] !== COLON) return -1;
      const hours = twoDigits(bytes, at);
      const minutes = twoDigits(bytes, at + 3);
      if ((hours | minutes) < 0 || hours > 23 || minutes > 59) return -1;
      offsetMinutes = (hours * 60 + minutes) * (zone === DASH ? -1 : 1);
      at += 5;
    } else if (zone !== 0x5a && zone !== 0x7a) return -1;
    const dateDigits = century * 1e6 + year * 1e4 + month * 100 + dayOfMonth;
    if (dateDigits !== this.#dateDigits) {
      this.#dateDigits = dateDigits;
      this.#dateDay = dayOfDate(century * 100 + year, month, dayOfMonth);
    }
    if (Number.isNaN(this.#dateDay)) return -1;
    this.day = this.#dateDay;
    this.timeNs = (hour * 3600 + minute * 60 + second - offsetMinutes * 60) * NS_PER_SECOND + fractionNs;
    if (this.timeNs < 0) {
      this.day--;
      this.timeNs += NS_PER_DAY;
    } else if (this.timeNs >= NS_PER_DAY) {
      this.day++;
      this.timeNs -= NS_PER_DAY;
    }
    if (second === 60 && !(this.timeNs < NS_PER_SECOND && mayFollowLeapSecond(this.day))) return -1;
    return at;
  }
}

/** Returns days since 1970; NaN for a date that does not exist. */
function dayOfDate(year: number, month: number, dayOfMonth: number): number {
  // Date.UTC would take the years below 100 for those of the twentieth century.
  const date = new Date(0);
  const ms = date.setUTCFullYear(year, month - 1, dayOfMonth);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth ? ms / MS_PER_DAY : NaN;
}

function mayFollowLeapSecond(day: number): boolean {
  const date = new Date(day * MS_PER_DAY);
  return date.getUTCDate() === 1 && date.getUTCMonth() % 6 === 0;
}

/** Returns 0 to 99, or a negative number when either byte is not a digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
