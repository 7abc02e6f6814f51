/** What an aggregation asks for, found by looking at every line: slow, and short enough to be believed. */
import { labelsKey } from '../../../shared/labels.ts';
import { LEVEL } from '../../../shared/levels.ts';
import { floorDivided } from '../../../shared/time.ts';
import {
  type AggregatePlan,
  type Cell,
  type Measure,
  type Measured,
  WHOLE_STREAM,
} from '../../../server/store/aggregate-plan.ts';
import { compares } from '../../../server/engines/embedded/scan/value-match.ts';
import { parseName } from '../../../server/store/asked-name.ts';
import { naiveCanonical } from './naive-level.ts';
import { shapeOfText } from '../../../shared/shape-of-text.ts';
import { isWanted, type NaiveLine, valuesOf } from './naive-search.ts';

/** All groups that satisfy the plan in their order, however many are asked for; those of equal ranks as they come. */
export function naiveAggregate(lines: readonly NaiveLine[], plan: AggregatePlan): Cell[] {
  const wanted = lines.filter((line) => isWanted(line, plan));
  const lastBucket = lastBucketOf(wanted, plan);
  const byGroup = new Map<string, NaiveLine[]>();
  for (const line of wanted) {
    for (const bucket of bucketsOf(line, plan, lastBucket)) {
      const key = JSON.stringify([bucket, ...plan.by.map((name) => naiveValueOf(line, name))]);
      byGroup.set(key, [...(byGroup.get(key) ?? []), line]);
    }
  }
  const cells = [...byGroup].map(([key, each]): Cell => {
    const [bucket, ...by] = JSON.parse(key) as [number, ...string[]];
    return { bucket, by, rows: each.length, measures: plan.measures.map((measure) => measured(each, measure)) };
  });
  const having = (cell: Cell): boolean =>
    (plan.having ?? []).every(({ ranked, operator, bound }) => {
      const value = rankOf(cell, { orderBy: ranked });
      return value !== -Infinity && compares(value, operator, bound);
    });
  return cells.filter(having).toSorted((a, b) => rankOf(b, plan) - rankOf(a, plan) || 0);
}

/** By what a group is compared. */
export function rankOf({ rows, measures }: Cell, { orderBy }: Pick<AggregatePlan, 'orderBy'>): number {
  if (orderBy === undefined) return rows;
  const measure = measures[orderBy.measure]!;
  const { by } = orderBy;
  switch (measure.kind) {
    case 'rows':
      return measure.rows;
    case 'bytes':
      return measure.bytes;
    case 'distinct':
      return measure.distinct;
    case 'numbers': {
      if (by === 'count') return measure.count;
      if (measure.count === 0) return -Infinity;
      if (typeof by === 'number') return measure.quantiles[by]!;
      return by === 'avg' ? measure.sum / measure.count : (measure as unknown as Record<string, number>)[by]!;
    }
  }
}

function bucketsOf({ instant }: NaiveLine, plan: AggregatePlan, lastBucket: number): number[] {
  const { windowSteps = 1, windowEvery = 1 } = plan;
  if (plan.stepNs === undefined) return [0];
  const first = bucketAt(instant, plan);
  return Array.from({ length: windowSteps }, (_, later) => first + later).filter(
    (bucket) => bucket <= lastBucket && (lastBucket - bucket) % windowEvery === 0,
  );
}

function bucketAt(instant: bigint, { stepNs, offsetNs = 0n }: AggregatePlan): number {
  return stepNs === undefined ? 0 : Number(floorDivided(instant - offsetNs, stepNs));
}

function lastBucketOf(lines: readonly NaiveLine[], plan: AggregatePlan): number {
  if (plan.to !== undefined) return bucketAt(plan.to - 1n, plan);
  return Math.max(...lines.map(({ instant }) => bucketAt(instant, plan)));
}

export function naiveValueOf({ text, labels, run, metadata }: NaiveLine, asked: string): string {
  if (asked === WHOLE_STREAM) return labelsKey(labels);
  const { name, isShape, isBucket } = parseName(asked);
  const value = valuesOf(text, labels, asked, run, metadata)[0] ?? '';
  if (isShape) return shapeOfText(value);
  if (isBucket) return naiveBucket(value);
  return name === LEVEL ? naiveCanonical(value) : value;
}

/** The edge nearest to zero, by its digits. */
export function naiveBucket(value: string): string {
  const number = value.trim() === '' ? NaN : Number(value);
  if (!Number.isFinite(number)) return '';
  if (number === 0) return '0';
  const [digits, exponent] = Math.abs(number).toExponential().split('e') as [string, string];
  const edge = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8].findLast((each) => each <= Number(digits))!;
  return String(Math.sign(number) * Number(`${edge}e${exponent}`));
}

function measured(ofGroup: readonly NaiveLine[], measure: Measure): Measured {
  const { where } = measure;
  const range = { from: undefined, to: undefined };
  const lines = where === undefined ? ofGroup : ofGroup.filter((line) => isWanted(line, { ...range, where }));
  switch (measure.kind) {
    case 'rows':
      return { kind: 'rows', rows: lines.length };
    case 'bytes':
      return { kind: 'bytes', bytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) };
    case 'distinct': {
      const values = lines.map((line) => naiveValueOf(line, measure.of)).filter((value) => value !== '');
      return { kind: 'distinct', distinct: new Set(values).size, error: 0 };
    }
    case 'numbers':
      return numbers(lines, measure);
  }
}

/** Linear between neighbours. */
export function naiveQuantile(sorted: readonly number[], quantile: number): number {
  const place = quantile * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

/** The seconds of a duration, the bytes of a size, of those that random lines have. */
function naiveUnits(value: string): number | undefined {
  const [, number, unit] = /^([\d.]+)(µs|ms|s|KB|MiB)$/.exec(value) ?? [];
  if (unit === undefined) return undefined;
  if (unit === 'KB' || unit === 'MiB') return Number(number) * (unit === 'KB' ? 1000 : 1024 * 1024);
  const ns = Number(number) * { µs: 1e3, ms: 1e6, s: 1e9 }[unit]!;
  return ns / 1e9;
}

/** A label is no number of a line. */
function numbers(
  lines: readonly NaiveLine[],
  { of, quantiles, stddev, ends }: Measure & { kind: 'numbers' },
): Measured {
  const found = lines.flatMap(({ text, run, metadata, instant }) => {
    const value = valuesOf(text, {}, of, run, metadata).at(-1) ?? '';
    const number = value.trim() === '' ? NaN : (naiveUnits(value) ?? Number(value));
    return Number.isFinite(number) ? [{ number, instant }] : [];
  });
  const sorted = found.map(({ number }) => number).toSorted((a, b) => a - b);
  const count = sorted.length;
  const sum = sorted.reduce((total, number) => total + number, 0);
  const squares = sorted.reduce((total, number) => total + (number - sum / count) ** 2, 0);
  const inTime = found.toSorted((a, b) =>
    a.instant < b.instant ? -1 : a.instant > b.instant ? 1 : a.number - b.number,
  );
  return {
    kind: 'numbers',
    count,
    sum,
    min: sorted.at(0) ?? Infinity,
    max: sorted.at(-1) ?? -Infinity,
    quantiles: count === 0 ? [] : quantiles.map((q) => naiveQuantile(sorted, q)),
    stddev: stddev === true ? Math.sqrt(squares / count) : NaN,
    first: ends === true ? (inTime.at(0)?.number ?? NaN) : NaN,
    last: ends === true ? (inTime.at(-1)?.number ?? NaN) : NaN,
  };
}
