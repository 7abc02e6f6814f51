/** What counting and measuring ask of the store: groups of lines, by parts of windows and by labels. */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import type { AggregatePlan, Cell } from '../../../store/aggregate-plan.ts';
import { allOf, anyOf, type Predicate } from '../../../store/predicate.ts';
import { jsonLeaf } from '../json-columns.ts';
import type { Evaluation } from './evaluation.ts';
import type { Steps } from './series.ts';

/** Returns the width of parts such that all windows begin and end at whole ones. */
export function partNsOf(rangeNs: bigint, { stepNs, count }: Steps): bigint {
  return count === 1 ? rangeNs : gcd(rangeNs, stepNs);
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** Returns undefined where there are too many, or where they take too much memory. */
export async function cellsOf(plan: AggregatePlan, { view, query }: Evaluation): Promise<readonly Cell[] | undefined> {
  try {
    return (await view.aggregate(plan, query)).cells;
  } catch (error) {
    if (!(error instanceof QueryTooLargeError) || query.signal.aborted) throw error;
    return undefined;
  }
}

/**
 * Whether some labels of lines are there, but empty: aggregations do not tell them from absent ones.
 * @param found  labels that the parser finds
 * @param valueOf  gives that of one of them in a group
 */
export async function areSomeEmpty(
  known: Predicate,
  found: readonly string[],
  cells: readonly Cell[],
  valueOf: (cell: Cell, index: number) => string,
  { view, query }: Evaluation,
): Promise<boolean> {
  const suspects = found.filter((_, i) => cells.some((cell) => valueOf(cell, i) === ''));
  if (suspects.length === 0) return false;
  const isEmpty = anyOf(suspects.map((name) => jsonLeaf(name, [{ kind: 'equals', text: new Uint8Array() }])));
  const plan = { ...known, where: allOf([known.where, isEmpty]), by: [], measures: [], stepNs: undefined, limit: 1 };
  return (await view.aggregate(plan, query)).groupCount > 0;
}
