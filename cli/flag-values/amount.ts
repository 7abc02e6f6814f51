/** Amounts that a flag may have: durations and sizes, each with its unit. */
import { parseDurationMs } from '../../shared/duration.ts';
import { sizeOf } from '../../shared/quantity.ts';

/** Less is a mistake: a unit that was forgotten, or misread. */
const RETENTION_MS_MIN = 60_000;

/** Some of it is kept free for compactions (MAX_SIZE_RESERVE_BYTES). */
const MAX_SIZE_BYTES_MIN = 2 ** 30;

/** Less is a container that should not log at all. */
const RATE_LIMIT_BYTES_MIN = 100e3;

export function parseRetentionMs(text: string): number {
  if (text === 'forever') return Infinity;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs < RETENTION_MS_MIN)
    throw new RangeError('must be a duration of a minute or more, such as 12h, 30d or 8w; or forever');
  return durationMs;
}

export function parseMaxSizeBytes(text: string): number {
  if (text === 'unlimited') return Infinity;
  const bytes = sizeOf(text);
  if (!(bytes >= MAX_SIZE_BYTES_MIN))
    throw new RangeError('must be 1GiB or more, with its unit, such as 20GB, 20Gi or 1.5T; or unlimited');
  return Math.floor(bytes);
}

export function parseRateLimit(text: string): number | undefined {
  if (text === 'off') return undefined;
  const bytes = sizeOf(text.replace(/\/s$/, ''));
  if (!(bytes >= RATE_LIMIT_BYTES_MIN))
    throw new RangeError('must be 100KB or more, with its unit, such as 500KB, 2Mi or 2MiB/s; or off');
  return Math.floor(bytes);
}
