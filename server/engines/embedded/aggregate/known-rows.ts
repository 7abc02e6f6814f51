/** Counts rows as far as the bounds of row groups show how many match: of these, nothing is read. */
import type { Labels } from '../../../../shared/labels.ts';
import { isWithin } from '../scan/streams-in-range.ts';
import { judgeLabels } from '../scan/value-leaf.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { AggregatePlan } from '../../../store/aggregate-plan.ts';
import { decide, type Predicate } from '../../../store/predicate.ts';

/** Whether only the number of rows is asked for. */
export function isOfRowsOnly({ by, measures, stepNs, having, orderBy }: AggregatePlan): boolean {
  return by.length === 0 && measures.length === 0 && stepNs === undefined && having === undefined && !orderBy;
}

/** Returns the rows of the row groups in which all match, whatever their lines say; and the other row groups. */
export function knownRows(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
): { readonly rows: number; readonly left: readonly RowGroupRef[] } {
  const { where } = predicate;
  const known = new Map<Labels, boolean>();
  const isWhole = (labels: Labels): boolean => {
    let matches = known.get(labels);
    if (matches === undefined) {
      matches = decide(where, (leaf) => judgeLabels(leaf, labels)) === true;
      known.set(labels, matches);
    }
    return matches;
  };
  let rows = 0;
  const left = rowGroups.filter((group) => {
    const isKnown = isWithin(group, predicate) && group.streams.every(isWhole);
    if (isKnown) rows += group.rowCount;
    return !isKnown;
  });
  return { rows, left };
}
