/** Durations in milliseconds, as settings and time ranges have them: `15m`, `1h30m`, `1.5d`, `2w`. */
import { durationOf } from './quantity.ts';

const NS_PER_MS = 1e6;

/** Returns the milliseconds of `1h30m`; undefined for a text that is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  // Without a sign: a time ago has none, nor has a length of time.
  const ns = /^\d/.test(text) ? durationOf(text) : NaN;
  return Number.isNaN(ns) ? undefined : ns / NS_PER_MS;
}

const SIZES: readonly (readonly [unit: string, ms: number])[] = [
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
];

/** Formats whole milliseconds as the shortest text of one unit: `90m`, `30d`. */
export function formatDurationMs(ms: number): string {
  const [unit, size] = SIZES.findLast(([, each]) => ms % each === 0) ?? SIZES[0]!;
  return `${ms / size}${unit}`;
}
