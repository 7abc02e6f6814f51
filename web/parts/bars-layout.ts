/** Places of a histogram's bars: calm levels above the baseline, problems below it, on a scale of their own. */
import type { HistogramBucket } from '../../shared/client/answers.ts';

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  readonly level: 'info' | 'debug' | 'none' | 'error' | 'warn';
  /** Whether an edge is drawn on top of it. */
  readonly isTop: boolean;
}

export interface BarsLayout {
  readonly bars: readonly Bar[];
  readonly calmMax: number;
  readonly problemMax: number;
  /** The line between both. */
  readonly baseline: number;
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
  /** Share of the height below the baseline. */
  readonly laneHeight: number;
}

const GAP = 1;
/** One error among 10,000 lines must be seen. */
const PROBLEM_HEIGHT_MIN = 2;

const count = (bucket: HistogramBucket, ...levels: readonly string[]): number =>
  levels.reduce((sum, level) => sum + (bucket.counts?.[level] ?? 0), 0);

/** Lines of a bucket by the colours of the histogram. */
export function partsOf(bucket: HistogramBucket): Readonly<Record<Bar['level'], number>> {
  const error = count(bucket, 'error', 'fatal');
  const warn = count(bucket, 'warn');
  const debug = count(bucket, 'debug', 'trace');
  const info = count(bucket, 'info');
  return { error, warn, debug, info, none: bucket.total - error - warn - debug - info };
}

export function layOut(buckets: readonly HistogramBucket[], { width, height, laneHeight }: PlotSize): BarsLayout {
  const all = buckets.map(partsOf);
  const calmMax = Math.max(0, ...all.map(({ info, debug, none }) => info + debug + none));
  const problemMax = Math.max(0, ...all.map(({ error, warn }) => error + warn));
  const laneShare = problemMax === 0 ? 0 : calmMax === 0 ? height : laneHeight;
  const baseline = height - laneShare;
  const step = width / Math.max(1, buckets.length);
  const bars: Bar[] = [];
  for (const [i, parts] of all.entries()) {
    const x = i * step + GAP / 2;
    const own = Math.max(1, step - GAP);
    let y = baseline;
    const calm = (['info', 'debug', 'none'] as const).filter((level) => parts[level] > 0);
    for (const level of calm) {
      const h = (parts[level] / calmMax) * (baseline - 2);
      y -= h;
      bars.push({ x, width: own, y, height: h, level, isTop: level === calm.at(-1) });
    }
    let below = baseline;
    for (const level of ['error', 'warn'] as const) {
      if (parts[level] === 0) continue;
      const h = Math.max(PROBLEM_HEIGHT_MIN, (parts[level] / problemMax) * (laneShare - 2));
      bars.push({ x, width: own, y: below, height: h, level, isTop: false });
      below += h;
    }
  }
  return { bars, calmMax, problemMax, baseline };
}

const TICK_STEPS_MS = [
  1e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1_800e3, 3_600e3, 7_200e3, 10_800e3, 21_600e3, 43_200e3,
  86_400e3, 172_800e3, 604_800e3, 2_592_000e3,
];

/** Round times on an axis. @param offsetMs  of the zone in which they are round */
export function ticksOf(fromMs: number, toMs: number, countMax: number, offsetMs: number): number[] {
  const step = TICK_STEPS_MS.find((each) => (toMs - fromMs) / each <= countMax) ?? TICK_STEPS_MS.at(-1)!;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs; at <= toMs; at += step) ticks.push(at);
  return ticks;
}
