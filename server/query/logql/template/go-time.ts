/** Instants as Go's layouts write and read them (`2006-01-02T15:04:05Z07:00`). */
import { quotedPattern } from '../../../../shared/regexp/quoted-pattern.ts';

/** Nanoseconds since 1970, and the zone in which the instant is shown. */
export interface GoTime {
  readonly ns: bigint;
  /** An IANA name. */
  readonly zone: string;
  /** Whether it is the zone of the machine, which is shown as `Local`; a server in a cluster has no zone but UTC. */
  readonly isLocal?: boolean;
}

/** Go's first instant: the beginning of the year 1. */
export const ZERO_TIME: GoTime = { ns: -62_135_596_800_000_000_000n, zone: 'UTC' };

export function isGoTime(value: unknown): value is GoTime {
  return typeof value === 'object' && value !== null && 'ns' in value;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
/** The parts of a layout, longer ones first. */
const PART =
  /January|Jan|Monday|Mon|MST|2006|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|002|01|02|03|04|05|06|15|PM|pm|_2006|__2|_2|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5/g;
const NS = 1_000_000_000n;
/** Parts of a layout that is read: digits could be split between more of them in too many ways. */
const PARTS_MAX = 16;

interface Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: string;
  readonly weekday: number;
  readonly offsetSeconds: number;
  readonly zoneName: string;
}

function clockOf({ ns, zone }: GoTime): Clock {
  const seconds = ns / NS - (ns < 0n && ns % NS !== 0n ? 1n : 0n);
  const nanos = String(ns - seconds * NS).padStart(9, '0');
  const offsetSeconds = offsetOf(zone, Number(seconds) * 1000);
  const local = new Date((Number(seconds) + offsetSeconds) * 1000);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    nanos,
    weekday: local.getUTCDay(),
    offsetSeconds,
    zoneName: zone === 'UTC' ? 'UTC' : nameOf(zone, Number(seconds) * 1000),
  };
}

/** Returns the distance of a zone from UTC at an instant. */
function offsetOf(zone: string, epochMs: number): number {
  if (zone === 'UTC') return 0;
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(epochMs);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([-+])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(text);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = '0'] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

function nameOf(zone: string, epochMs: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(epochMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** As Go adds them: the 31st of a month of thirty days is the first of the next one. */
export function addMonthsAndDays({ ns, ...zoned }: GoTime, months: number, days: number): GoTime {
  const { year, month, day, hour, minute, second, nanos, offsetSeconds } = clockOf({ ns, ...zoned });
  const date = new Date(0);
  date.setUTCFullYear(year, month + months, day + days);
  date.setUTCHours(hour, minute, second - offsetSeconds);
  return { ...zoned, ns: BigInt(date.getTime()) * 1_000_000n + BigInt(nanos) };
}

export function formatGoTime(time: GoTime, layout: string): string {
  const clock = clockOf(time);
  return layout.replaceAll(PART, (part) => written(part, clock));
}

function written(part: string, clock: Clock): string {
  const { year, month, day, hour, minute, second, nanos, weekday, offsetSeconds, zoneName } = clock;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (/^[.,]0/.test(part)) return part[0]! + nanos.slice(0, part.length - 1);
  if (/^[.,]9/.test(part)) {
    const digits = nanos.slice(0, part.length - 1).replace(/0+$/, '');
    return digits === '' ? '' : part[0]! + digits;
  }
  if (/^(?:Z|-)07/.test(part))
    return part.startsWith('Z') && offsetSeconds === 0 ? 'Z' : offsetText(part, offsetSeconds);
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const dayOfYear = Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const parts: Readonly<Record<string, string>> = {
    January: MONTHS[month]!,
    Jan: MONTHS[month]!.slice(0, 3),
    Monday: DAYS[weekday]!,
    Mon: DAYS[weekday]!.slice(0, 3),
    MST: zoneName,
    2006: String(year).padStart(4, '0'),
    _2006: `_${String(year).padStart(4, '0')}`,
    '06': two(year % 100),
    '01': two(month + 1),
    1: String(month + 1),
    '02': two(day),
    _2: String(day).padStart(2, ' '),
    2: String(day),
    '002': String(dayOfYear).padStart(3, '0'),
    __2: String(dayOfYear).padStart(3, ' '),
    15: two(hour),
    '03': two(hour12),
    3: String(hour12),
    '04': two(minute),
    4: String(minute),
    '05': two(second),
    5: String(second),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
  };
  return parts[part] ?? part;
}

function offsetText(part: string, offsetSeconds: number): string {
  const size = Math.abs(offsetSeconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const pieces = [two(size / 3600), two((size % 3600) / 60), two(size % 60)];
  const count = part.replaceAll(/[^0]/g, '').length;
  const shown = pieces.slice(0, count === 1 ? 1 : part.replaceAll(/\D/g, '').length / 2);
  return (offsetSeconds < 0 ? '-' : '+') + shown.join(part.includes(':') ? ':' : '');
}

/** Parses a time by its layout; undefined where it does not fit. Without a zone of its own, it is of this one. */
export function parseGoTime(layout: string, text: string, zone = 'UTC'): GoTime | undefined {
  const names: string[] = [];
  let end = 0;
  let pattern = '';
  for (const match of layout.matchAll(PART)) {
    pattern += quotedPattern(layout.slice(end, match.index)) + readerOf(match[0]);
    names.push(match[0]);
    end = match.index + match[0].length;
    // A fraction may follow the seconds, whether or not the layout has one.
    if (/^0?5$/.test(match[0]) && !/^[.,][09]/.test(layout.slice(end))) {
      pattern += '((?:[.,]\\d+)?)';
      names.push('.9');
    }
  }
  if (names.length > PARTS_MAX) return undefined;
  const match = new RegExp(`^${pattern}${quotedPattern(layout.slice(end))}$`, 'i').exec(text);
  return match === null ? undefined : timeFrom(names, match.slice(1), zone);
}

function readerOf(part: string): string {
  if (/^[.,]0/.test(part)) return `([.,]\\d{${part.length - 1}})`;
  if (/^[.,]9/.test(part)) return '((?:[.,]\\d+)?)';
  if (part.startsWith('Z07')) return '(Z|[-+]\\d\\d(?::?\\d\\d){0,2})';
  if (part.startsWith('-07')) return '([-+]\\d\\d(?::?\\d\\d){0,2})';
  if (part === 'January') return `(${MONTHS.join('|')})`;
  if (part === 'Jan') return `(${MONTHS.map((month) => month.slice(0, 3)).join('|')})`;
  if (part === 'Monday') return `(${DAYS.join('|')})`;
  if (part === 'Mon') return `(${DAYS.map((day) => day.slice(0, 3)).join('|')})`;
  if (part === 'MST') return '([A-Z]{3,5})';
  if (/^pm$/i.test(part)) return '(AM|PM)';
  if (part === '2006') return '(\\d{4})';
  if (part === '002' || part === '__2') return '([ \\d]{3})';
  if (part === '_2') return '( ?\\d{1,2})';
  return part.length === 2 ? '(\\d{2})' : '(\\d{1,2})';
}

function timeFrom(names: readonly string[], values: readonly string[], zone: string): GoTime | undefined {
  const valueOf = (...parts: readonly string[]): string | undefined =>
    values[names.findIndex((name) => parts.includes(name))];
  const numberOf = (fallback: number, ...parts: readonly string[]): number =>
    Number(valueOf(...parts)?.trim() ?? fallback);
  const short = valueOf('06');
  const year = short === undefined ? numberOf(0, '2006') : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const monthName = valueOf('January', 'Jan')?.toLowerCase().slice(0, 3);
  const month =
    monthName === undefined
      ? numberOf(1, '01', '1') - 1
      : MONTHS.findIndex((name) => name.toLowerCase().startsWith(monthName));
  const day = numberOf(1, '02', '2', '_2');
  const half = valueOf('PM', 'pm')?.toUpperCase();
  const read = numberOf(0, '15', '03', '3');
  const hour = half === undefined ? read : (read % 12) + (half === 'PM' ? 12 : 0);
  const [minute, second] = [numberOf(0, '04', '4'), numberOf(0, '05', '5')];
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCDate() !== day) return undefined;
  const fraction = values[names.findIndex((name) => /^[.,][09]/.test(name))]?.slice(1) ?? '';
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  const offset = values[names.findIndex((name) => /07/.test(name))];
  const offsetSeconds = offset === undefined ? offsetOf(zone, date.getTime()) : offsetFrom(offset);
  return { ns: BigInt(date.getTime() / 1000 - offsetSeconds) * NS + nanos, zone: offset === undefined ? zone : 'UTC' };
}

function offsetFrom(text: string): number {
  if (/^z$/i.test(text)) return 0;
  const [hours = '0', minutes = '0', seconds = '0'] = text.slice(1).match(/\d\d/g) ?? [];
  return (text.startsWith('-') ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}
