/** Aggregations over the series of a step: `sum by (…)`, `topk`, … */
import type { VectorExpr, VectorOperation } from '../syntax/ast.ts';
import { groupedLabels, keyOf, newSeries, type Series, type SeriesLabels, setPoint } from './series.ts';

interface Group {
  readonly labels: SeriesLabels;
  readonly members: Series[];
}

export function aggregate({ operation, parameter, grouping }: VectorExpr, series: readonly Series[]): Series[] {
  const groups = groupsOf(series, grouping ?? { names: [], isWithout: false });
  switch (operation) {
    case 'topk':
    case 'bottomk':
    case 'approx_topk':
      return groups.flatMap(({ members }) => extremes(members, parameter!, operation === 'bottomk'));
    case 'sort':
    case 'sort_desc':
      return sorted(series, operation === 'sort_desc');
    default:
      return groups.map((group) => reduced(group, FOLDS[operation]));
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
    if (known === undefined) groups.set(key, { labels, members: [each] });
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

function variance(values: readonly number[]): number {
  let mean = 0;
  let squares = 0;
  for (const [i, value] of values.entries()) {
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  }
  return squares / values.length;
}

function reduced({ labels, members }: Group, reduce: Reduce): Series {
  const count = members[0]!.values.length;
  const series = newSeries(labels, count);
  for (let step = 0; step < count; step++) {
    const values = members.flatMap(({ values: own, isPresent }) => (isPresent[step] === 1 ? [own[step]!] : []));
    if (values.length > 0) setPoint(series, step, reduce(values));
  }
  return series;
}

/** Returns the first series of a step in order; those without a number come last. */
function extremes(members: readonly Series[], wanted: number, isLowest: boolean): Series[] {
  const kept = members.map(({ labels, values }) => newSeries(labels, values.length));
  const count = members[0]!.values.length;
  for (let step = 0; step < count; step++) {
    const present = members.flatMap(({ isPresent }, i) => (isPresent[step] === 1 ? [i] : []));
    const best = present.toSorted((a, b) => byValue(members[a]!.values[step]!, members[b]!.values[step]!, !isLowest));
    for (const i of best.slice(0, wanted)) setPoint(kept[i]!, step, members[i]!.values[step]!);
  }
  return kept.filter(({ isPresent }) => isPresent.includes(1));
}

function byValue(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return isDescending ? b - a : a - b;
}

/** Sorts by the last values, since only an instant has an order. */
function sorted(series: readonly Series[], isDescending: boolean): Series[] {
  return series.toSorted((a, b) => byValue(a.values.at(-1)!, b.values.at(-1)!, isDescending));
}
