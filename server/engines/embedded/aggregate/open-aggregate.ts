/** One task's share of a pass: adds row groups to the partial aggregate of the earlier ones. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_HELD_BYTES_MAX, AGGREGATE_MEASURED_AT_ONCE_MAX } from '../../../limits.ts';
import { addRowsToUpperBounds, countGroup, measureGroup } from './aggregate.ts';
import { addTableToUpperBounds, type UpperBounds, type CounterBits, newUpperBounds } from './upper-bounds.ts';
import { CountingMemory } from './counting-memory.ts';
import { assertGroups, GroupTable, type GroupTableState } from './group-table.ts';
import { type MeasureState, openMeasures } from './measures.ts';
import type { MeasuresOfGroups } from './open-measure.ts';
import { type AggregatePlan, dimensionCount, type Measure } from '../../../store/aggregate-plan.ts';
import type { PartialAggregate } from './partial-aggregate.ts';

const memory = new CountingMemory();

/** What a pass does with each row group. */
export type Pass =
  /** Counts all groups, while they are few enough to hold; from then on, only upper bounds of their rows. */
  | { readonly kind: 'count'; readonly whileFew: readonly Measure[] }
  /** Groups that may be among the largest are counted. */
  | { readonly kind: 'recount'; readonly counterBits: CounterBits }
  /** The groups to measure; all of them by default, which must fit into memory. */
  | {
      readonly kind: 'measure';
      readonly groups: GroupTableState | undefined;
      readonly measures: readonly Measure[];
      readonly whileFew: readonly Measure[];
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
      return counting(plan, pass, before);
    case 'recount':
      return recounting(plan, pass.counterBits, before);
    case 'measure':
      return measuring(plan, pass, before);
  }
}

/** Opens those of the earlier row groups; there are no more `whileFew` if there were too many groups. */
function measuresOf(
  measures: readonly Measure[],
  whileFew: readonly Measure[],
  before: PartialAggregate | undefined,
): MeasuresOfGroups<MeasureState> {
  const states = before?.kind === 'groups' ? before.measures : undefined;
  const areFew = before === undefined || (states !== undefined && states.length > measures.length);
  return {
    always: openMeasures(measures, states),
    whileFew: areFew ? openMeasures(whileFew, states?.slice(measures.length)) : [],
  };
}

function afterwards(
  { always, whileFew }: MeasuresOfGroups<MeasureState>,
  table: GroupTable,
): MeasuresOfGroups<MeasureState> {
  return { always, whileFew: table.count > AGGREGATE_MEASURED_AT_ONCE_MAX ? [] : whileFew };
}

function counting(
  plan: AggregatePlan,
  { whileFew }: Pass & { readonly kind: 'count' },
  before: PartialAggregate | undefined,
): OpenAggregate {
  let table = tableOf(plan, before);
  let upperBounds: UpperBounds | undefined = before?.kind === 'upper-bounds' ? before.upperBounds : undefined;
  let measures = measuresOf([], whileFew, before);
  const add = (group: RowGroup): void => {
    if (upperBounds !== undefined) {
      addRowsToUpperBounds(group, plan, upperBounds, memory);
      return;
    }
    if (measures.whileFew.length === 0) countGroup(group, plan, table, undefined, memory);
    else measureGroup(group, plan, table, measures, memory, true);
    measures = afterwards(measures, table);
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
    partial: () => partialOfGroups(table, { always: [], whileFew: [] }),
  };
}

/** The given groups are without rows; all partitions know each by the same number, so each has a copy. */
function measuring(
  plan: AggregatePlan,
  { groups, measures: asked, whileFew }: Pass & { readonly kind: 'measure' },
  before: PartialAggregate | undefined,
): OpenAggregate {
  const isFirst = before === undefined && groups !== undefined;
  const table = isFirst ? new GroupTable(structuredClone(groups)) : tableOf(plan, before);
  let measures = measuresOf(asked, whileFew, before);
  const add = (group: RowGroup): void => {
    measureGroup(group, plan, table, measures, memory, groups === undefined);
    measures = afterwards(measures, table);
    if (plan.having === undefined) assertGroups(plan, table.count);
  };
  return { add, partial: () => partialOfGroups(table, measures) };
}

function tableOf(plan: AggregatePlan, partial: PartialAggregate | undefined): GroupTable {
  return new GroupTable(partial?.kind === 'groups' ? partial.groups : dimensionCount(plan));
}

function partialOfGroups(table: GroupTable, { always, whileFew }: MeasuresOfGroups<MeasureState>): PartialAggregate {
  const states = [...always, ...whileFew].map((measure) => measure.state());
  return { kind: 'groups', groups: table.pack(), measures: states };
}
