/**
 * Quantiles of numbers by group, interpolated between neighbours as Prometheus and Loki do it: exact while a group has few
 * numbers, which are kept as they are, and beyond from a sketch of them (sketch.ts). In typed arrays, which go from task to
 * task.
 */
import { AGGREGATE_SKETCHES_MAX, QUANTILE_NUMBERS_KEPT_MAX } from '../../../limits.ts';
import { copyInto } from './hash-slots.ts';
import { bucketOf, Sketches, type SketchesState, tooManyGroups } from './sketch.ts';

export interface QuantilesState {
  /** By group: how many numbers are kept; IN_SKETCH where they are in its sketch instead. */
  readonly counts: Uint8Array<ArrayBuffer>;
  /** The numbers of group i are those from i × QUANTILE_NUMBERS_KEPT_MAX on. */
  readonly kept: Float64Array<ArrayBuffer>;
  readonly sketches: SketchesState;
}

const IN_SKETCH = 255;
const GROUPS_AT_FIRST = 16;

export class Quantiles {
  #counts: Uint8Array<ArrayBuffer>;
  #kept: Float64Array<ArrayBuffer>;
  readonly #sketches: Sketches;

  /** @param state  of quantiles that are no longer used */
  constructor(state?: QuantilesState) {
    this.#counts = state?.counts ?? new Uint8Array(GROUPS_AT_FIRST);
    this.#kept = state?.kept ?? new Float64Array(GROUPS_AT_FIRST * QUANTILE_NUMBERS_KEPT_MAX);
    this.#sketches = new Sketches(state?.sketches);
  }

  /**
   * Adds numbers to their groups.
   * @throws QueryTooLargeError
   */
  addAll(groups: Int32Array, numbers: Float64Array, groupCount: number): void {
    this.#reserve(groupCount);
    const counts = this.#counts;
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      if (counts[group] === IN_SKETCH) this.#sketches.add(group, bucketOf(numbers[i]!));
      else this.#keep(group, numbers[i]!);
    }
  }

  /**
   * Adds others, whose groups have other numbers here.
   * @param moved  by group: its number here, or −1
   * @throws QueryTooLargeError
   */
  addMoved({ counts, kept, sketches }: QuantilesState, moved: Int32Array, groupCount: number): void {
    this.#reserve(groupCount);
    for (const [from, to] of moved.entries()) {
      const count = counts[from] ?? 0;
      if (to < 0 || count === 0) continue;
      if (count === IN_SKETCH) this.#toSketch(to);
      else {
        const start = from * QUANTILE_NUMBERS_KEPT_MAX;
        for (let i = start; i < start + count; i++) this.#add(to, kept[i]!);
      }
    }
    this.#sketches.addMoved(sketches, moved);
  }

  /**
   * By group; none for a group without numbers.
   * @param quantiles  0 to 1
   * @param mins  by group: its smallest number
   * @param maxs  by group: its largest number
   */
  quantiles(quantiles: readonly number[], mins: Float64Array, maxs: Float64Array): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const [group, count] of this.#counts.entries()) {
      if (count === 0 || count === IN_SKETCH) continue;
      const start = group * QUANTILE_NUMBERS_KEPT_MAX;
      const sorted = this.#kept.slice(start, start + count).toSorted();
      found.set(
        group,
        quantiles.map((quantile) => interpolated(quantile, count, (rank) => sorted[rank]!)),
      );
    }
    this.#sketches.forEachGroup((group, count, numberAt) => {
      const [min, max] = [mins[group]!, maxs[group]!];
      const exactAtEnds = (rank: number): number => {
        if (rank === 0) return min;
        return rank === count - 1 ? max : Math.min(max, Math.max(min, numberAt(rank)));
      };
      found.set(
        group,
        quantiles.map((quantile) => interpolated(quantile, count, exactAtEnds)),
      );
    });
    return found;
  }

  state(): QuantilesState {
    return { counts: this.#counts, kept: this.#kept, sketches: this.#sketches.state() };
  }

  #add(group: number, number: number): void {
    if (this.#counts[group] === IN_SKETCH) this.#sketches.add(group, bucketOf(number));
    else this.#keep(group, number);
  }

  #keep(group: number, number: number): void {
    if (group >= AGGREGATE_SKETCHES_MAX) throw tooManyGroups();
    const count = this.#counts[group]!;
    if (count < QUANTILE_NUMBERS_KEPT_MAX) {
      this.#kept[group * QUANTILE_NUMBERS_KEPT_MAX + count] = number;
      this.#counts[group] = count + 1;
      return;
    }
    this.#toSketch(group);
    this.#sketches.add(group, bucketOf(number));
  }

  #toSketch(group: number): void {
    if (group >= AGGREGATE_SKETCHES_MAX) throw tooManyGroups();
    const count = this.#counts[group]!;
    if (count === IN_SKETCH) return;
    this.#counts[group] = IN_SKETCH;
    const start = group * QUANTILE_NUMBERS_KEPT_MAX;
    for (let i = start; i < start + count; i++) this.#sketches.add(group, bucketOf(this.#kept[i]!));
  }

  /** Groups beyond AGGREGATE_SKETCHES_MAX have no room, and must not have numbers. */
  #reserve(groupCount: number): void {
    if (groupCount <= this.#counts.length || this.#counts.length >= AGGREGATE_SKETCHES_MAX) return;
    const room = Math.min(AGGREGATE_SKETCHES_MAX, Math.max(groupCount, this.#counts.length * 2));
    this.#counts = copyInto(new Uint8Array(room), this.#counts);
    this.#kept = copyInto(new Float64Array(room * QUANTILE_NUMBERS_KEPT_MAX), this.#kept);
  }
}

/**
 * Returns the number at a share of the way from the smallest to the largest of sorted numbers.
 * @param numberAt  the number of a rank, from 0 on
 */
function interpolated(quantile: number, count: number, numberAt: (rank: number) => number): number {
  const place = quantile * (count - 1);
  const rank = Math.floor(place);
  const share = place - rank;
  return share === 0 ? numberAt(rank) : numberAt(rank) * (1 - share) + numberAt(rank + 1) * share;
}
