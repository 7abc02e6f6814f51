/** Amounts that a flag may have: durations and sizes, each with its unit. */
import { parseDurationMs } from '../../shared/duration.ts';

/** Below it is a mistake: the unit was forgotten, or misread. */
const RETENTION_MS_MIN = 60_000;

/** Some of it is kept free for compactions (MAX_SIZE_RESERVE_BYTES). */
const MAX_SIZE_BYTES_MIN = 2 ** 30;

/** Less is a container that should not log at all. */
const RATE_LIMIT_BYTES_MIN = 100e3;

const SIZE_UNITS: Readonly<Record<string, number>> = {
  KB: 1e3,
  KiB: 2 ** 10,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

export function parseRetentionMs(text: string): number {
  if (text === 'forever') return Infinity;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs < RETENTION_MS_MIN)
    throw new RangeError('must be a duration of a minute or more, such as 12h, 30d or 8w; or forever');
  return durationMs;
}

export function parseMaxSizeBytes(text: string): number {
  if (text === 'unlimited') return Infinity;
  const bytes = parseSizeBytes(text);
  if (bytes < MAX_SIZE_BYTES_MIN) throw new RangeError('must be 1GiB or more, such as 20GB or 1.5TB; or unlimited');
  return bytes;
}

export function parseRateLimit(text: string): number | undefined {
  if (text === 'off') return undefined;
  const bytes = parseSizeBytes(text.replace(/\/s$/, ''));
  if (bytes < RATE_LIMIT_BYTES_MIN) throw new RangeError('must be 100KB or more, such as 500KB or 2MiB; or off');
  return bytes;
}

/** 0 for what is no size. */
function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B)$/.exec(text);
  return match === null ? 0 : Math.floor(Number(match[1]) * SIZE_UNITS[match[2]!]!);
}
