/**
 * Time has two representations. Between modules an instant is a bigint: nanoseconds since 1970-01-01T00:00Z. Per row it
 * is a float64: nanoseconds since the start of a *base day* (days since 1970), exact within 50 days of it.
 */

export const NS_PER_MS = 1e6;
export const NS_PER_SECOND = 1e9;
export const NS_PER_DAY = 86_400e9;
export const MS_PER_DAY = 86_400_000;
const NS_PER_DAY_BIG = 86_400_000_000_000n;

/** A row group's times lie within this many days of its base day: below 2^52 ns, so that sums and zigzag stay exact too. */
export const BASE_DAY_REACH_DAYS = 50;

/** The years 0000 to 9999, which have four digits. */
const DAY_MIN = -719_528;
const DAY_MAX = 2_932_896;

/** Whether times of rows can have this range: whole, in order, and within reach of a base day that can be formatted. */
export function isTimeRange(baseDay: number, minTimeNs: number, maxTimeNs: number): boolean {
  const reach = BASE_DAY_REACH_DAYS * NS_PER_DAY;
  const isWhole = Number.isSafeInteger(minTimeNs) && Number.isSafeInteger(maxTimeNs);
  const isDay = baseDay >= DAY_MIN && baseDay <= DAY_MAX;
  return isWhole && isDay && minTimeNs <= maxTimeNs && minTimeNs >= -reach && maxTimeNs <= reach;
}

/** Instants that can be formatted: from the first of the year 0000 to the last of 9999. */
export const INSTANT_MIN = BigInt(DAY_MIN) * NS_PER_DAY_BIG;
export const INSTANT_MAX = BigInt(DAY_MAX + 1) * NS_PER_DAY_BIG - 1n;

/** Rounds down, also below zero, where `/` of a bigint does not. */
export function floorDivided(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && dividend % divisor !== 0n ? quotient - 1n : quotient;
}

/** Returns the day of an instant, in days since 1970-01-01. */
function dayOf(instant: bigint): number {
  return Number(floorDivided(instant, NS_PER_DAY_BIG));
}

export function instantOf(baseDay: number, timeNs: number): bigint {
  return BigInt(baseDay) * NS_PER_DAY_BIG + BigInt(timeNs);
}

/** Returns an instant as nanoseconds from a base day; exact only within BASE_DAY_REACH_DAYS, monotonic everywhere. */
export function timeNsFrom(baseDay: number, instant: bigint): number {
  return Number(instant - BigInt(baseDay) * NS_PER_DAY_BIG);
}

export function instantOfMs(epochMs: number): bigint {
  return BigInt(Math.round(epochMs)) * 1_000_000n;
}

/** Returns a row's day and time from an instant in epoch milliseconds. */
export function rowTimeOfMs(epochMs: number): { readonly day: number; readonly timeNs: number } {
  const day = Math.floor(epochMs / MS_PER_DAY);
  return { day, timeNs: Math.floor(epochMs - day * MS_PER_DAY) * NS_PER_MS };
}

/** Formats a day number as `2026-11-23`. */
export function formatDay(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** Formats an instant as RFC 3339 in UTC with nine fraction digits: `2026-11-23T15:01:12.904509480Z`. */
export function formatInstant(instant: bigint): string {
  const day = dayOf(instant);
  return formatTime(day, timeNsFrom(day, instant));
}

/** Does the same for a row's time. */
export function formatTime(baseDay: number, timeNs: number): string {
  const seconds = Math.floor(timeNs / NS_PER_SECOND);
  const fraction = String(timeNs - seconds * NS_PER_SECOND).padStart(9, '0');
  return `${new Date((baseDay * 86_400 + seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
