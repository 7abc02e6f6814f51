/** Restricts any measure to the rows that satisfy a condition. */
import type { Measured, OrderBy } from '../../../store/aggregate-plan.ts';
import type { Where } from '../../../store/predicate.ts';
import type { Adder, MeasuredGroup, OpenMeasure } from './open-measure.ts';

export class ConditionalMeasure<State> implements OpenMeasure<State> {
  readonly #where: Where;
  readonly #measure: OpenMeasure<State>;

  constructor(where: Where, measure: OpenMeasure<State>) {
    this.#where = where;
    this.#measure = measure;
  }

  read(measured: MeasuredGroup): Adder {
    const rows = measured.rowsWhere(this.#where);
    if (rows === undefined) return () => {};
    const add = this.#measure.read(measured);
    const { selected } = rows;
    if (selected === undefined) return add;
    const chosen = measured.lendGroups(selected.length);
    return (groups, groupCount) => {
      for (let i = 0; i < chosen.length; i++) chosen[i] = selected[i] === 1 ? groups[i]! : -1;
      add(chosen, groupCount);
    };
  }

  addAll(state: State, moved: Int32Array, groupCount: number): void {
    this.#measure.addAll(state, moved, groupCount);
  }

  measured(groups: readonly number[], groupCount: number): Measured[] {
    return this.#measure.measured(groups, groupCount);
  }

  ranks(by: OrderBy['by'], groupCount: number): Float64Array {
    return this.#measure.ranks(by, groupCount);
  }

  state(): State {
    return this.#measure.state();
  }
}
