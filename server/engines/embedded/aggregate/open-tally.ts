/** One task's share of a pass: adds row groups to the partial aggregate of the earlier ones. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_HELD_BYTES_MAX, AGGREGATE_LIMIT_MAX, AGGREGATE_MEASURED_AT_ONCE_MAX } from '../../../limits.ts';
import { boundGroup, countGroup, measureGroup } from './aggregate.ts';
import { addTableToBounds, type Bounds, type CounterBits, newBounds } from './bounds.ts';
import { CountingMemory } from './counting-memory.ts';
import { GroupTable, type GroupTableState, tooManyGroups } from './group-table.ts';
import { type MeasureState, openMeasures } from './measures.ts';
import type { OpenMeasure } from './open-measure.ts';
import { type AggregatePlan, dimensionCount, type Measure } from '../../../store/aggregate-plan.ts';
import type { Tally } from './tally.ts';

const memory = new CountingMemory();

/** What a pass does with each row group. */
export type Pass =
  /**
   * Counts all groups, while they are few enough to hold; from then on, only upper bounds of their rows. While they are
   * few enough for that, they are measured, too.
   */
  | { readonly kind: 'count'; readonly measures: readonly Measure[] }
  /** Groups that may be among the largest are counted. */
  | { readonly kind: 'recount'; readonly marks: CounterBits }
  /** Of these groups; of all where they are not said, which must not be too many to hold. */
  | {
      readonly kind: 'measure';
      readonly groups: GroupTableState | undefined;
      readonly measures: readonly Measure[];
    };

/** A partial aggregate to which row groups are added. */
export interface OpenTally {
  /** @throws QueryTooLargeError, CorruptionError */
  add(group: RowGroup): void;
  tally(): Tally;
}

/** @param before  the partial aggregate of the earlier row groups; it must not be used any more */
export function openTally(plan: AggregatePlan, pass: Pass, before: Tally | undefined): OpenTally {
  switch (pass.kind) {
    case 'count':
      return counting(plan, pass.measures, before);
    case 'recount':
      return recounting(plan, pass.marks, before);
    case 'measure':
      return measuring(plan, pass, before);
  }
}

function counting(plan: AggregatePlan, asked: readonly Measure[], before: Tally | undefined): OpenTally {
  let table = tableOf(plan, before);
  let bounds: Bounds | undefined = before?.kind === 'bounds' ? before.bounds : undefined;
  // There are no measures if there were too many groups before.
  const measured = before === undefined || (before.kind === 'groups' && before.measures.length > 0) ? asked : [];
  let measures = openMeasures(measured, before?.kind === 'groups' ? before.measures : undefined);
  const add = (group: RowGroup): void => {
    if (bounds !== undefined) {
      boundGroup(group, plan, bounds, memory);
      return;
    }
    if (measures.length === 0) countGroup(group, plan, table, undefined, memory);
    else measureGroup(group, plan, table, measures, memory, true, AGGREGATE_MEASURED_AT_ONCE_MAX);
    if (table.count > AGGREGATE_MEASURED_AT_ONCE_MAX) measures = [];
    if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
    if (table.usedBytes <= AGGREGATE_HELD_BYTES_MAX) return;
    bounds = newBounds();
    addTableToBounds(bounds, table);
    table = tableOf(plan, undefined);
  };
  const tally = (): Tally => (bounds === undefined ? groupsTally(table, measures) : { kind: 'bounds', bounds });
  return { add, tally };
}

function recounting(plan: AggregatePlan, marks: CounterBits, before: Tally | undefined): OpenTally {
  const table = tableOf(plan, before);
  return { add: (group) => countGroup(group, plan, table, marks, memory), tally: () => groupsTally(table, []) };
}

/** The given groups are without rows; all partitions know each by the same number, so each has a copy. */
function measuring(
  plan: AggregatePlan,
  { groups, measures: asked }: Pass & { readonly kind: 'measure' },
  before: Tally | undefined,
): OpenTally {
  const isFirst = before === undefined && groups !== undefined;
  const table = isFirst ? new GroupTable(structuredClone(groups)) : tableOf(plan, before);
  const measures = openMeasures(asked, before?.kind === 'groups' ? before.measures : undefined);
  const add = (group: RowGroup): void => {
    measureGroup(group, plan, table, measures, memory, groups === undefined);
    if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
  };
  return { add, tally: () => groupsTally(table, measures) };
}

function tableOf(plan: AggregatePlan, tally: Tally | undefined): GroupTable {
  return new GroupTable(tally?.kind === 'groups' ? tally.groups : dimensionCount(plan));
}

function groupsTally(table: GroupTable, measures: readonly OpenMeasure<MeasureState>[]): Tally {
  return { kind: 'groups', groups: table.state(), measures: measures.map((measure) => measure.state()) };
}
