/** Durations as people write them: `15m`, `1h30m`, `1.5d`, `2w`. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;

/** Returns the milliseconds of `1h30m`; undefined for a text that is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) sum += Number(amount) * UNIT_MS[unit!]!;
  return sum;
}

/** Formats whole milliseconds as the shortest text of one unit: `90m`, `30d`. */
export function formatDurationMs(ms: number): string {
  const [unit, size] = Object.entries(UNIT_MS).findLast(([name, each]) => name !== 'w' && ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
