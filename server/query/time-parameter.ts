/**
 * Points in time as people write them: how long ago (`15m`, `1h30m`, `7d`, `-3h`, `now-24h`), `now`, `today` and
 * `yesterday` (the start of that day, UTC), a date or RFC 3339 time, or an epoch in seconds, milliseconds, microseconds
 * or nanoseconds, distinguished by its number of digits.
 */
import { ParameterError } from '../../shared/errors.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { Rfc3339Parser } from '../../shared/rfc3339.ts';
import { INSTANT_MAX, INSTANT_MIN, instantOf, instantOfMs, MS_PER_DAY } from '../../shared/time.ts';

const RFC3339 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?)?$/i;
const EPOCH = /^(\d{1,19})(?:\.(\d+))?$/;
const EXPONENTIAL = /^\d+(?:\.\d+)?e\+?\d{1,2}$/i;
const ALLOWED = 'a duration ago, now, today, yesterday (UTC), RFC 3339, or an epoch in s, ms, µs or ns';

/**
 * @param parameter  its name, for the error
 * @throws ParameterError
 */
export function parseInstant(parameter: string, text: string, nowMs: number): bigint {
  const instant = relative(text, nowMs) ?? epoch(text) ?? rfc3339(text);
  if (instant === undefined)
    throw new ParameterError(parameter, `"${text}" is not a valid time`, ALLOWED, `${parameter}=1h`);
  // No line has an instant that cannot be formatted.
  if (instant < INSTANT_MIN) return INSTANT_MIN;
  return instant > INSTANT_MAX ? INSTANT_MAX : instant;
}

function relative(text: string, nowMs: number): bigint | undefined {
  const startOfDayMs = nowMs - (nowMs % MS_PER_DAY);
  if (text === 'now') return instantOfMs(nowMs);
  if (text === 'today') return instantOfMs(startOfDayMs);
  if (text === 'yesterday') return instantOfMs(startOfDayMs - MS_PER_DAY);
  const ago = parseDurationMs(text.replace(/^(?:now)?-/, ''));
  return ago === undefined ? undefined : instantOfMs(nowMs - ago);
}

function epoch(text: string): bigint | undefined {
  // JavaScript formats numbers of this size without an exponent.
  const plain = EXPONENTIAL.test(text) ? String(Number(text)) : text;
  const [, whole, fraction = ''] = EPOCH.exec(plain) ?? [];
  if (whole === undefined) return undefined;
  const unitNs =
    whole.length <= 10 ? 1_000_000_000n : whole.length <= 13 ? 1_000_000n : whole.length <= 16 ? 1000n : 1n;
  const partNs = (BigInt(fraction.slice(0, 9).padEnd(9, '0')) * unitNs) / 1_000_000_000n;
  return BigInt(whole) * unitNs + partNs;
}

function rfc3339(text: string): bigint | undefined {
  // A plus sign that is not percent-encoded arrives as a space; a space before an offset can only be one.
  const match = RFC3339.exec(text.replace(/(?<=:.*) (?=\d\d:?\d\d$)/, '+'));
  if (match === null) return undefined;
  const [, date, time = '00:00:00', fraction, zone = 'Z'] = match;
  const zoneText = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const whole = `${date}T${time.length === 5 ? `${time}:00` : time}${fraction === undefined ? '' : `.${fraction}`}${zoneText}`;
  const parser = new Rfc3339Parser();
  const bytes = Buffer.from(whole);
  return parser.parse(bytes, 0, bytes.length) === bytes.length ? instantOf(parser.day, parser.timeNs) : undefined;
}
