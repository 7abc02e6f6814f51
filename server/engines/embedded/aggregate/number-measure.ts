/** Numbers of groups: count, sum, minimum, maximum, and on request quantiles, deviation, first and last. */
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { copyInto } from './hash-slots.ts';
import type { Adder, MeasuredGroup, OpenMeasure } from './open-measure.ts';
import type { Measure, Measured, OrderBy } from '../../../store/aggregate-plan.ts';
import { Quantiles, type QuantilesState } from './quantiles.ts';
import { rowNumbers } from './row-numbers.ts';

type NumbersOf = Measure & { readonly kind: 'numbers' };
type Column = Float64Array<ArrayBuffer>;

/** By group. */
export interface NumbersState {
  readonly kind: 'numbers';
  readonly counts: Column;
  readonly sums: Column;
  readonly mins: Column;
  readonly maxs: Column;
  readonly quantiles: QuantilesState;
  /**
   * Empty unless the deviation is requested: mean, and sum of the squared distances to it. Source: Welford 1962; for
   * parts, Chan, Golub and LeVeque 1979.
   */
  readonly means: Column;
  readonly squares: Column;
  /** Empty unless first and last are requested: first and last number, their days since 1970, and ns in them. */
  readonly firsts: Column;
  readonly firstDays: Column;
  readonly firstNs: Column;
  readonly lasts: Column;
  readonly lastDays: Column;
  readonly lastNs: Column;
}

const GROUPS_AT_FIRST = 16;

type Columns = Omit<NumbersState, 'kind' | 'quantiles'>;

/** Initial values of a group. */
const INITIAL: Readonly<Record<keyof Columns, number>> = {
  counts: 0,
  sums: 0,
  mins: Infinity,
  maxs: -Infinity,
  means: 0,
  squares: 0,
  firsts: NaN,
  firstDays: Infinity,
  firstNs: 0,
  lasts: NaN,
  lastDays: -Infinity,
  lastNs: 0,
};

export class NumberMeasure implements OpenMeasure<NumbersState> {
  readonly #measure: NumbersOf;
  #columns: Columns;
  readonly #quantiles: Quantiles;

  /** @param state  of a measure that is no longer used */
  constructor(measure: NumbersOf, state: NumbersState | undefined) {
    this.#measure = measure;
    this.#columns = state ?? grown(undefined, GROUPS_AT_FIRST, measure);
    this.#quantiles = new Quantiles(state?.quantiles);
  }

  read({ group, starts, lendNumbers }: MeasuredGroup): Adder {
    const { of, quantiles, stddev, ends } = this.#measure;
    const numbers = rowNumbers(group, of, lendNumbers);
    const timesNs = ends === true ? group.timesNs() : undefined;
    const { templateRows } = ends === true ? group.order() : { templateRows: undefined };
    return (groups, groupCount) => {
      this.#reserve(groupCount);
      for (const [template, part] of numbers.entries()) {
        if (part === undefined) continue;
        const [start, end] = [starts[template]!, starts[template + 1]!];
        const own = groups.subarray(start, end);
        const ofRows = part.numbers.subarray(part.first, part.first + own.length);
        if (timesNs !== undefined) {
          this.#addEnds(group.info.baseDay, timesNs, templateRows!.subarray(start, end), own, ofRows);
        }
        const [chosenGroups, chosen] = chooseNumbers(own, ofRows);
        if (stddev === true) addSquares(chosenGroups, chosen, this.#columns);
        else addNumbers(chosenGroups, chosen, this.#columns);
        if (quantiles.length > 0) this.#quantiles.addAll(chosenGroups, chosen, groupCount);
      }
    };
  }

  addAll(state: NumbersState, moved: Int32Array, groupCount: number): void {
    this.#reserve(groupCount);
    const own = this.#columns;
    for (const [from, to] of moved.entries()) {
      if (to < 0 || !(state.counts[from]! > 0)) continue;
      if (this.#measure.stddev === true) mergeSquares(own, to, state, from);
      own.counts[to]! += state.counts[from]!;
      own.sums[to]! += state.sums[from]!;
      own.mins[to] = Math.min(own.mins[to]!, state.mins[from]!);
      own.maxs[to] = Math.max(own.maxs[to]!, state.maxs[from]!);
      if (this.#measure.ends !== true) continue;
      addFirst(own, to, state.firsts[from]!, state.firstDays[from]!, state.firstNs[from]!);
      addLast(own, to, state.lasts[from]!, state.lastDays[from]!, state.lastNs[from]!);
    }
    this.#quantiles.addMoved(state.quantiles, moved, groupCount);
  }

  measured(groups: readonly number[]): Measured[] {
    const { counts, sums, mins, maxs, squares, firsts, lasts } = this.#columns;
    const quantiles = this.#found();
    return groups.map((group): Measured => ({
      kind: 'numbers',
      count: counts[group] ?? 0,
      sum: sums[group] ?? 0,
      min: mins[group] ?? Infinity,
      max: maxs[group] ?? -Infinity,
      quantiles: quantiles.get(group) ?? [],
      stddev: this.#measure.stddev === true ? Math.sqrt(squares[group]! / counts[group]!) : NaN,
      first: firsts[group] ?? NaN,
      last: lasts[group] ?? NaN,
    }));
  }

  ranks(by: OrderBy['by'], groupCount: number): Float64Array {
    this.#reserve(groupCount);
    const { counts, sums, mins, maxs, squares, firsts, lasts } = this.#columns;
    const quantiles = typeof by === 'number' ? this.#found() : undefined;
    const rankOf = (group: number): number => {
      if (by === 'count') return counts[group]!;
      if (counts[group] === 0) return -Infinity;
      switch (by) {
        case 'sum':
          return sums[group]!;
        case 'min':
          return mins[group]!;
        case 'max':
          return maxs[group]!;
        case 'avg':
          return sums[group]! / counts[group]!;
        case 'stddev':
          return Math.sqrt(squares[group]! / counts[group]!);
        case 'first':
          return firsts[group]!;
        case 'last':
          return lasts[group]!;
        case 'distinct':
        case 'bytes':
        case 'rows':
          throw new RangeError(`BUG: numbers have no ${by}`);
        default:
          return quantiles!.get(group)![by]!;
      }
    };
    return Float64Array.from({ length: groupCount }, (_, group) => rankOf(group));
  }

  state(): NumbersState {
    return { ...this.#columns, kind: 'numbers', quantiles: this.#quantiles.state() };
  }

  /** By group. */
  #found(): Map<number, number[]> {
    const { mins, maxs } = this.#columns;
    return this.#quantiles.quantiles(this.#measure.quantiles, mins, maxs);
  }

  #addEnds(baseDay: number, timesNs: Float64Array, rows: Int32Array, groups: Int32Array, numbers: Float64Array): void {
    for (let i = 0; i < groups.length; i++) {
      const own = groups[i]!;
      const number = numbers[i]!;
      if (own < 0 || number !== number) continue;
      const timeNs = timesNs[rows[i]!]!;
      const days = Math.floor(timeNs / NS_PER_DAY);
      addFirst(this.#columns, own, number, baseDay + days, timeNs - days * NS_PER_DAY);
      addLast(this.#columns, own, number, baseDay + days, timeNs - days * NS_PER_DAY);
    }
  }

  #reserve(groupCount: number): void {
    if (groupCount > this.#columns.counts.length) {
      this.#columns = grown(this.#columns, Math.max(groupCount, this.#columns.counts.length * 2), this.#measure);
    }
  }
}

const OF_STDDEV: readonly (keyof Columns)[] = ['means', 'squares'];
const OF_ENDS: readonly (keyof Columns)[] = ['firsts', 'firstDays', 'firstNs', 'lasts', 'lastDays', 'lastNs'];

function grown(before: Columns | undefined, groups: number, { stddev, ends }: NumbersOf): Columns {
  const left = [...(stddev === true ? [] : OF_STDDEV), ...(ends === true ? [] : OF_ENDS)];
  const columns = Object.entries(INITIAL).map(([name, initial]) => {
    const column = new Float64Array(left.includes(name as keyof Columns) ? 0 : groups).fill(initial);
    return [name, before === undefined ? column : copyInto(column, before[name as keyof Columns])];
  });
  return Object.fromEntries(columns) as Record<keyof Columns, Column>;
}

let groupsChosen = new Int32Array(0);
let numbersChosen = new Float64Array(0);

/**
 * Selects the rows that are in a group and have a number. Their pattern is unpredictable, so they are compacted without
 * a branch, once for all loops.
 * @returns memory that is valid until the next call
 */
function chooseNumbers(
  groups: Int32Array,
  numbers: Float64Array,
): readonly [groups: Int32Array, numbers: Float64Array] {
  if (groups.length > groupsChosen.length) {
    groupsChosen = new Int32Array(groups.length);
    numbersChosen = new Float64Array(groups.length);
  }
  let count = 0;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    const number = numbers[i]!;
    groupsChosen[count] = group;
    numbersChosen[count] = number;
    count += +(group >= 0) & +(number === number);
  }
  return [groupsChosen.subarray(0, count), numbersChosen.subarray(0, count)];
}

function addNumbers(groups: Int32Array, numbers: Float64Array, { counts, sums, mins, maxs }: Columns): void {
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    const number = numbers[i]!;
    counts[group]!++;
    sums[group]! += number;
    if (number < mins[group]!) mins[group] = number;
    if (number > maxs[group]!) maxs[group] = number;
  }
}

/** Does the same, with squares. */
function addSquares(groups: Int32Array, numbers: Float64Array, columns: Columns): void {
  const { counts, sums, mins, maxs, means, squares } = columns;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    const number = numbers[i]!;
    counts[group]!++;
    sums[group]! += number;
    if (number < mins[group]!) mins[group] = number;
    if (number > maxs[group]!) maxs[group] = number;
    const distance = number - means[group]!;
    means[group]! += distance / counts[group]!;
    squares[group]! += distance * (number - means[group]!);
  }
}

/** Must be called before counts are merged. */
function mergeSquares(own: Columns, to: number, other: Columns, from: number): void {
  const [count, added] = [own.counts[to]!, other.counts[from]!];
  const distance = other.means[from]! - own.means[to]!;
  own.squares[to]! += other.squares[from]! + (distance * distance * count * added) / (count + added);
  own.means[to]! += (distance * added) / (count + added);
}

function addFirst(
  { firsts, firstDays, firstNs }: Columns,
  group: number,
  number: number,
  day: number,
  ns: number,
): void {
  const earlier = day - firstDays[group]! || ns - firstNs[group]!;
  if (earlier > 0 || (earlier === 0 && number >= firsts[group]!)) return;
  firsts[group] = number;
  firstDays[group] = day;
  firstNs[group] = ns;
}

function addLast({ lasts, lastDays, lastNs }: Columns, group: number, number: number, day: number, ns: number): void {
  const later = day - lastDays[group]! || ns - lastNs[group]!;
  if (later < 0 || (later === 0 && number <= lasts[group]!)) return;
  lasts[group] = number;
  lastDays[group] = day;
  lastNs[group] = ns;
}
