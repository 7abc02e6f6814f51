/** Counts the rows of a group that satisfy the condition of a measure. */
import { copyInto } from './hash-slots.ts';
import type { Adder, OpenMeasure } from './open-measure.ts';
import type { Measured } from '../../../store/aggregate-plan.ts';

export interface RowsState {
  readonly kind: 'rows';
  /** By group. */
  readonly rows: Float64Array<ArrayBuffer>;
}

const GROUPS_AT_FIRST = 16;

export class RowMeasure implements OpenMeasure<RowsState> {
  #rows: Float64Array<ArrayBuffer>;

  /** @param state  of a measure that is no longer used */
  constructor(state: RowsState | undefined) {
    this.#rows = state?.rows ?? new Float64Array(GROUPS_AT_FIRST);
  }

  read(): Adder {
    return (groups, groupCount) => {
      this.#reserve(groupCount);
      const rows = this.#rows;
      for (let i = 0; i < groups.length; i++) if (groups[i]! >= 0) rows[groups[i]!]!++;
    };
  }

  addAll({ rows }: RowsState, moved: Int32Array, groupCount: number): void {
    this.#reserve(groupCount);
    for (const [group, to] of moved.entries()) if (to >= 0) this.#rows[to]! += rows[group] ?? 0;
  }

  measured(groups: readonly number[], groupCount: number): Measured[] {
    this.#reserve(groupCount);
    return groups.map((group) => ({ kind: 'rows', rows: this.#rows[group]! }));
  }

  ranks(_by: unknown, groupCount: number): Float64Array {
    this.#reserve(groupCount);
    return this.#rows.slice(0, groupCount);
  }

  state(): RowsState {
    return { kind: 'rows', rows: this.#rows };
  }

  #reserve(groupCount: number): void {
    if (groupCount <= this.#rows.length) return;
    this.#rows = copyInto(new Float64Array(Math.max(groupCount, this.#rows.length * 2)), this.#rows);
  }
}
