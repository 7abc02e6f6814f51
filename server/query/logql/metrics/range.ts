/** Evaluates a range aggregation for all steps in one walk through its lines. */
import { PodlogError } from '../../../../shared/errors.ts';
import { floorDivided, NS_PER_DAY, timeNsFrom } from '../../../../shared/time.ts';
import { labelsText } from '../../../../shared/labels-text.ts';
import { compileStages } from '../pipeline/compile.ts';
import { labelFilterStage } from '../pipeline/label-filter.ts';
import { ERROR, type LineLabels } from '../pipeline/line-labels.ts';
import type { Entry, Run } from '../pipeline/stage.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { eachEntry } from '../rows.ts';
import { predicateOf } from '../select.ts';
import { Slices } from '../slices.ts';
import type { Grouping, Matcher, RangeExpr, Unwrap } from '../syntax/ast.ts';
import { converted } from './convert.ts';
import { countedAtOnce, type Counted } from './counted.ts';
import { type Evaluation, tooManySeries } from './evaluation.ts';
import { measuredSeries } from './measured.ts';
import { numberColumns } from './number-columns.ts';
import { sampleColumns, type Samples } from './sampled.ts';
import {
  groupedLabels,
  keyOf,
  POINT_BYTES,
  type Series,
  SERIES_BYTES,
  SeriesBuilder,
  type SeriesLabels,
} from './series.ts';
import { type LabelGrouping, labelGroupingOf, wantedOf, withoutIdleFormats, withoutParsers } from './wanted.ts';
import { type Windows, windowsOf } from './windows.ts';

/** Parts between two looks at the clock. */
const PARTS_AT_ONCE = 256;
const EXTRACTION_ERROR = 'SampleExtractionErr';

/** @param outer  the grouping of a sum that this is all of */
export async function evaluateRange(
  expr: RangeExpr,
  outer: Grouping | undefined,
  evaluation: Evaluation,
): Promise<Series[]> {
  const { steps, visible, discovery, nowMs, readsAllLines, counts, query } = evaluation;
  const { range, operation } = expr;
  const grouping = labelGroupingOf(expr, outer);
  const table = new SeriesTable(expr, grouping, evaluation);
  // Compiled first, because it reports what is wrong with a stage.
  const wanted = wantedOf(expr, grouping);
  const run = compileStages(withoutIdleFormats(range.log.stages, operation), wanted, {
    nowMs,
    areFieldsFound: discovery.fields,
  });
  const firstNs = steps.start - range.offsetNs;
  const lastNs = firstNs + steps.stepNs * BigInt(steps.count - 1);
  const times = { from: firstNs - range.rangeNs + 1n, to: lastNs + 1n };
  const inTime = { ...visible, ...times };
  const predicate = predicateOf(range.log, inTime, discovery);
  const isAbsence = operation === 'absent_over_time';
  const inColumns = { visible: inTime, asked: predicate };
  const numbers = readsAllLines || isAbsence ? undefined : await numberColumns(expr, grouping, inColumns, evaluation);
  if (numbers !== undefined) {
    const measured = await measuredSeries(expr, numbers, evaluation);
    if (measured !== undefined) return measured;
    await sampleColumns(range, numbers, table, evaluation);
    return table.series(new Slices(query.signal));
  }
  const counted = readsAllLines
    ? undefined
    : await countedAtOnce(
        expr,
        wanted.nothing ? withoutParsers(range.log) : range.log,
        grouping,
        inColumns,
        evaluation,
      );
  const left = counted === undefined ? predicate : counted.others;
  if (left !== undefined) await walk(expr, run, left, table, evaluation);
  const slices = new Slices(query.signal);
  let added = 0;
  for (const part of counted?.parts ?? []) {
    if (++added % PARTS_AT_ONCE === 0 && slices.isOver) await slices.pause();
    counts.lines += part.lines;
    if (part.first <= part.last) table.addCounted(part);
  }
  const series = await table.series(slices);
  return isAbsence ? [absence(range.log.matchers, series, steps.count)] : series;
}

/** Gives each line to the steps whose windows have it. */
async function walk(
  expr: RangeExpr,
  run: Run,
  predicate: Predicate,
  table: SeriesTable,
  { discovery, view, query, counts }: Evaluation,
): Promise<void> {
  const { range } = expr;
  const sample = sampleOf(expr);
  const { matchers } = range.log;
  const asked = { view, query, predicate, direction: 'forward', limit: Infinity, matchers, discovery } as const;
  const { lines, bytes } = await eachEntry(asked, run, (entry) => {
    const value = table.moveTo(entry.day, entry.timeNs) ? sample(entry) : undefined;
    if (value !== undefined) table.add(entry, value);
    return true;
  });
  counts.lines += lines;
  counts.bytes += bytes;
}

/** Returns the number of a line; undefined for one that has none. */
function sampleOf({ operation, range: { unwrap } }: RangeExpr): (entry: Entry) => number | undefined {
  if (unwrap !== undefined) return unwrapped(unwrap);
  const isOfBytes = operation === 'bytes_over_time' || operation === 'bytes_rate';
  return isOfBytes ? ({ line }) => Buffer.byteLength(line) : () => 1;
}

function unwrapped({ name, conversion, filters }: Unwrap): (entry: Entry) => number | undefined {
  const passes = filters.map((filter) => labelFilterStage(filter));
  return (entry) => {
    const { labels } = entry;
    const text = labels.get(name);
    if (text === undefined || text === '') return undefined;
    const number = converted(text, conversion);
    if ('problem' in number) labels.fail(EXTRACTION_ERROR, number.problem);
    if (!passes.every((pass) => pass(entry))) return undefined;
    return 'problem' in number ? 0 : number.value;
  };
}

const NO_LABELS: SeriesLabels = [];

interface RowTime {
  readonly day: number;
  readonly timeNs: number;
}

function rowTimeOf(instant: bigint): RowTime {
  const day = Number(floorDivided(instant, BigInt(NS_PER_DAY)));
  return { day, timeNs: timeNsFrom(day, instant) };
}

/** The series of an aggregation, by their labels. */
class SeriesTable implements Samples {
  readonly #stepNs: number;
  readonly #rangeNs: number;
  readonly #stepCount: number;
  /** The first step; times of lines count from it. */
  readonly #origin: RowTime;
  #first = 0;
  #last = 0;
  #timeNs = 0;
  readonly #byKey = new Map<string, { labels: SeriesLabels; windows: Windows }>();
  readonly #grouping: LabelGrouping;
  /** Times of lines count from it, so that they are exact. */
  readonly #firstDay: number;
  /** Whether errors are labels of the series. */
  readonly #showsErrors: boolean;
  readonly #newWindows: () => Windows;
  readonly #hold: (bytes: number) => void;
  readonly #seriesMax: number;

  constructor(
    { range, operation, parameter }: RangeExpr,
    grouping: LabelGrouping,
    { steps, hold, seriesMax }: Evaluation,
  ) {
    this.#seriesMax = seriesMax;
    this.#hold = hold;
    this.#stepNs = Number(steps.stepNs);
    this.#rangeNs = Number(range.rangeNs);
    this.#stepCount = steps.count;
    this.#origin = rowTimeOf(steps.start - range.offsetNs);
    this.#grouping = grouping;
    this.#showsErrors = !grouping.isWithout && grouping.names.includes(ERROR);
    this.#firstDay = rowTimeOf(steps.start).day;
    const asked = {
      operation,
      parameter,
      isUnwrapped: range.unwrap !== undefined,
      rangeNs: range.rangeNs,
      count: steps.count,
      hold,
    };
    this.#newWindows = () => windowsOf(asked);
  }

  /** Moves to the steps whose windows have a time; returns false where there are none. */
  moveTo(day: number, timeNs: number): boolean {
    const sinceFirst = (day - this.#origin.day) * NS_PER_DAY + (timeNs - this.#origin.timeNs);
    this.#first = Math.max(0, Math.ceil(sinceFirst / this.#stepNs));
    this.#last = Math.min(this.#stepCount - 1, Math.ceil((sinceFirst + this.#rangeNs) / this.#stepNs) - 1);
    this.#timeNs = (day - this.#firstDay) * NS_PER_DAY + timeNs;
    return this.#first <= this.#last;
  }

  /** Adds the number of a line at the time that was moved to. */
  add({ labels }: Entry, value: number): void {
    if (labels.hasError && !this.#showsErrors) throw pipelineError(labels);
    this.addTo(this.windowsOf(this.#labelsOf(labels)), value);
  }

  addTo(windows: Windows, value: number): void {
    windows.add(this.#first, this.#last, this.#timeNs, value);
  }

  windowsOf(labels: SeriesLabels): Windows {
    const key = keyOf(labels);
    let series = this.#byKey.get(key);
    if (series === undefined) {
      if (this.#byKey.size >= this.#seriesMax) throw tooManySeries(this.#seriesMax);
      this.#byKey.set(key, (series = { labels, windows: this.#newWindows() }));
    }
    return series.windows;
  }

  addCounted({ labels, first, last, value }: Counted): void {
    this.windowsOf(labels).add(first, last, 0, value);
  }

  #labelsOf(labels: LineLabels): SeriesLabels {
    const { names, isWithout, isNone } = this.#grouping;
    if (isNone) return NO_LABELS;
    if (!isWithout) {
      const own: [string, string][] = [];
      for (const name of names) {
        const value = labels.get(name);
        if (value !== undefined) own.push([name, value]);
      }
      return own;
    }
    const all = labels.sorted().map(([name, { value }]) => [name, value] as const);
    return groupedLabels(all, names, isWithout);
  }

  /** Returns the series, which it does not have any more. */
  async series(slices: Slices): Promise<Series[]> {
    const points = new SeriesBuilder(this.#stepCount);
    const all: Series[] = [];
    for (const [key, { labels, windows }] of this.#byKey) {
      if (slices.isOver) await slices.pause();
      windows.finish(points);
      const series = points.finish(labels);
      this.#hold(SERIES_BYTES + POINT_BYTES * series.steps.length);
      all.push(series);
      // Its memory is free for the others.
      this.#byKey.delete(key);
    }
    return all;
  }
}

/** A metric over lines with errors would be wrong, so the query fails. */
function pipelineError(labels: LineLabels): PodlogError {
  const { error } = labels;
  const series = labelsText(labels.sorted().map(([name, { value }]) => [name, value] as const));
  const message = [
    `pipeline error: '${error}' for series: '${series}'.`,
    `Use a label filter to intentionally skip this error. (e.g | __error__!="${error}").`,
    'To skip all potential errors you can match empty errors.(e.g __error__="")',
    'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )',
    '',
  ].join('\n');
  return new PodlogError('PODLOG_LOGQL_PIPELINE', 400, message);
}

/** One at each step without a line; its labels are those that the selector wants. */
function absence(matchers: readonly Matcher[], found: readonly Series[], count: number): Series {
  const names = matchers.map(({ name }) => name);
  const equal = matchers.filter(
    ({ name, operator }) => operator === '=' && names.indexOf(name) === names.lastIndexOf(name),
  );
  const labels = equal.map(({ name, value }) => [name, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const isPresent = new Uint8Array(count);
  for (const { steps } of found) for (const step of steps) isPresent[step] = 1;
  const points = new SeriesBuilder(count);
  for (const [step, present] of isPresent.entries()) if (present === 0) points.add(step, 1);
  return points.finish(labels);
}
