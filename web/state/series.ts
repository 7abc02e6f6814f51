/** What a metric of LogQL has: series over the steps of a range. */
import type { Labels } from '../../shared/labels.ts';

export interface FoundSeries {
  readonly series: readonly Series[];
  /** Of the first step. */
  readonly fromMs: number;
  readonly stepMs: number;
  readonly stepCount: number;
}

export interface Series {
  readonly labels: Labels;
  /** One a step; undefined where it has none. */
  readonly values: readonly (number | undefined)[];
}

/** A number as Loki writes it. */
export function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

export interface Figures {
  /** At the end of the range, unless it has ended before. */
  readonly last: number | undefined;
  readonly least: number | undefined;
  readonly mean: number | undefined;
  readonly most: number | undefined;
}

export function figuresOf({ values }: Series): Figures {
  const known = values.filter((value) => value !== undefined && !Number.isNaN(value)) as number[];
  if (known.length === 0) return { last: values.at(-1), least: undefined, mean: undefined, most: undefined };
  const sum = known.reduce((all, value) => all + value, 0);
  return { last: values.at(-1), least: Math.min(...known), mean: sum / known.length, most: Math.max(...known) };
}

/** Names of all labels. */
export function labelNames(series: readonly Series[]): readonly string[] {
  return [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].toSorted();
}

const HUES = 8;
const SHADES = 3;
const LEVELS = /^(?:fatal|error|warn|info|debug|trace)$/;

/** The class whose colour a series has: that of its level, else a hue by its place. */
export function colorOf({ labels }: Series, place: number): string {
  const found = labels['detected_level'] ?? labels['level'] ?? '';
  const level = found === 'critical' ? 'fatal' : found;
  if (LEVELS.test(level)) return `series-${level === 'trace' ? 'debug' : level}`;
  return `pod-${place % HUES}-${Math.floor(place / HUES) % SHADES}`;
}
