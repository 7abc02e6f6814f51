/** Count, sum, smallest, largest and sketch of the numbers of groups, in typed arrays that go from task to task. */
import type { NumberPart } from './row-numbers.ts';
import { bucketOf, Sketches, type SketchesState } from './sketch.ts';

/** By group. */
export interface MeasuresState {
  readonly counts: Float64Array<ArrayBuffer>;
  readonly sums: Float64Array<ArrayBuffer>;
  readonly mins: Float64Array<ArrayBuffer>;
  readonly maxs: Float64Array<ArrayBuffer>;
  readonly sketches: SketchesState;
}

export class Measures {
  readonly #counts: Float64Array<ArrayBuffer>;
  readonly #sums: Float64Array<ArrayBuffer>;
  readonly #mins: Float64Array<ArrayBuffer>;
  readonly #maxs: Float64Array<ArrayBuffer>;
  readonly #sketches: Sketches;

  /** @param state  of measures that are not used any more, or for how many groups they are to be */
  constructor(state: MeasuresState | number) {
    const { counts, sums, mins, maxs, sketches } = typeof state === 'number' ? emptyState(state) : state;
    this.#counts = counts;
    this.#sums = sums;
    this.#mins = mins;
    this.#maxs = maxs;
    this.#sketches = new Sketches(sketches);
  }

  /**
   * Adds the numbers of one template's rows.
   * @param groups  by row, or −1 for rows that are not measured
   * @throws QueryTooLargeError
   */
  add(groups: Int32Array, { numbers, first }: NumberPart): void {
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      if (group < 0) continue;
      const number = numbers[first + i]!;
      if (number !== number) continue;
      this.#counts[group]!++;
      this.#sums[group]! += number;
      if (number < this.#mins[group]!) this.#mins[group] = number;
      if (number > this.#maxs[group]!) this.#maxs[group] = number;
      this.#sketches.add(group, bucketOf(number));
    }
  }

  /** Adds the measures of other rows of the same groups. @throws QueryTooLargeError */
  addAll({ counts, sums, mins, maxs, sketches }: MeasuresState): void {
    for (let group = 0; group < counts.length; group++) {
      this.#counts[group]! += counts[group]!;
      this.#sums[group]! += sums[group]!;
      this.#mins[group] = Math.min(this.#mins[group]!, mins[group]!);
      this.#maxs[group] = Math.max(this.#maxs[group]!, maxs[group]!);
    }
    this.#sketches.addAll(sketches);
  }

  /** Quantiles by group, never outside of its numbers, and exact at their ends. */
  quantiles(quantiles: readonly number[]): Map<number, number[]> {
    const found = this.#sketches.quantiles(quantiles);
    for (const [group, values] of found) {
      const [min, max] = [this.#mins[group]!, this.#maxs[group]!];
      for (const [i, quantile] of quantiles.entries()) {
        if (quantile === 0 || values[i]! < min) values[i] = min;
        else if (quantile === 1 || values[i]! > max) values[i] = max;
      }
    }
    return found;
  }

  state(): MeasuresState {
    return {
      counts: this.#counts,
      sums: this.#sums,
      mins: this.#mins,
      maxs: this.#maxs,
      sketches: this.#sketches.state(),
    };
  }
}

function emptyState(groups: number): MeasuresState {
  return {
    counts: new Float64Array(groups),
    sums: new Float64Array(groups),
    mins: new Float64Array(groups).fill(Infinity),
    maxs: new Float64Array(groups).fill(-Infinity),
    sketches: new Sketches().state(),
  };
}
