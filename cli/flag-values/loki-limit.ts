/** Limits of queries by Loki's API, and how many tenants it may name. */
import {
  LOKI_BYTES_MAX,
  LOKI_LINES_MAX,
  LOKI_POINTS_MAX,
  LOKI_SERIES_MAX,
  LOKI_TIME_MS_MAX,
  TENANTS_MAX,
} from '../limits.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { sizeOf } from '../../shared/quantity.ts';

/** Less is a mistake: a unit that was forgotten. */
const BYTES_MIN = 2 ** 20;
const RANGE_MS_MIN = 60_000;
const TIME_MS_MIN = 1000;

export function parseSeriesMax(text: string): number {
  return parseCount(text, LOKI_SERIES_MAX);
}

export function parseLinesMax(text: string): number {
  return parseCount(text, LOKI_LINES_MAX);
}

export function parsePointsMax(text: string): number {
  return parseCount(text, LOKI_POINTS_MAX);
}

function parseCount(text: string, max: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(count >= 1 && count <= max)) throw new RangeError(`must be a number from 1 to ${max}`);
  return count;
}

/** Returns 0 for none. */
export function parseTenantsMax(text: string): number {
  if (text === 'off') return 0;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(count >= 1 && count <= TENANTS_MAX)) throw new RangeError(`must be a number from 1 to ${TENANTS_MAX}, or off`);
  return count;
}

export function parseBytesMax(text: string): number {
  const bytes = sizeOf(text);
  if (!(bytes >= BYTES_MIN && bytes <= LOKI_BYTES_MAX)) {
    throw new RangeError('must be a size from 1MiB to 128MiB, with its unit, such as 16MiB');
  }
  return Math.floor(bytes);
}

export function parseRangeMsMax(text: string): number {
  if (text === 'unlimited') return Infinity;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs < RANGE_MS_MIN)
    throw new RangeError('must be a duration of a minute or more, such as 12h or 90d; or unlimited');
  return Math.floor(durationMs);
}

export function parseTimeMsMax(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs < TIME_MS_MIN || durationMs > LOKI_TIME_MS_MAX)
    throw new RangeError('must be a duration from 1s to 10m, such as 90s');
  return Math.floor(durationMs);
}
