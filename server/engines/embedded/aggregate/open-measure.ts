/** What every measure of an aggregation does. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Measured, OrderBy } from '../../../store/aggregate-plan.ts';
import type { Where } from '../../../store/predicate.ts';
import type { Rows } from './row-counts.ts';
import type { LendNumbers } from './row-numbers.ts';
import type { Lend } from './value-codes.ts';
import type { ValueKeys } from './value-keys.ts';

/** A row group that something is measured of. */
export interface MeasuredGroup {
  readonly group: RowGroup;
  /** By template: where its rows begin in template order; and where the last one's end. */
  readonly starts: Int32Array;
  readonly keys: ValueKeys;
  /** Memory that is good until another row group is measured. */
  readonly lendNumbers: LendNumbers;
  /** The same for codes. */
  readonly lend: Lend;
  /** The same for groups, by row. */
  readonly lendGroups: (count: number) => Int32Array;
  /** The rows that satisfy a condition; undefined for none. @throws CorruptionError */
  readonly rowsWhere: (where: Where) => Rows | undefined;
}

/**
 * Adds what was read of a row group.
 * @param groups  by row, in template order: its group, or −1 for rows that are in none
 * @throws QueryTooLargeError
 */
export type Adder = (groups: Int32Array, groupCount: number) => void;

/** One measure of each group. Groups are numbers below `groupCount`, which may grow from call to call. */
export interface OpenMeasure<State> {
  /** Reads all that it needs of a row group, which is added then. @throws CorruptionError */
  read(measured: MeasuredGroup): Adder;
  /** Adds what other rows have. @param moved  by group there: its number here, or −1. @throws QueryTooLargeError */
  addAll(state: State, moved: Int32Array, groupCount: number): void;
  measured(groups: readonly number[], groupCount: number): Measured[];
  /** By group: what it is ordered by; −Infinity where it has none of that. */
  ranks(by: OrderBy['by'], groupCount: number): Float64Array;
  /** All of it; what is added from then on may change that. */
  state(): State;
}
