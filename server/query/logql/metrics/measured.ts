/**
 * Has the store measure the numbers of a range aggregation, where they are many: workers measure them by group and by parts of
 * windows, and make the windows of these. A stretch of steps is measured at once, so memory does not grow with the time range.
 * Quantiles of large windows are those of sketches; everything else is what ./sampled.ts makes of each number.
 */
import { floorDivided } from '../../../../shared/time.ts';
import { AGGREGATE_SKETCHES_BYTES_MAX, AGGREGATE_SKETCHES_MAX, LOGQL_GROUPS_MAX } from '../../../limits.ts';
import type { AggregatePlan, Cell, Measured, Measure } from '../../../store/aggregate-plan.ts';
import { jsonLabel } from '../../../store/asked-name.ts';
import { lokiLabels } from '../known-streams.ts';
import type { RangeExpr, RangeOperation } from '../syntax/ast.ts';
import { areSomeEmpty, cellsOf, partNsOf } from './cells.ts';
import { type Evaluation, tooManySeries } from './evaluation.ts';
import type { NumberColumns } from './number-columns.ts';
import { POINT_BYTES, type Series, SERIES_BYTES, type SeriesLabels } from './series.ts';

type Numbers = Measured & { readonly kind: 'numbers' };

/** What becomes of the numbers of a window. The first and the last one would depend on which line of an instant came first. */
const VALUES: { readonly [Operation in RangeOperation]?: (numbers: Numbers, seconds: number) => number } = {
  quantile_over_time: ({ quantiles }) => quantiles[0]!,
  sum_over_time: ({ sum }) => sum,
  rate: ({ sum }, seconds) => sum / seconds,
  avg_over_time: ({ sum, count }) => sum / count,
  min_over_time: ({ min }) => min,
  max_over_time: ({ max }) => max,
  stddev_over_time: ({ stddev }) => stddev,
  stdvar_over_time: ({ stddev }) => stddev ** 2,
};

/** Returns undefined where the numbers are few, or can be measured only one by one. @throws PodlogError */
export async function measuredSeries(
  { operation, parameter, range }: RangeExpr,
  columns: NumberColumns,
  evaluation: Evaluation,
): Promise<Series[] | undefined> {
  const valueOf = VALUES[operation];
  const by = dimensionsOf(columns, evaluation);
  const isQuantile = operation === 'quantile_over_time';
  const hasRank = !isQuantile || (parameter! >= 0 && parameter! <= 1);
  if (valueOf === undefined || by === undefined || !hasRank) return undefined;
  const groups = await groupsOf(by, columns, range.rangeNs, evaluation);
  if (groups === undefined) return undefined;
  const stretch = stretchOf(groups, range.rangeNs, isQuantile, evaluation);
  if (stretch === undefined) return undefined;
  const measure: Measure = {
    kind: 'numbers',
    of: jsonLabel(columns.unwrapped),
    quantiles: isQuantile ? [parameter!] : [],
    ...(operation.startsWith('std') && { stddev: true }),
  };
  const table = new PointTable(columns.names, evaluation);
  const seconds = Number(range.rangeNs) / 1e9;
  const { steps } = evaluation;
  let { stepsAtOnce } = stretch;
  for (let first = 0; first < steps.count;) {
    const last = Math.min(first + stepsAtOnce, steps.count) - 1;
    const plan = planOf({ first, last }, stretch, range, evaluation);
    const cells = await cellsOf({ ...columns.known, ...plan, by, measures: [measure] }, evaluation);
    if (cells === undefined && stepsAtOnce === 1) return undefined;
    if (cells === undefined) stepsAtOnce = Math.ceil(stepsAtOnce / 2);
    else {
      for (const cell of cells) {
        const step = last - (plan.lastBucket - cell.bucket) / stretch.partsOfStep;
        const [numbers] = cell.measures as [Numbers];
        // A step before the first one was in the stretch before this one, as a whole.
        if (step >= first && numbers.count > 0) table.add(cell, step, valueOf(numbers, seconds));
      }
      first = last + 1;
    }
  }
  evaluation.counts.lines += groups.numbers;
  return table.series();
}

/** Returns a name for each label; undefined where some streams have it and lines of others. */
function dimensionsOf({ names, isFound, streams }: NumberColumns, { discovery }: Evaluation): string[] | undefined {
  const own = streams.map((labels) => ({ labels, ofLoki: lokiLabels(labels, discovery) }));
  const by = names.map((name) => {
    if (isFound(name)) return own.some(({ labels }) => Object.hasOwn(labels, name)) ? undefined : jsonLabel(name);
    const isStored = own.every(({ labels, ofLoki }) => ofLoki.has(name) && ofLoki.get(name) === labels[name]);
    return isStored ? `label.${name}` : undefined;
  });
  return by.every((name) => name !== undefined) ? by : undefined;
}

interface Groups {
  readonly count: number;
  readonly numbers: number;
}

/** Counts groups and their numbers; undefined where each number is to be looked at. @throws PodlogError */
async function groupsOf(
  by: readonly string[],
  { known, names, isFound }: NumberColumns,
  rangeNs: bigint,
  evaluation: Evaluation,
): Promise<Groups | undefined> {
  const { steps, seriesMax, numbersExactMax } = evaluation;
  const plan = { ...known, by, measures: [], stepNs: undefined, limit: undefined, groupsMax: seriesMax };
  const cells = await cellsOf(plan, evaluation);
  // Without gaps between windows each group has a series.
  if (cells === undefined && (steps.count === 1 || steps.stepNs <= rangeNs)) throw tooManySeries(seriesMax);
  const numbers = cells?.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
  if (cells === undefined || numbers <= numbersExactMax) return undefined;
  const found = names.filter(isFound);
  const valueOf = (cell: Cell, i: number): string => cell.by[names.indexOf(found[i]!)]!;
  if (await areSomeEmpty(known, found, cells, valueOf, evaluation)) return undefined;
  return { count: cells.length, numbers };
}

/** Steps that are measured at once, and the parts that their windows are made of. */
interface Stretch {
  readonly stepsAtOnce: number;
  readonly partNs: bigint;
  readonly partsOfWindow: number;
  readonly partsOfStep: number;
}

/** Entries of the sketch of a window, whose numbers are mostly of a few powers of two; and those of a table, half full. */
const SKETCH_ENTRIES = 250;
const TABLE_ENTRIES_MAX = AGGREGATE_SKETCHES_BYTES_MAX / 256;
/** Where lines would be read more often than that for windows that overlap, each number is looked at once. */
const READS_MAX = 8;

function stretchOf(
  { count, numbers }: Groups,
  rangeNs: bigint,
  isQuantile: boolean,
  { steps, stepsAtOnceMax }: Evaluation,
): Stretch | undefined {
  const partNs = partNsOf(rangeNs, steps);
  const partsOfWindow = Number(rangeNs / partNs);
  const partsOfStep = steps.count === 1 ? 1 : Number(steps.stepNs / partNs);
  const partsOfAll = partsOfStep * (steps.count - 1) + partsOfWindow;
  const numbersOfPart = numbers / (count * partsOfAll);
  const entriesOf = (parts: number): number =>
    isQuantile ? Math.min(SKETCH_ENTRIES, Math.max(1, numbersOfPart * parts)) : 1;
  const groupsMax = Math.min(AGGREGATE_SKETCHES_MAX, TABLE_ENTRIES_MAX / entriesOf(1)) / count;
  const windowsMax = Math.min(AGGREGATE_SKETCHES_MAX, TABLE_ENTRIES_MAX / entriesOf(partsOfWindow)) / count;
  const stepsAtOnce = Math.floor(
    Math.min((groupsMax - partsOfWindow) / partsOfStep, windowsMax, steps.count, stepsAtOnceMax),
  );
  if (stepsAtOnce >= Math.min(2, steps.count) && stepsAtOnce * partsOfStep * READS_MAX > partsOfWindow) {
    return { stepsAtOnce, partNs, partsOfWindow, partsOfStep };
  }
  // One window after the other, each as a whole.
  const isWorthIt = count <= AGGREGATE_SKETCHES_MAX && rangeNs <= BigInt(READS_MAX) * steps.stepNs;
  return isWorthIt ? { stepsAtOnce: 1, partNs: rangeNs, partsOfWindow: 1, partsOfStep: 1 } : undefined;
}

type WindowsPlan = Omit<AggregatePlan, 'where' | 'by' | 'measures'> & { readonly lastBucket: number };

function planOf(
  { first, last }: { readonly first: number; readonly last: number },
  { partNs, partsOfWindow, partsOfStep }: Stretch,
  { offsetNs, rangeNs }: RangeExpr['range'],
  { steps }: Evaluation,
): WindowsPlan {
  const firstNs = steps.start - offsetNs;
  const from = firstNs + BigInt(first) * steps.stepNs - rangeNs + 1n;
  const to = firstNs + BigInt(last) * steps.stepNs + 1n;
  const shiftNs = to - floorDivided(to, partNs) * partNs;
  return {
    from,
    to,
    stepNs: partNs,
    offsetNs: shiftNs,
    windowSteps: partsOfWindow,
    windowEvery: partsOfStep,
    limit: undefined,
    groupsMax: LOGQL_GROUPS_MAX,
    lastBucket: Number(floorDivided(to - 1n - shiftNs, partNs)),
  };
}

interface Growing {
  readonly labels: SeriesLabels;
  readonly points: (readonly [step: number, value: number])[];
}

/** The points that were measured, by group. */
class PointTable {
  readonly #names: readonly string[];
  readonly #hold: (bytes: number) => void;
  readonly #byKey = new Map<string, Growing>();

  constructor(names: readonly string[], { hold }: Evaluation) {
    this.#names = names;
    this.#hold = hold;
  }

  add({ by }: Cell, step: number, value: number): void {
    const key = JSON.stringify(by);
    let series = this.#byKey.get(key);
    if (series === undefined) {
      const labels = this.#names.flatMap((name, i) => (by[i] === '' ? [] : [[name, by[i]!] as const]));
      this.#byKey.set(key, (series = { labels, points: [] }));
      this.#hold(SERIES_BYTES);
    }
    this.#hold(POINT_BYTES * GROWING_FACTOR);
    series.points.push([step, value]);
  }

  series(): Series[] {
    return [...this.#byKey.values()].map(({ labels, points }) => {
      points.sort(([a], [b]) => a - b);
      const steps = Uint32Array.from(points, ([step]) => step);
      return { labels, steps, values: Float64Array.from(points, ([, value]) => value) };
    });
  }
}

/** A point that is not in an array of numbers yet takes so many times as much. */
const GROWING_FACTOR = 5;
