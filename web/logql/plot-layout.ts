/** Places of series in a plot: a scale from zero with round steps, and lines with gaps where nothing is known. */
import type { Series } from '../state/series.ts';

export interface Scale {
  readonly least: number;
  readonly most: number;
  readonly ticks: readonly number[];
}

/** A scale that has zero and all values. */
export function scaleOf(series: readonly Series[], ticksMax: number): Scale {
  let [low, high] = [0, 0];
  for (const { values } of series) {
    for (const value of values) {
      if (value === undefined || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low === high) high = 1;
  const step = roundStep((high - low) / ticksMax);
  const least = Math.floor(low / step) * step;
  const count = Math.ceil((high - least) / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((least + i * step).toPrecision(12)));
  return { least, most: ticks.at(-1)!, ticks };
}

/** The least of 1, 2 and 5 times a power of ten that is no less. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((each) => each * power >= least * (1 - 1e-9)) ?? 10) * power;
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

export function yOf(value: number, { least, most }: Scale, height: number): number {
  return height - ((value - least) / (most - least)) * height;
}

/** The path of a series, whose points are in the middle of their steps; one without neighbours is a short dash. */
export function pathOf({ values }: Series, scale: Scale, { width, height }: PlotSize): string {
  const step = width / values.length;
  let path = '';
  let isDrawing = false;
  for (const [i, value] of values.entries()) {
    if (value === undefined || !Number.isFinite(value)) {
      isDrawing = false;
      continue;
    }
    const x = (i + 0.5) * step;
    const y: string = yOf(value, scale, height).toFixed(1);
    const isAlone: boolean = !isDrawing && !isKnown(values[i + 1]);
    if (isAlone) path += `M${(x - 2).toFixed(1)} ${y}h4`;
    else path += `${isDrawing ? 'L' : 'M'}${x.toFixed(1)} ${y}`;
    isDrawing = !isAlone;
  }
  return path;
}

function isKnown(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value);
}
