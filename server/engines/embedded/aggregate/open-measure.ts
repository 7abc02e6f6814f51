/** The interface of all measures of an aggregation. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Measured, OrderBy } from '../../../store/aggregate-plan.ts';
import type { Where } from '../../../store/predicate.ts';
import type { Rows } from './row-counts.ts';
import type { LendNumbers } from './row-numbers.ts';
import type { Lend } from './dimension.ts';
import type { ValueKeys } from './value-keys.ts';

/** A row group that is being measured. */
export interface MeasuredGroup {
  readonly group: RowGroup;
  /** By template: the start of its rows in template order; and the end of the last one's. */
  readonly starts: Int32Array;
  readonly keys: ValueKeys;
  /** Lends memory that is valid until another row group is measured. */
  readonly lendNumbers: LendNumbers;
  /** The same for codes. */
  readonly lend: Lend;
  /** The same for groups, by row. */
  readonly lendGroups: (count: number) => Int32Array;
  /**
   * Returns the rows that satisfy a condition; undefined for none.
   * @throws CorruptionError
   */
  readonly rowsWhere: (where: Where) => Rows | undefined;
}

/**
 * Adds what was read from a row group.
 * @param groups  by row, in template order: its group, or −1 for none
 * @throws QueryTooLargeError
 */
export type Adder = (groups: Int32Array, groupCount: number) => void;

/** One measure of each group. Groups are numbers below `groupCount`, which may grow from call to call. */
export interface OpenMeasure<State> {
  /**
   * Reads everything that it needs of a row group, to be added afterwards.
   * @throws CorruptionError
   */
  read(measured: MeasuredGroup): Adder;
  /**
   * Adds the measure of other rows.
   * @param moved  by group there: its number here, or −1
   * @throws QueryTooLargeError
   */
  addAll(state: State, moved: Int32Array, groupCount: number): void;
  measured(groups: readonly number[], groupCount: number): Measured[];
  /** By group: the value by which it is ordered; −Infinity where it has none. */
  ranks(by: OrderBy['by'], groupCount: number): Float64Array;
  /** Returns its arrays. The measure must not be used any more. */
  state(): State;
}

/** What is measured of groups. */
export interface MeasuresOfGroups<State> {
  readonly always: readonly OpenMeasure<State>[];
  /** As long as there are up to AGGREGATE_MEASURED_AT_ONCE_MAX groups: none if there are more. */
  readonly whileFew: readonly OpenMeasure<State>[];
}
