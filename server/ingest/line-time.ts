/**
 * The time that a pushed line gives itself: the first of its top-level fields `time`, `ts`, `timestamp`, `@timestamp`
 * that is an instant, as RFC 3339 or as a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
 */
import { stringEnd } from '../../shared/row-group/json-scan.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../shared/time.ts';

const TIME_FIELDS = new Set(['time', 'ts', 'timestamp', '@timestamp']);
const TIME_FIELD_BYTES_MAX = 10;

const SECONDS_PER_DAY = 86_400;
const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const EPOCH = /^(\d{9,19})(?:\.(\d{1,9})\d*)?$/;

const LETTER_T = 0x74;
const AT_SIGN = 0x40;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** A UTC day and the nanoseconds since its start. */
export interface LineTime {
  readonly day: number;
  readonly timeNs: number;
}

/** Undefined when the line [start, end) is no JSON object, or has no such field. */
export function lineTime(bytes: Buffer, start: number, end: number): LineTime | undefined {
  if (bytes[start] !== OPEN_BRACE) return undefined;
  let depth = 0;
  let isName = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const close = stringEnd(bytes, at + 1, end);
      if (close < 0) return undefined;
      if (isName && depth === 1 && isTimeField(bytes, at + 1, close)) {
        const time = valueTime(bytes, close + 1, end);
        if (time !== undefined) return time;
      }
      at = close;
      isName = false;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      isName = byte === OPEN_BRACE;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COMMA) isName = true;
  }
  return undefined;
}

/** Most names are turned down by their first byte, without making a string. */
function isTimeField(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start];
  if ((first !== LETTER_T && first !== AT_SIGN) || end - start > TIME_FIELD_BYTES_MAX) return false;
  return TIME_FIELDS.has(bytes.toString('latin1', start, end));
}

/** The instant behind a name's closing quote. */
function valueTime(bytes: Buffer, afterName: number, end: number): LineTime | undefined {
  let at = skipSpaces(bytes, afterName, end);
  if (bytes[at] !== COLON) return undefined;
  at = skipSpaces(bytes, at + 1, end);
  if (bytes[at] === QUOTE) {
    const close = stringEnd(bytes, at + 1, end);
    return close < 0 ? undefined : parseTime(bytes.toString('latin1', at + 1, Math.min(close, at + 64)));
  }
  let valueEnd = at;
  while (valueEnd < end && valueEnd - at < 64 && !isValueEnd(bytes[valueEnd]!)) valueEnd++;
  return parseTime(bytes.toString('latin1', at, valueEnd));
}

/** Undefined when the text is no instant that podlog knows. */
export function parseTime(text: string): LineTime | undefined {
  const rfc3339 = RFC3339.exec(text);
  if (rfc3339 !== null) return rfc3339Time(rfc3339);
  const epoch = EPOCH.exec(text);
  return epoch === null ? undefined : epochTime(epoch[1]!, epoch[2] ?? '');
}

/** Lines of one day follow each other; a date is parsed once. */
let lastDate = '';
let lastDateMs = NaN;

function rfc3339Time([, date, hour, minute, second, fraction = '', sign, zoneHour, zoneMinute]: string[]):
  LineTime | undefined {
  if (date !== lastDate) {
    lastDate = date!;
    lastDateMs = Date.parse(date!);
  }
  if (Number.isNaN(lastDateMs)) return undefined;
  const zoneMinutes = sign === undefined ? 0 : (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) - zoneMinutes * 60;
  return timeOf(lastDateMs / 1000 + seconds, Number(fraction.padEnd(9, '0')));
}

/** Today has 10 digits in seconds, 13 in milliseconds, 16 in microseconds, 19 in nanoseconds. */
function epochTime(digits: string, fraction: string): LineTime {
  const unitDigits = digits.length <= 11 ? 0 : digits.length <= 14 ? 3 : digits.length <= 17 ? 6 : 9;
  const split = digits.length - unitDigits;
  const fractionDigits = (digits.slice(split) + fraction).slice(0, 9).padEnd(9, '0');
  return timeOf(Number(digits.slice(0, split)), Number(fractionDigits));
}

function timeOf(epochSeconds: number, fractionNs: number): LineTime {
  const day = Math.floor(epochSeconds / SECONDS_PER_DAY);
  return { day, timeNs: (epochSeconds - day * SECONDS_PER_DAY) * NS_PER_SECOND + fractionNs };
}

/** The same for an instant in epoch milliseconds. */
export function timeOfMs(epochMs: number): LineTime {
  const dayMs = SECONDS_PER_DAY * 1000;
  const day = Math.floor(epochMs / dayMs);
  return { day, timeNs: (epochMs - day * dayMs) * NS_PER_MS };
}

function skipSpaces(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  return at;
}

function isValueEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === 0x20 || byte === 0x09;
}
