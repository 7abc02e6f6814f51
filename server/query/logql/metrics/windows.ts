/**
 * What a range aggregation makes of the numbers in its windows. Each number goes at once to all steps whose windows contain
 * it, in the order of time, so the lines are walked once. A window is half open: [R] at T has the times in (T - R, T].
 */
import { quantileOf } from '../../quantile.ts';
import type { RangeOperation } from '../syntax/ast.ts';
import type { SeriesBuilder } from './series.ts';

export interface Windows {
  /** Adds a number to the steps from the first to the last. */
  add(first: number, last: number, timeNs: number, value: number): void;
  /** Adds a point for each step whose window has numbers; no number may be added after that. */
  finish(points: SeriesBuilder): void;
}

export interface WindowsAsked {
  readonly operation: RangeOperation;
  readonly parameter: number | undefined;
  /** Whether the numbers are of labels, not of lines. */
  readonly isUnwrapped: boolean;
  readonly rangeNs: bigint;
  readonly count: number;
  /** Called with the memory that is taken. */
  readonly hold: (bytes: number) => void;
}

export function windowsOf(asked: WindowsAsked): Windows {
  const { operation, parameter, isUnwrapped, rangeNs } = asked;
  const seconds = Number(rangeNs) / 1e9;
  switch (operation) {
    case 'count_over_time':
    case 'bytes_over_time':
      return new Totals(asked, 1);
    case 'bytes_rate':
      return new Totals(asked, seconds);
    case 'rate':
      return isUnwrapped ? new Folds(asked, SUM, (sum) => sum / seconds) : new Totals(asked, seconds);
    case 'absent_over_time':
      return new Totals(asked, 1);
    case 'sum_over_time':
      return new Folds(asked, SUM);
    case 'avg_over_time':
      return new Folds(asked, AVERAGE);
    case 'min_over_time':
      return new Folds(asked, MINIMUM);
    case 'max_over_time':
      return new Folds(asked, MAXIMUM);
    case 'first_over_time':
      return new Folds(asked, FIRST);
    case 'last_over_time':
      return new Folds(asked, LAST);
    case 'stdvar_over_time':
      return new Spreads(asked, (variance) => variance);
    case 'stddev_over_time':
      return new Spreads(asked, Math.sqrt);
    case 'quantile_over_time':
      return new Samples(asked, (values) => quantileOfAny(values, parameter!));
    case 'rate_counter':
      return new Samples(asked, (values, timesNs) => counterRate(values, timesNs, seconds));
  }
}

const NUMBER_BYTES = 8;

/** Changes of a series are listed while they are at most one step in this many. */
const SPARSE_FACTOR = 8;
const LISTED_BYTES = 32;

/**
 * Whole numbers: the differences between neighbouring steps are enough, however long a window is. Most of many series have few
 * numbers, which are listed.
 */
class Totals implements Windows {
  #changes: Float64Array | undefined;
  #presence = new Float64Array(0);
  /** First step, last step and number, one after the other. */
  #listed: number[] = [];
  readonly #count: number;
  readonly #hold: (bytes: number) => void;
  readonly #divisor: number;

  constructor({ count, hold }: WindowsAsked, divisor: number) {
    this.#count = count;
    this.#hold = hold;
    this.#divisor = divisor;
  }

  add(first: number, last: number, _timeNs: number, value: number): void {
    if (this.#changes === undefined && this.#listed.length < (3 * this.#count) / SPARSE_FACTOR) {
      this.#hold(LISTED_BYTES);
      this.#listed.push(first, last, value);
      return;
    }
    if (this.#changes === undefined) {
      this.#hold(2 * NUMBER_BYTES * (this.#count + 1));
      this.#spread();
    }
    this.#addTo(this.#changes!, first, last, value);
  }

  #addTo(changes: Float64Array, first: number, last: number, value: number): void {
    changes[first]! += value;
    changes[last + 1]! -= value;
    this.#presence[first]! += 1;
    this.#presence[last + 1]! -= 1;
  }

  /** Makes arrays of the list. */
  #spread(): void {
    this.#changes = new Float64Array(this.#count + 1);
    this.#presence = new Float64Array(this.#count + 1);
    const listed = this.#listed;
    for (let i = 0; i < listed.length; i += 3) this.#addTo(this.#changes, listed[i]!, listed[i + 1]!, listed[i + 2]!);
    this.#listed = [];
  }

  finish(points: SeriesBuilder): void {
    if (this.#changes === undefined) this.#finishListed(points);
    else {
      let sum = 0;
      let lines = 0;
      for (let step = 0; step < this.#count; step++) {
        sum += this.#changes[step]!;
        lines += this.#presence[step]!;
        if (lines > 0) points.add(step, sum / this.#divisor);
      }
    }
  }

  #finishListed(points: SeriesBuilder): void {
    const listed = this.#listed;
    const edges: { readonly step: number; readonly value: number; readonly lines: number }[] = [];
    for (let i = 0; i < listed.length; i += 3) {
      const value = listed[i + 2]!;
      edges.push({ step: listed[i]!, value, lines: 1 }, { step: listed[i + 1]! + 1, value: -value, lines: -1 });
    }
    edges.sort((a, b) => a.step - b.step);
    let sum = 0;
    let lines = 0;
    for (const [i, edge] of edges.entries()) {
      sum += edge.value;
      lines += edge.lines;
      const end = lines > 0 ? edges[i + 1]!.step : 0;
      for (let { step } = edge; step < end; step++) points.add(step, sum / this.#divisor);
    }
  }
}

/** Makes a new value of the one before and a number. */
type Fold = (before: number, value: number, count: number) => number;

const SUM: Fold = (before, value, count) => (count === 1 ? 0 : before) + value;
const MINIMUM: Fold = (before, value, count) =>
  count === 1 || value < before || Number.isNaN(before) ? value : before;
const MAXIMUM: Fold = (before, value, count) =>
  count === 1 || value > before || Number.isNaN(before) ? value : before;
const FIRST: Fold = (before, value, count) => (count === 1 ? value : before);
const LAST: Fold = (_, value) => value;
const AVERAGE: Fold = (before, value, count) => {
  const mean = count === 1 ? 0 : before;
  if (Math.abs(mean) === Infinity && (value === mean || Number.isFinite(value))) return mean;
  return mean + (value / count - mean / count);
};

class Folds implements Windows {
  readonly #values: Float64Array;
  readonly #counts: Uint32Array;
  readonly #fold: Fold;
  readonly #finish: (value: number) => number;

  constructor({ count, hold }: WindowsAsked, fold: Fold, finish: (value: number) => number = (value) => value) {
    hold((NUMBER_BYTES + 4) * count);
    this.#values = new Float64Array(count);
    this.#counts = new Uint32Array(count);
    this.#fold = fold;
    this.#finish = finish;
  }

  add(first: number, last: number, _timeNs: number, value: number): void {
    for (let step = first; step <= last; step++) {
      const count = (this.#counts[step]! += 1);
      this.#values[step] = this.#fold(this.#values[step]!, value, count);
    }
  }

  finish(points: SeriesBuilder): void {
    for (const [step, count] of this.#counts.entries()) {
      if (count > 0) points.add(step, this.#finish(this.#values[step]!));
    }
  }
}

/** Variance of all values, by Welford's method. */
class Spreads implements Windows {
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  readonly #counts: Uint32Array;
  readonly #finish: (variance: number) => number;

  constructor({ count, hold }: WindowsAsked, finish: (variance: number) => number) {
    hold((2 * NUMBER_BYTES + 4) * count);
    this.#means = new Float64Array(count);
    this.#squares = new Float64Array(count);
    this.#counts = new Uint32Array(count);
    this.#finish = finish;
  }

  add(first: number, last: number, _timeNs: number, value: number): void {
    for (let step = first; step <= last; step++) {
      const count = (this.#counts[step]! += 1);
      const delta = value - this.#means[step]!;
      this.#means[step]! += delta / count;
      this.#squares[step]! += delta * (value - this.#means[step]!);
    }
  }

  finish(points: SeriesBuilder): void {
    for (const [step, count] of this.#counts.entries()) {
      if (count > 0) points.add(step, this.#finish(this.#squares[step]! / count));
    }
  }
}

/**
 * Numbers with their times, once; a window is a part of them. They come in the order of time, so what the windows of later steps
 * do not have is dropped.
 */
class Samples implements Windows {
  readonly #hold: (bytes: number) => void;
  readonly #finish: (values: readonly number[], timesNs: readonly number[]) => number;
  #values: number[] = [];
  #timesNs: number[] = [];
  /** Numbers that were dropped, and the most that were held. */
  #dropped = 0;
  #heldMax = 0;
  /** By step: its first number, and the one after its last. */
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  /** Of the steps before the next one. */
  readonly #results: Float64Array;
  #next = 0;

  constructor(
    { count, hold }: WindowsAsked,
    finish: (values: readonly number[], timesNs: readonly number[]) => number,
  ) {
    hold(3 * NUMBER_BYTES * count);
    this.#hold = hold;
    this.#finish = finish;
    this.#from = new Float64Array(count);
    this.#to = new Float64Array(count);
    this.#results = new Float64Array(count);
  }

  add(first: number, last: number, timeNs: number, value: number): void {
    if (first > this.#next) this.#finishBefore(first);
    const at = this.#dropped + this.#values.length;
    this.#values.push(value);
    this.#timesNs.push(timeNs);
    if (this.#values.length > this.#heldMax) {
      this.#heldMax = this.#values.length;
      this.#hold(2 * NUMBER_BYTES);
    }
    for (let step = first; step <= last; step++) {
      if (this.#to[step] === 0) this.#from[step] = at;
      this.#to[step] = at + 1;
    }
  }

  /** No number comes any more for the steps before this one. */
  #finishBefore(step: number): void {
    for (; this.#next < step; this.#next++) {
      const [from, to] = [this.#from[this.#next]! - this.#dropped, this.#to[this.#next]! - this.#dropped];
      if (this.#isPresent(this.#next)) {
        this.#results[this.#next] = this.#finish(this.#values.slice(from, to), this.#timesNs.slice(from, to));
      }
    }
    const isUsed = step < this.#to.length && this.#isPresent(step);
    const idle = isUsed ? this.#from[step]! - this.#dropped : this.#values.length;
    if (idle * 2 < this.#values.length) return;
    this.#values = this.#values.slice(idle);
    this.#timesNs = this.#timesNs.slice(idle);
    this.#dropped += idle;
  }

  finish(points: SeriesBuilder): void {
    this.#finishBefore(this.#to.length);
    for (const [step, result] of this.#results.entries()) if (this.#isPresent(step)) points.add(step, result);
  }

  #isPresent(step: number): boolean {
    return this.#to[step]! > 0;
  }
}

/** Returns a quantile of values in any order; infinities beyond 0 and 1. */
function quantileOfAny(values: readonly number[], quantile: number): number {
  if (values.length === 0 || Number.isNaN(quantile)) return NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  // Sorted as numbers it is fastest; the place of NaN is that of a comparison.
  const ascending = values.some(Number.isNaN) ? values.toSorted((a, b) => a - b) : Float64Array.from(values).toSorted();
  return quantileOf(ascending, quantile);
}

/**
 * Returns the increase per second of a counter, which may be reset. Loki extends it as Prometheus does, but takes the range for a
 * millionth of itself, so that next to nothing is added. It reckons in microseconds: others would round otherwise.
 */
function counterRate(values: readonly number[], timesNs: readonly number[], seconds: number): number {
  if (values.length < 2) return 0;
  const first = values[0]!;
  let increase = values.at(-1)! - first;
  let before = 0;
  for (const value of values) {
    if (value < before) increase += before;
    before = value;
  }
  const sampledUs = (timesNs.at(-1)! - timesNs[0]!) / 1000;
  const averageUs = sampledUs / (values.length - 1);
  let toStartUs = seconds;
  if (increase > 0 && first >= 0) toStartUs = Math.min(toStartUs, sampledUs * (first / increase));
  const extendedUs = sampledUs + (toStartUs < averageUs * 1.1 ? toStartUs : averageUs / 2);
  return (increase * (extendedUs / sampledUs)) / seconds;
}
