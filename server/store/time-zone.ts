/**
 * The time zone of a query (`tz=`): what `today`, a date, and a time without an offset mean. A name of the IANA database,
 * as Node knows them, or an offset. UTC by default.
 */
import { LRUCache } from 'lru-cache';
import { ParameterError } from '../../shared/errors.ts';
import { MS_PER_DAY } from '../../shared/time.ts';
import { TIME_ZONES_KEPT_MAX } from '../limits.ts';

export interface TimeZone {
  /** As in the query. */
  readonly name: string;
  /** What its clocks show at an instant, minus UTC, in ms. */
  readonly offsetMsAt: (epochMs: number) => number;
}

export const UTC: TimeZone = { name: 'UTC', offsetMsAt: () => 0 };

const OFFSET = /^([+-])(\d\d?)(?::?(\d\d))?$/;
const MS_PER_MINUTE = 60_000;
const OFFSET_MINUTES_MAX = 24 * 60;

const zones = new LRUCache<string, TimeZone>({ max: TIME_ZONES_KEPT_MAX });

/** @throws ParameterError */
export function parseTimeZone(text: string): TimeZone {
  // A plus sign that is not percent-encoded arrives as a space.
  const name = /^ \d/.test(text) ? `+${text.slice(1)}` : text;
  const zone = /^(?:utc|z)$/i.test(name) ? UTC : (fixed(name) ?? named(name));
  if (zone !== undefined) return zone;
  const allowed = 'a name such as Europe/Berlin, or an offset such as +01:00';
  throw new ParameterError('tz', `"${text}" is not a time zone`, allowed, 'tz=Europe/Berlin');
}

/**
 * Returns the instant at which the clocks of a zone show a time, in ms: the first of two in autumn, and where clocks skip
 * it in spring, the moment at which they do.
 * @param localMs  the time as if it were UTC
 */
export function instantOfLocalMs({ offsetMsAt }: TimeZone, localMs: number): number {
  // No zone changes its offset twice within two days.
  const before = offsetMsAt(localMs - MS_PER_DAY);
  const after = offsetMsAt(localMs + MS_PER_DAY);
  const early = localMs - Math.max(before, after);
  const late = localMs - Math.min(before, after);
  if (early + offsetMsAt(early) === localMs) return early;
  if (late + offsetMsAt(late) === localMs) return late;
  return changeBetween(offsetMsAt, early, late);
}

/** Returns the first ms with the offset of the later instant. */
function changeBetween(offsetMsAt: TimeZone['offsetMsAt'], early: number, late: number): number {
  const wanted = offsetMsAt(late);
  let [from, to] = [early, late];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (offsetMsAt(middle) === wanted) to = middle;
    else from = middle + 1;
  }
  return to;
}

/** Returns the instant at which the day of an instant begins, or a day some days later, in ms. */
export function startOfDayMs(zone: TimeZone, epochMs: number, days = 0): number {
  const localMs = epochMs + zone.offsetMsAt(epochMs);
  return instantOfLocalMs(zone, (Math.floor(localMs / MS_PER_DAY) + days) * MS_PER_DAY);
}

function fixed(name: string): TimeZone | undefined {
  const [, sign, hours, minutes = '0'] = OFFSET.exec(name) ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  if (sign === undefined || Number(minutes) > 59 || size >= OFFSET_MINUTES_MAX) return undefined;
  const offsetMs = (sign === '-' ? -size : size) * MS_PER_MINUTE;
  return { name, offsetMsAt: () => offsetMs };
}

function named(name: string): TimeZone | undefined {
  let zone = zones.get(name);
  if (zone !== undefined) return zone;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  zone = { name, offsetMsAt: (epochMs) => offsetMsOf(format, epochMs) };
  zones.set(name, zone);
  return zone;
}

function offsetMsOf(format: Intl.DateTimeFormat, epochMs: number): number {
  const wholeMs = Math.floor(epochMs / 1000) * 1000;
  const parts = new Map(format.formatToParts(wholeMs).map(({ type, value }) => [type, value]));
  const [year, month, day, hour, minute, second] = (['year', 'month', 'day', 'hour', 'minute', 'second'] as const).map(
    (part) => Number(parts.get(part)),
  );
  // Date.UTC would take the years below 100 for those of the twentieth century.
  const shown = new Date(0);
  shown.setUTCFullYear(year!, month! - 1, day);
  return shown.setUTCHours(hour!, minute, second) - wholeMs;
}
