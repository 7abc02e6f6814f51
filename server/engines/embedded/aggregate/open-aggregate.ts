/** One task's share of a pass: adds row groups to the partial aggregate of the earlier ones. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_HELD_BYTES_MAX, AGGREGATE_MEASURED_AT_ONCE_MAX } from '../../../limits.ts';
import { addRowsToUpperBounds, countGroup, measureGroup } from './aggregate.ts';
import { addTableToUpperBounds, type UpperBounds, type CounterBits, newUpperBounds } from './upper-bounds.ts';
import { CountingMemory } from './counting-memory.ts';
import { assertGroups, GroupTable, type GroupTableState } from './group-table.ts';
import { type MeasureState, openMeasures } from './measures.ts';
import type { OpenMeasure } from './open-measure.ts';
import { type AggregatePlan, dimensionCount, type Measure } from '../../../store/aggregate-plan.ts';
import type { PartialAggregate } from './partial-aggregate.ts';

const memory = new CountingMemory();

/** What a pass does with each row group. */
export type Pass =
  /**
   * Counts all groups, while they are few enough to hold; from then on, only upper bounds of their rows. While they are
   * few enough for that, they are measured, too.
   */
  | { readonly kind: 'count'; readonly measures: readonly Measure[] }
  /** Groups that may be among the largest are counted. */
  | { readonly kind: 'recount'; readonly counterBits: CounterBits }
  /** The groups to measure; all of them by default, which must fit into memory. */
  | {
      readonly kind: 'measure';
      readonly groups: GroupTableState | undefined;
      readonly measures: readonly Measure[];
    };

/** A partial aggregate to which row groups are added. */
export interface OpenAggregate {
  /** @throws QueryTooLargeError, CorruptionError */
  add(group: RowGroup): void;
  partial(): PartialAggregate;
}

/** @param before  the partial aggregate of the earlier row groups; it must not be used any more */
export function openAggregate(plan: AggregatePlan, pass: Pass, before: PartialAggregate | undefined): OpenAggregate {
  switch (pass.kind) {
    case 'count':
      return counting(plan, pass.measures, before);
    case 'recount':
      return recounting(plan, pass.counterBits, before);
    case 'measure':
      return measuring(plan, pass, before);
  }
}

function counting(plan: AggregatePlan, asked: readonly Measure[], before: PartialAggregate | undefined): OpenAggregate {
  let table = tableOf(plan, before);
  let upperBounds: UpperBounds | undefined = before?.kind === 'upper-bounds' ? before.upperBounds : undefined;
  // There are no measures if there were too many groups before.
  const measured = before === undefined || (before.kind === 'groups' && before.measures.length > 0) ? asked : [];
  let measures = openMeasures(measured, before?.kind === 'groups' ? before.measures : undefined);
  const add = (group: RowGroup): void => {
    if (upperBounds !== undefined) {
      addRowsToUpperBounds(group, plan, upperBounds, memory);
      return;
    }
    if (measures.length === 0) countGroup(group, plan, table, undefined, memory);
    else measureGroup(group, plan, table, measures, memory, true, AGGREGATE_MEASURED_AT_ONCE_MAX);
    if (table.count > AGGREGATE_MEASURED_AT_ONCE_MAX) measures = [];
    assertGroups(plan, table.count);
    if (plan.limit === undefined || table.usedBytes <= AGGREGATE_HELD_BYTES_MAX) return;
    upperBounds = newUpperBounds();
    addTableToUpperBounds(upperBounds, table);
    table = tableOf(plan, undefined);
  };
  const partial = (): PartialAggregate =>
    upperBounds === undefined ? partialOfGroups(table, measures) : { kind: 'upper-bounds', upperBounds };
  return { add, partial };
}

function recounting(
  plan: AggregatePlan,
  counterBits: CounterBits,
  before: PartialAggregate | undefined,
): OpenAggregate {
  const table = tableOf(plan, before);
  return {
    add: (group) => countGroup(group, plan, table, counterBits, memory),
    partial: () => partialOfGroups(table, []),
  };
}

/** The given groups are without rows; all partitions know each by the same number, so each has a copy. */
function measuring(
  plan: AggregatePlan,
  { groups, measures: asked }: Pass & { readonly kind: 'measure' },
  before: PartialAggregate | undefined,
): OpenAggregate {
  const isFirst = before === undefined && groups !== undefined;
  const table = isFirst ? new GroupTable(structuredClone(groups)) : tableOf(plan, before);
  const measures = openMeasures(asked, before?.kind === 'groups' ? before.measures : undefined);
  const add = (group: RowGroup): void => {
    measureGroup(group, plan, table, measures, memory, groups === undefined);
    if (plan.having === undefined) assertGroups(plan, table.count);
  };
  return { add, partial: () => partialOfGroups(table, measures) };
}

function tableOf(plan: AggregatePlan, partial: PartialAggregate | undefined): GroupTable {
  return new GroupTable(partial?.kind === 'groups' ? partial.groups : dimensionCount(plan));
}

function partialOfGroups(table: GroupTable, measures: readonly OpenMeasure<MeasureState>[]): PartialAggregate {
  return { kind: 'groups', groups: table.pack(), measures: measures.map((measure) => measure.state()) };
}
