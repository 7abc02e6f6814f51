/**
 * Runs a plan over row groups: prunes, scans them in the order of the answer, and stops as soon as no further row group
 * can hold a better row.
 */
import { instantOf } from '../../../../shared/time.ts';
import { SCAN_GROUPS_FEW, SCAN_ROWS_AT_FIRST, SCAN_ROWS_AT_ONCE, SCANS_AT_ONCE } from '../../../limits.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import {
  indexClauses,
  indexedSegments,
  type LookupInput,
  lookupInput,
  type LookupOutput,
  pruneByIndexes,
} from './index-lookup.ts';
import { inPartitions } from './partitions.ts';
import { mayMatch, reachesInto, streamMatcher } from './match-rows.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { narrowedByCursor, type Plan } from '../../../store/search-plan.ts';
import { placeOf } from './row-groups.ts';
import type { ScanInput, ScanOutput } from './scan.ts';
import { type SelectedRows, TopRows } from './top-rows.ts';
import type { QuarantineRowGroup } from './unusable.ts';

/** Runs scans, and receives reports of row groups that cannot be read. */
export interface ScanContext {
  readonly lookUp: (input: LookupInput, signal: AbortSignal) => Promise<LookupOutput>;
  readonly scan: (input: ScanInput, signal: AbortSignal) => Promise<ScanOutput>;
  readonly quarantine: QuarantineRowGroup;
}

/** Returns the rows that match the plan, best first. */
export async function selectRows(
  rowGroups: readonly RowGroupRef[],
  asked: Plan,
  context: ScanContext,
  signal: AbortSignal,
): Promise<SelectedRows> {
  const plan = narrowedByCursor(asked);
  const top = new TopRows(plan.direction, plan.limit);
  const wanted = inOrder(await candidates(rowGroups, plan, context, signal), plan);
  const batches = batchesOf(wanted, wanted.length <= SCAN_GROUPS_FEW ? SCAN_ROWS_AT_ONCE : SCAN_ROWS_AT_FIRST);
  const prune = (batch: RowGroupRef[]): RowGroupRef[] => {
    const narrowed = narrow(plan, top.worst());
    return batch.filter((group) => reachesInto(group, narrowed));
  };
  const partitions = { partitionCount: SCANS_AT_ONCE, quarantine: context.quarantine, signal, prune };
  await inPartitions<void>(batches, partitions, async (batch) => {
    const input = { places: batch.map(placeOf), plan: narrow(plan, top.worst()) };
    const { scanned, unusable } = await context.scan(input, signal);
    for (const [i, rows] of scanned.entries()) top.add(batch[i]!, rows);
    return { result: undefined, doneCount: scanned.length, unusable };
  });
  return top.finish();
}

/** Returns the row groups that may match, as far as their bounds and the indexes of segments show. */
export async function candidates(
  rowGroups: readonly RowGroupRef[],
  plan: Predicate,
  context: Pick<ScanContext, 'lookUp'>,
  signal: AbortSignal,
): Promise<readonly RowGroupRef[]> {
  const mayMatchStream = streamMatcher(plan);
  const inBounds = rowGroups.filter((group) => mayMatch(group, plan, mayMatchStream));
  const clauses = indexClauses(plan.where);
  const segments = clauses.length === 0 ? [] : indexedSegments(inBounds);
  if (segments.length === 0) return inBounds;
  // Each worker gets some: a look-up waits for the disk, segment by segment.
  const share = Math.ceil(segments.length / SCANS_AT_ONCE);
  const parts = Array.from({ length: SCANS_AT_ONCE }, (_, i) => segments.slice(i * share, (i + 1) * share));
  const found = await Promise.all(
    parts.map(async (part) => {
      const answers: LookupOutput[number][] = [];
      while (answers.length < part.length) {
        answers.push(...(await context.lookUp(lookupInput(clauses, part.slice(answers.length)), signal)));
      }
      return answers;
    }),
  );
  return pruneByIndexes(inBounds, clauses, segments, found.flat());
}

/** Once there are `limit` rows, only rows better than the worst of them are needed. */
function narrow(plan: Plan, worst: bigint | undefined): Plan {
  if (worst === undefined) return plan;
  return plan.direction === 'backward' ? { ...plan, from: worst } : { ...plan, to: worst + 1n };
}

/** Row groups that may hold the best rows come first. */
export function inOrder(rowGroups: readonly RowGroupRef[], { direction }: Plan): RowGroupRef[] {
  const best = (group: RowGroupRef): bigint =>
    direction === 'backward' ? -instantOf(group.baseDay, group.maxTimeNs) : instantOf(group.baseDay, group.minTimeNs);
  const keyed = rowGroups.map((group) => ({ group, key: best(group) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ group }) => group);
}

/**
 * Cuts row groups into tasks. Many small row groups share a task, so that a memtable of tiny batches costs few
 * messages. The first tasks are small, because the best row groups often hold all that a search wants: the rows of a
 * task double up to the limit.
 */
function batchesOf(rowGroups: readonly RowGroupRef[], rowsAtFirst: number): RowGroupRef[][] {
  const batches: RowGroupRef[][] = [];
  let rowsMax = rowsAtFirst;
  let rows = Infinity;
  for (const group of rowGroups) {
    if (rows + group.rowCount > rowsMax) {
      if (batches.length > 0) rowsMax = Math.min(rowsMax * 2, SCAN_ROWS_AT_ONCE);
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)!.push(group);
    rows += group.rowCount;
  }
  return batches;
}
