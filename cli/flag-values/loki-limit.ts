/** Limits of queries by Loki's API. More than the most of each would take memory that other limits refuse. */
import { parseDurationMs } from '../../shared/duration.ts';
import { sizeOf } from '../../shared/quantity.ts';

const SERIES_MAX = 50_000;
const LINES_MAX = 100_000;
const POINTS_MAX = 100_000;
const MIB = 2 ** 20;
const BYTES_MIN = 1 * MIB;
const BYTES_MAX = 128 * MIB;
const RANGE_MS_MIN = 60_000;
const TIME_MS_MIN = 1000;
const TIME_MS_MAX = 600_000;

export function parseSeriesMax(text: string): number {
  return parseCount(text, SERIES_MAX);
}

export function parseLinesMax(text: string): number {
  return parseCount(text, LINES_MAX);
}

export function parsePointsMax(text: string): number {
  return parseCount(text, POINTS_MAX);
}

function parseCount(text: string, max: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(count >= 1 && count <= max)) throw new RangeError(`must be a number from 1 to ${max}`);
  return count;
}

export function parseBytesMax(text: string): number {
  const bytes = sizeOf(text);
  if (!(bytes >= BYTES_MIN && bytes <= BYTES_MAX)) {
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
  if (durationMs === undefined || durationMs < TIME_MS_MIN || durationMs > TIME_MS_MAX)
    throw new RangeError('must be a duration from 1s to 10m, such as 90s');
  return Math.floor(durationMs);
}
