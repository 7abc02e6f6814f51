/**
 * Points in time as people write them: how long ago (`15m`, `1h30m`, `7d`, `-3h`, `now-24h`), `now`, `today` and
 * `yesterday` (the start of that day), a date or RFC 3339 time, or an epoch in seconds, milliseconds, microseconds
 * or nanoseconds, distinguished by its number of digits. Days, and times without an offset, are those of a time zone.
 */
import { ParameterError } from '../../shared/errors.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { Rfc3339Parser } from '../../shared/rfc3339.ts';
import { INSTANT_MAX, INSTANT_MIN, instantOf, instantOfMs, MS_PER_DAY, NS_PER_MS } from '../../shared/time.ts';
import { instantOfLocalMs, startOfDayMs, type TimeZone, UTC } from '../store/time-zone.ts';

const TIME =
  /^(?<date>\d{4}-\d\d-\d\d)(?:[T ](?<clock>\d\d:\d\d)(?<seconds>:\d\d)?(?:[.,](?<fraction>\d{1,9})\d*)?(?<zone>Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
const EPOCH = /^(\d{1,19})(?:\.(\d+))?$/;
const EXPONENTIAL = /^\d+(?:\.\d+)?e\+?\d{1,2}$/i;
/** Fewer are not seconds since 1970 of any line, but a unit was forgotten, or a year is meant. */
const EPOCH_DIGITS_MIN = 9;
const ALLOWED = 'a duration ago, now, today, yesterday, RFC 3339, or an epoch in s, ms, µs or ns';

/**
 * @param parameter  its name, for the error
 * @throws ParameterError
 */
export function parseInstant(parameter: string, text: string, nowMs: number, zone: TimeZone = UTC): bigint {
  const instant = relative(text, nowMs, zone) ?? epoch(parameter, text) ?? writtenOut(parameter, text, zone);
  if (instant === undefined)
    throw new ParameterError(parameter, `"${text}" is not a valid time`, ALLOWED, `${parameter}=1h`);
  // No line has an instant that cannot be formatted.
  if (instant < INSTANT_MIN) return INSTANT_MIN;
  return instant > INSTANT_MAX ? INSTANT_MAX : instant;
}

function relative(text: string, nowMs: number, zone: TimeZone): bigint | undefined {
  if (text === 'now') return instantOfMs(nowMs);
  if (text === 'today') return instantOfMs(startOfDayMs(zone, nowMs));
  if (text === 'yesterday') return instantOfMs(startOfDayMs(zone, nowMs, -1));
  const ago = parseDurationMs(text.replace(/^(?:now)?-/, ''));
  return ago === undefined ? undefined : instantOfMs(nowMs - ago);
}

function epoch(parameter: string, text: string): bigint | undefined {
  // JavaScript formats numbers of this size without an exponent.
  const plain = EXPONENTIAL.test(text) ? String(Number(text)) : text;
  const [, whole, fraction = ''] = EPOCH.exec(plain) ?? [];
  if (whole === undefined) return undefined;
  if (whole.length < EPOCH_DIGITS_MIN) {
    const problem = `"${text}" has no unit, and is too small to be seconds since 1970`;
    const short = whole.slice(0, 4);
    const example =
      whole.length === 4 ? `${parameter}=${short}-01-01` : `${parameter}=${short}m or ${parameter}=${short}h`;
    throw new ParameterError(parameter, problem, ALLOWED, example);
  }
  const unitNs =
    whole.length <= 10 ? 1_000_000_000n : whole.length <= 13 ? 1_000_000n : whole.length <= 16 ? 1000n : 1n;
  const partNs = (BigInt(fraction.slice(0, 9).padEnd(9, '0')) * unitNs) / 1_000_000_000n;
  return BigInt(whole) * unitNs + partNs;
}

function writtenOut(parameter: string, text: string, zone: TimeZone): bigint | undefined {
  // A plus sign that is not percent-encoded arrives as a space; a space before an offset can only be one.
  const match = TIME.exec(text.replace(/(?<=:.*) (?=\d\d(?::?\d\d)?$)/, '+'));
  if (match === null) return undefined;
  const { date, clock = '00:00', seconds = ':00', fraction = '0', zone: offset } = match.groups!;
  const parser = new Rfc3339Parser();
  const bytes = Buffer.from(`${date}T${clock}${seconds}.${fraction}${offset === undefined ? 'Z' : colonised(offset)}`);
  if (parser.parse(bytes, 0, bytes.length) !== bytes.length) {
    throw new ParameterError(parameter, `"${text}" is a date or time that does not exist`, ALLOWED, `${parameter}=1h`);
  }
  if (offset !== undefined || zone === UTC) return instantOf(parser.day, parser.timeNs);
  const localMs = parser.day * MS_PER_DAY + Math.floor(parser.timeNs / NS_PER_MS);
  return instantOfMs(instantOfLocalMs(zone, localMs)) + BigInt(parser.timeNs % NS_PER_MS);
}

/** Returns `+0100` and `+01` as `+01:00`. */
function colonised(offset: string): string {
  return /^[+-]/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}` : offset;
}
