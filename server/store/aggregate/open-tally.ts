/** One task's share of a pass: row groups are added to the tally of those before. */
import { hashBytes } from '../../../shared/row-group/byte-strings.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { AGGREGATE_GROUPS_HELD_MAX, AGGREGATE_LIMIT_MAX } from '../../limits.ts';
import { type AggregatePlan, boundGroup, countGroup, measureGroup } from './aggregate.ts';
import { addTableToBounds, type Bounds, type Marks, marksOfHashes, newBounds } from './bounds.ts';
import { GroupTable, tooManyGroups } from './group-table.ts';
import { Measures } from './measures.ts';
import type { Tally } from './tally.ts';

/** What is done with each row group. */
export type Pass =
  /** All groups are counted, while they are few enough to hold; from then on, only how many rows a group has at most. */
  | { readonly kind: 'count' }
  /** Groups that may be among the largest are counted. */
  | { readonly kind: 'recount'; readonly marks: Marks }
  /** The numbers of these groups are measured. */
  | { readonly kind: 'measure'; readonly keys: readonly Uint8Array[] };

/** A tally that row groups are added to. */
export interface OpenTally {
  /** @throws QueryTooLargeError, CorruptionError */
  add(group: RowGroup): void;
  tally(): Tally;
}

/** @param before  the tally of the row groups before; it must not be used any more */
export function openTally(plan: AggregatePlan, pass: Pass, before: Tally | undefined): OpenTally {
  switch (pass.kind) {
    case 'count':
      return counting(plan, before);
    case 'recount':
      return recounting(plan, pass.marks, before);
    case 'measure':
      return measuring(plan, pass.keys, before);
  }
}

function counting(plan: AggregatePlan, before: Tally | undefined): OpenTally {
  let table = tableOf(before);
  let bounds: Bounds | undefined = before?.kind === 'bounds' ? before.bounds : undefined;
  const add = (group: RowGroup): void => {
    if (bounds !== undefined) {
      boundGroup(group, plan, bounds);
      return;
    }
    countGroup(group, plan, table, undefined);
    if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
    if (table.count <= AGGREGATE_GROUPS_HELD_MAX) return;
    bounds = newBounds();
    addTableToBounds(bounds, table.state());
    table = new GroupTable();
  };
  return { add, tally: () => (bounds === undefined ? groupsTally(table) : { kind: 'bounds', bounds }) };
}

function recounting(plan: AggregatePlan, marks: Marks, before: Tally | undefined): OpenTally {
  const table = tableOf(before);
  return { add: (group) => countGroup(group, plan, table, marks), tally: () => groupsTally(table) };
}

function measuring(plan: AggregatePlan, keys: readonly Uint8Array[], before: Tally | undefined): OpenTally {
  const table = tableOf(before);
  // In the order of the keys, so that all lanes know a group by the same number.
  if (before === undefined) for (const key of keys) table.add(hashBytes(key, 0, key.length), key, 0, key.length, 0);
  const known = before?.kind === 'groups' ? before.measures : undefined;
  const measures = new Measures(known ?? keys.length);
  const marks = marksOfHashes(table.hashes);
  return {
    add: (group) => measureGroup(group, plan, table, marks, measures),
    tally: () => ({ kind: 'groups', groups: table.state(), measures: measures.state() }),
  };
}

function tableOf(tally: Tally | undefined): GroupTable {
  return new GroupTable(tally?.kind === 'groups' ? tally.groups : undefined);
}

function groupsTally(table: GroupTable): Tally {
  return { kind: 'groups', groups: table.state(), measures: undefined };
}
