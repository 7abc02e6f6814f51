/** Counts over time that have more groups than one aggregation may have: part by part of the time range. */
import { floorDivided } from '../../../shared/time.ts';
import { AGGREGATE_LIMIT_MAX } from '../../limits.ts';
import type { AggregatePlan, Cell } from '../../store/aggregate-plan.ts';
import type { LogView } from '../../store/log-store.ts';
import type { Predicate } from '../../store/predicate.ts';
import type { Query } from '../../store/query.ts';

/** What the asker may see of a time range. */
export interface TimedPredicate extends Predicate {
  readonly from: bigint;
  readonly to: bigint;
}

/** A plan for all groups of each step. */
export interface SteppedPlan extends Omit<AggregatePlan, 'limit' | 'offsetNs' | 'windowSteps'> {
  readonly from: bigint;
  readonly to: bigint;
  readonly stepNs: bigint;
}

/**
 * Calls for the groups of one part after the other.
 * @param groupsMax  of a step
 */
export async function eachPart(
  plan: SteppedPlan,
  groupsMax: number,
  view: LogView,
  query: Query,
  take: (cells: readonly Cell[]) => void,
): Promise<void> {
  const { from, to, stepNs } = plan;
  const stepsAtOnce = BigInt(Math.max(1, Math.floor(AGGREGATE_LIMIT_MAX / Math.max(1, groupsMax))));
  for (let start = from; start < to;) {
    const end = (floorDivided(start, stepNs) + stepsAtOnce) * stepNs;
    const { cells } = await view.aggregate({ ...plan, from: start, to: end < to ? end : to, limit: undefined }, query);
    take(cells);
    start = end;
  }
}
