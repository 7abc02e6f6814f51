/**
 * The range of a search. A duration is counted back from the time at which the search is run, so that lines, bars and counts are
 * of the same range; words such as `yesterday` are left to the server, which is asked with the time zone that is shown.
 */
import { parseDurationMs } from '../../shared/duration.ts';

export interface TimeRange {
  readonly since: string;
  readonly until: string;
}

/** An instant with its offset; what only the server understands, such as a day of the zone that is shown, is NaN. */
export function instantMs(text: unknown): number {
  return typeof text === 'string' && /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
}

/**
 * Returns how far the server's clock is ahead: no less than it is, so that a range that ends now has the line that was just
 * written. Clocks that may agree are taken to.
 */
export function aheadMs(serverMs: number, sentMs: number, receivedMs: number): number {
  return serverMs >= sentMs && serverMs <= receivedMs ? 0 : serverMs - sentMs;
}

/** @param nowMs  the server's time */
export function frozenRange(since: string, until: string, nowMs: number): TimeRange {
  const durationOfSince = parseDurationMs(since);
  const now = new Date(nowMs).toISOString();
  return {
    since: durationOfSince === undefined ? since : new Date(nowMs - durationOfSince).toISOString(),
    until: until === '' || until === 'now' ? now : until,
  };
}

export interface Preset {
  readonly label: string;
  readonly since: string;
  readonly until: string;
}

export const PRESETS: readonly Preset[] = [
  { label: 'Last 5 minutes', since: '5m', until: '' },
  { label: 'Last 15 minutes', since: '15m', until: '' },
  { label: 'Last hour', since: '1h', until: '' },
  { label: 'Last 6 hours', since: '6h', until: '' },
  { label: 'Last 24 hours', since: '24h', until: '' },
  { label: 'Last 7 days', since: '7d', until: '' },
  { label: 'Today', since: 'today', until: '' },
  { label: 'Yesterday', since: 'yesterday', until: 'today' },
  { label: 'Everything', since: '', until: '' },
];

/** How the picker calls a range; undefined where its times say more. */
export function rangeName(since: string, until: string): string | undefined {
  const preset = PRESETS.find((each) => each.since === since && each.until === until);
  if (preset !== undefined) return preset.label;
  return until === '' && parseDurationMs(since) !== undefined ? `Last ${inWords(since)}` : undefined;
}

const UNITS: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };

/** `2h` as `2 hours`; what has several units stays as it is. */
function inWords(duration: string): string {
  const [, number = '', letter = ''] = /^(\d+)([smhdw])$/.exec(duration) ?? [];
  const unit = UNITS[letter];
  if (unit === undefined) return duration;
  return number === '1' ? unit : `${number} ${unit}s`;
}

const STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];

/** The step of a histogram that has about as many bars as fit. */
export function stepSeconds(rangeMs: number, barsMax: number): number {
  return STEPS_S.find((step) => rangeMs / 1e3 / step <= barsMax) ?? STEPS_S.at(-1)!;
}
