/** Aggregations over the series of a step: `sum by (…)`, `topk`, … */
import type { VectorExpr, VectorOperation } from '../syntax/ast.ts';
import { groupedLabels, keyOf, type Series, SeriesBuilder, type SeriesLabels, withoutEmpty } from './series.ts';

interface Group {
  readonly labels: SeriesLabels;
  readonly members: Series[];
}

/** @param count  of steps */
export function aggregate(
  { operation, parameter, grouping }: VectorExpr,
  series: readonly Series[],
  count: number,
): Series[] {
  const groups = groupsOf(series, grouping ?? { names: [], isWithout: false });
  switch (operation) {
    case 'topk':
    case 'bottomk':
    case 'approx_topk':
      return groups.flatMap(({ members }) => extremes(members, parameter!, operation === 'bottomk', count));
    case 'sort':
    case 'sort_desc':
      return sorted(series, operation === 'sort_desc');
    default:
      return groups.map((group) => reduced(group, FOLDS[operation], count));
  }
}

function groupsOf(
  series: readonly Series[],
  { names, isWithout }: { readonly names: readonly string[]; readonly isWithout: boolean },
): Group[] {
  const groups = new Map<string, Group>();
  for (const each of series) {
    const labels = groupedLabels(each.labels, names, isWithout);
    const key = keyOf(labels);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { labels: isWithout ? withoutEmpty(labels) : labels, members: [each] });
    else known.members.push(each);
  }
  return [...groups.values()];
}

type Reduce = (values: readonly number[]) => number;

const FOLDS: Readonly<
  Record<Exclude<VectorOperation, 'topk' | 'bottomk' | 'approx_topk' | 'sort' | 'sort_desc'>, Reduce>
> = {
  sum: (values) => values.reduce((sum, value) => sum + value),
  avg: (values) => values.reduce((mean, value, i) => mean + (value - mean) / (i + 1), 0),
  count: (values) => values.length,
  max: (values) => values.reduce((best, value) => (best < value || Number.isNaN(best) ? value : best)),
  min: (values) => values.reduce((best, value) => (best > value || Number.isNaN(best) ? value : best)),
  stdvar: variance,
  stddev: (values) => Math.sqrt(variance(values)),
};

/** The first value is the mean as it is, so one that is not a number has no variance, as in Loki. */
function variance(values: readonly number[]): number {
  let mean = values[0]!;
  let squares = 0;
  for (const [i, value] of values.entries()) {
    if (i === 0) continue;
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  }
  return squares / values.length;
}

function reduced({ labels, members }: Group, reduce: Reduce, count: number): Series {
  const series = new SeriesBuilder(count);
  eachStep(members, count, (step, _, values) => series.add(step, reduce(values)));
  return series.finish(labels);
}

/** Returns the first series of a step in order; those without a number come last. */
function extremes(members: readonly Series[], wanted: number, isLowest: boolean, count: number): Series[] {
  const kept = new Map<number, [step: number, value: number][]>();
  eachStep(members, count, (step, present, values) => {
    const places = [...values.keys()].toSorted((a, b) => byValue(values[a]!, values[b]!, !isLowest));
    for (const place of places.slice(0, wanted)) {
      const member = present[place]!;
      const points = kept.get(member) ?? [];
      kept.set(member, points);
      points.push([step, values[place]!]);
    }
  });
  return members.flatMap(({ labels }, member) => {
    const points = kept.get(member);
    if (points === undefined) return [];
    const steps = Uint32Array.from(points, ([step]) => step);
    return [{ labels, steps, values: Float64Array.from(points, ([, value]) => value) }];
  });
}

/**
 * Visits the steps that some series have, ascending.
 * @param visit  gets the indexes of these series, ascending, and their values
 */
function eachStep(
  members: readonly Series[],
  count: number,
  visit: (step: number, present: Uint32Array, values: number[]) => void,
): void {
  const starts = new Uint32Array(count + 1);
  for (const { steps } of members) for (const step of steps) starts[step + 1]!++;
  for (let step = 0; step < count; step++) starts[step + 1]! += starts[step]!;
  const next = starts.slice();
  const present = new Uint32Array(starts[count]!);
  const values = new Float64Array(starts[count]!);
  for (const [member, { steps, values: own }] of members.entries()) {
    for (const [i, step] of steps.entries()) {
      const at = next[step]!++;
      present[at] = member;
      values[at] = own[i]!;
    }
  }
  for (let step = 0; step < count; step++) {
    const [start, end] = [starts[step]!, starts[step + 1]!];
    if (start < end) visit(step, present.subarray(start, end), Array.from(values.subarray(start, end)));
  }
}

function byValue(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return isDescending ? b - a : a - b;
}

/** Sorts by the last values, since only an instant has an order. */
function sorted(series: readonly Series[], isDescending: boolean): Series[] {
  return series.toSorted((a, b) => byValue(a.values.at(-1) ?? 0, b.values.at(-1) ?? 0, isDescending));
}
