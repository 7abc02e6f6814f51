/**
 * RFC 3339 text in a field of the line, stored as its distance from the row's own time. A logger stamps a line just
 * before the container runtime does, so the distances are almost all the same.
 *
 * All values of a chunk have one form: the separator, the number of fraction digits (or: trailing zeros trimmed, as Go
 * writes them) and the text of the zone. The zone is kept as text, not applied: the wall clock is stored.
 *
 * Parameters:  separator u8, fraction digits u8 (255: trimmed), zone string, then the distances as integers, in the
 *              unit of the last digit: floor(row time / unit) − value
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { BASE_DAY_REACH_DAYS, MS_PER_DAY, NS_PER_DAY, NS_PER_SECOND } from '../../time.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { IntegerArray, TimestampForm, Timestamps, ValuesOf } from './column-values.ts';
import { type Encoding, mayBeNumber } from './encoding.ts';
import { ENCODING_TIMESTAMP } from '../format.ts';
import { POWERS_OF_TEN } from './decimal.ts';
import { decodeIntegers, encodeIntegers, pickIntegers } from './integer.ts';

const FRACTION_TRIMMED = 255;
const SECONDS_END = 19;
const ZONE = /^(?:Z|z|[+-]\d\d:?\d\d)?$/;
const SEPARATORS: readonly number[] = [...Buffer.from('Tt ')];
const POINT = 0x2e;

export const TIMESTAMP: Encoding<ValuesOf<'timestamp'>> = {
  id: ENCODING_TIMESTAMP,
  alphabet: '0123456789-+:.TtZz ',
  valueBytes: 8,
  arePagesKept: false,
  arePickedCopied: true,

  encode: (column) => {
    const { refs, rows, scratch, parameters, pages } = column;
    if (!mayBeNumber(column) || !looksLikeTimestamp(refs.bytes, refs.starts[0]!, refs.ends[0]!)) return undefined;
    const distances = scratch.numbers(refs.count);
    const form = parseTimestamps(refs, rows.baseDay, rows.timesNs(), distances);
    if (form === undefined) return undefined;
    encodeTimestamps(form, distances, refs.count, parameters, pages);
    return { encoding: ENCODING_TIMESTAMP };
  },
  decode: ({ parameters, pages, rows }) => {
    return { kind: 'timestamp', ...decodeTimestamps(parameters, pages, rows.baseDay, rows.timesNs()) };
  },
  pick: ({ parameters, pages, count, rows }, indices) => {
    return { kind: 'timestamp', ...pickTimestamps(parameters, pages, rows.baseDay, count, indices, rows.timesNs()) };
  },
  count: ({ units }) => units.length,
  memoryBytes: ({ units }) => units.byteLength,
};

/** Whether the bytes begin like `2026-11-23T15:01:12`. */
function looksLikeTimestamp(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= SECONDS_END &&
    bytes[start + 4] === 0x2d &&
    bytes[start + 7] === 0x2d &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a
  );
}

/**
 * Parses every value as its distance from its row's time.
 * @param rowTimesNs  time of the row of each value, ns from the start of baseDay
 * @param out         receives floor(row time / unit) − value
 * @returns the common form, or undefined at the first value that has no form or another one
 */
function parseTimestamps(
  refs: ValueRefs,
  baseDay: number,
  rowTimesNs: Float64Array,
  out: Float64Array,
): TimestampForm | undefined {
  const { bytes, starts, ends, count } = refs;
  const form = commonForm(refs);
  if (form === undefined) return undefined;
  const { separator, fractionDigits, zone } = form;
  const trimmed = fractionDigits === FRACTION_TRIMMED;
  const unitNs = unitOf(form);
  let dateKey = -1;
  let dayStartNs = 0;
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    const zoneStart = ends[i]! - zone.length;
    if (zoneStart < start + SECONDS_END || bytes[start + 10] !== separator) return undefined;
    if (!looksLikeTimestamp(bytes, start, zoneStart)) return undefined;
    for (let k = 0; k < zone.length; k++) if (bytes[zoneStart + k] !== zone[k]) return undefined;
    const yearDigits = fourDigits(bytes, start);
    const month = twoDigits(bytes, start + 5);
    const dayOfMonth = twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if ((yearDigits | month | dayOfMonth | hour | minute | second) < 0) return undefined;
    if (hour > 23 || minute > 59 || second > 59) return undefined;
    const key = yearDigits * 10_000 + month * 100 + dayOfMonth;
    if (key !== dateKey) {
      const day = dayFromDate(yearDigits, month, dayOfMonth);
      if (day === undefined || Math.abs(day - baseDay) >= BASE_DAY_REACH_DAYS) return undefined;
      dateKey = key;
      dayStartNs = (day - baseDay) * NS_PER_DAY;
    }
    let at = start + SECONDS_END;
    let fraction = 0;
    let digits = 0;
    if (at < zoneStart) {
      if (bytes[at++] !== POINT || at === zoneStart) return undefined;
      for (; at < zoneStart; at++, digits++) {
        const digit = bytes[at]! - 0x30;
        if (digit < 0 || digit > 9) return undefined;
        fraction = fraction * 10 + digit;
      }
      if (digits > 9) return undefined;
    }
    if (trimmed) {
      if (digits > 0 && fraction % 10 === 0) return undefined;
      fraction *= POWERS_OF_TEN[9 - digits]!;
    } else if (digits !== fractionDigits) return undefined;
    const wholeNs = dayStartNs + (hour * 3600 + minute * 60 + second) * NS_PER_SECOND;
    out[i] = Math.floor(rowTimesNs[i]! / unitNs) - (wholeNs / unitNs + fraction);
  }
  return form;
}

export function encodeTimestamps(
  form: TimestampForm,
  distances: Float64Array,
  count: number,
  parameters: ByteWriter,
  pages: PageWriter,
): void {
  parameters.u8(form.separator);
  parameters.u8(form.fractionDigits);
  parameters.sized(form.zone);
  encodeIntegers(distances, count, parameters, pages);
}

/** The stored form, which a merge moves, because it moves a row with its time. */
export interface TimestampDistances {
  readonly form: TimestampForm;
  readonly distances: IntegerArray;
}

export function decodeTimestampDistances(parameters: ByteReader, pages: PageReader, count: number): TimestampDistances {
  return { form: readTimestampForm(parameters), distances: decodeIntegers(parameters, pages, count).values };
}

/** Returns the form of all values of a chunk. */
export function readTimestampForm(parameters: ByteReader): TimestampForm {
  const form = { separator: parameters.u8(), fractionDigits: parameters.u8(), zone: parameters.sized() };
  const isKnown = form.fractionDigits <= 9 || form.fractionDigits === FRACTION_TRIMMED;
  if (!isKnown || !ZONE.test(form.zone.toString('latin1')) || !SEPARATORS.includes(form.separator)) {
    throw new CorruptionError('a timestamp chunk has an unknown form');
  }
  return form;
}

/** @param rowTimesNs  as in parseTimestamps */
function decodeTimestamps(
  parameters: ByteReader,
  pages: PageReader,
  baseDay: number,
  rowTimesNs: Float64Array,
): Timestamps {
  const { form, distances } = decodeTimestampDistances(parameters, pages, rowTimesNs.length);
  return fromDistances(form, distances, baseDay, rowTimesNs);
}

/**
 * Decodes only the values at some indices, which ascend; rowTimesNs has the times of their rows.
 * @throws CorruptionError
 */
function pickTimestamps(
  parameters: ByteReader,
  pages: PageReader,
  baseDay: number,
  count: number,
  indices: Int32Array,
  rowTimesNs: Float64Array,
): Timestamps {
  const form = readTimestampForm(parameters);
  return fromDistances(form, pickIntegers(parameters, pages, count, indices).values, baseDay, rowTimesNs);
}

function fromDistances(
  form: TimestampForm,
  distances: IntegerArray,
  baseDay: number,
  rowTimesNs: Float64Array,
): Timestamps {
  const unitNs = unitOf(form);
  const units = new Float64Array(distances.length);
  const limit = (NS_PER_DAY / unitNs) * BASE_DAY_REACH_DAYS * 2;
  for (let i = 0; i < units.length; i++) {
    const value = Math.floor(rowTimesNs[i]! / unitNs) - distances[i]!;
    if (!(Math.abs(value) < limit)) throw new CorruptionError('a timestamp lies too far from its row');
    units[i] = value;
  }
  return { form, baseDay, units };
}

/** Returns the bytes of each value as text; undefined where trailing zeros are trimmed. */
export function textBytesOf({ fractionDigits, zone }: TimestampForm): number | undefined {
  if (fractionDigits === FRACTION_TRIMMED) return undefined;
  return SECONDS_END + (fractionDigits === 0 ? 0 : 1 + fractionDigits) + zone.length;
}

/** Whether values at these distances are near enough to any row for `decodeTimestamps`. */
export function areNearTimestamps(form: TimestampForm, distances: Float64Array, count: number): boolean {
  const limit = (NS_PER_DAY / unitOf(form)) * BASE_DAY_REACH_DAYS;
  for (let i = 0; i < count; i++) if (!(Math.abs(distances[i]!) < limit)) return false;
  return true;
}

/** Writes one value as text. Returns the offset after it. */
export function writeTimestamp(timestamps: Timestamps, index: number, out: Uint8Array, start: number): number {
  const { form, baseDay, units } = timestamps;
  const value = units[index]!;
  const unitsPerSecond = NS_PER_SECOND / unitOf(form);
  const seconds = Math.floor(value / unitsPerSecond);
  let fraction = value - seconds * unitsPerSecond;
  const day = Math.floor(seconds / 86_400);
  const secondOfDay = seconds - day * 86_400;
  writeDate(baseDay + day, out, start);
  out[start + 10] = form.separator;
  writeTwoDigits(Math.floor(secondOfDay / 3600), out, start + 11);
  out[start + 13] = 0x3a;
  writeTwoDigits(Math.floor(secondOfDay / 60) % 60, out, start + 14);
  out[start + 16] = 0x3a;
  writeTwoDigits(secondOfDay % 60, out, start + 17);
  let at = start + SECONDS_END;
  let digits = form.fractionDigits;
  if (digits === FRACTION_TRIMMED) {
    digits = fraction === 0 ? 0 : 9;
    while (digits > 0 && fraction % 10 === 0) {
      fraction /= 10;
      digits--;
    }
  }
  if (digits > 0) {
    out[at] = POINT;
    for (let k = digits; k > 0; k--) {
      const quotient = Math.floor(fraction / 10);
      out[at + k] = 0x30 + (fraction - quotient * 10);
      fraction = quotient;
    }
    at += 1 + digits;
  }
  for (let k = 0; k < form.zone.length; k++) out[at++] = form.zone[k]!;
  return at;
}

function unitOf(form: TimestampForm): number {
  return form.fractionDigits === FRACTION_TRIMMED ? 1 : POWERS_OF_TEN[9 - form.fractionDigits]!;
}

/** Returns the form of the first value; if the number of fraction digits differs in a later one, zeros are trimmed. */
function commonForm({ bytes, starts, ends, count }: ValueRefs): TimestampForm | undefined {
  const start = starts[0]!;
  const end = ends[0]!;
  if (!looksLikeTimestamp(bytes, start, end)) return undefined;
  const digitsEnd = fractionEnd(bytes, start, end);
  const zone = Buffer.from(bytes.subarray(digitsEnd, end));
  if (!ZONE.test(zone.toString('latin1')) || !SEPARATORS.includes(bytes[start + 10]!)) return undefined;
  const digits = digitsEnd - start - SECONDS_END;
  for (let i = 1; i < count; i++) {
    if (fractionEnd(bytes, starts[i]!, ends[i]!) - starts[i]! - SECONDS_END !== digits) {
      return { separator: bytes[start + 10]!, fractionDigits: FRACTION_TRIMMED, zone };
    }
  }
  return { separator: bytes[start + 10]!, fractionDigits: Math.max(digits - 1, 0), zone };
}

function fractionEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + SECONDS_END;
  if (at >= end || bytes[at] !== POINT) return at;
  do at++;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39);
  return at;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

function fourDigits(bytes: Uint8Array, at: number): number {
  const high = twoDigits(bytes, at);
  const low = twoDigits(bytes, at + 2);
  return (high | low) < 0 ? -1 : high * 100 + low;
}

/** Returns days since 1970 of a date that exists, else undefined: "2026-02-30" must be returned unchanged. */
function dayFromDate(year: number, month: number, dayOfMonth: number): number | undefined {
  if (year < 1970) return undefined;
  const date = new Date(Date.UTC(year, month - 1, dayOfMonth));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== dayOfMonth) return undefined;
  return date.getTime() / MS_PER_DAY;
}

/** `YYYY-MM-DD` of a day, by Howard Hinnant's civil_from_days: years begin in March, eras have 400 of them. */
function writeDate(day: number, out: Uint8Array, at: number): void {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  writeTwoDigits(Math.floor(year / 100) % 100, out, at);
  writeTwoDigits(year % 100, out, at + 2);
  out[at + 4] = 0x2d;
  writeTwoDigits(month, out, at + 5);
  out[at + 7] = 0x2d;
  writeTwoDigits(dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1, out, at + 8);
}

function writeTwoDigits(value: number, out: Uint8Array, at: number): void {
  const tens = Math.floor(value / 10);
  out[at] = 0x30 + tens;
  out[at + 1] = 0x30 + (value - tens * 10);
}
