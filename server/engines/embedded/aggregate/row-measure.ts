/** Counts the rows of a group that satisfy the condition of a measure. */
import { GroupSums, type Sums } from './group-sums.ts';
import type { Adder, OpenMeasure } from './open-measure.ts';
import type { Measured } from '../../../store/aggregate-plan.ts';

export interface RowsState {
  readonly kind: 'rows';
  /** By group. */
  readonly rows: Sums;
}

export class RowMeasure implements OpenMeasure<RowsState> {
  readonly #rows: GroupSums;

  /** @param state  of a measure that is no longer used */
  constructor(state: RowsState | undefined) {
    this.#rows = new GroupSums(state?.rows);
  }

  read(): Adder {
    return (groups, groupCount) => {
      const rows = this.#rows.reserve(groupCount);
      for (let i = 0; i < groups.length; i++) if (groups[i]! >= 0) rows[groups[i]!]!++;
    };
  }

  addAll({ rows }: RowsState, moved: Int32Array, groupCount: number): void {
    this.#rows.addAll(rows, moved, groupCount);
  }

  measured(groups: readonly number[], groupCount: number): Measured[] {
    const rows = this.#rows.reserve(groupCount);
    return groups.map((group) => ({ kind: 'rows', rows: rows[group]! }));
  }

  ranks(_by: unknown, groupCount: number): Float64Array {
    return this.#rows.all(groupCount);
  }

  state(): RowsState {
    return { kind: 'rows', rows: this.#rows.state() };
  }
}
