/**
 * Aggregations on columns: matching rows are counted and measured, by time bucket and by values of labels and fields.
 * No line is built. This file handles one row group; run.ts has the passes.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_MEASURED_AT_ONCE_MAX } from '../../../limits.ts';
import { addToUpperBounds, type UpperBounds, type CounterBits } from './upper-bounds.ts';
import type { CountingMemory } from './counting-memory.ts';
import { countCodes, groupCodes } from './group-codes.ts';
import { type CountedRows, groupsOf, hashesOf, knownGroups, codesWithBit, usedIn } from './group-lookup.ts';
import type { GroupTable } from './group-table.ts';
import type { MeasureState } from './measures.ts';
import type { MeasuredGroup, MeasuresOfGroups } from './open-measure.ts';
import type { AggregatePlan } from '../../../store/aggregate-plan.ts';
import type { Where } from '../../../store/predicate.ts';
import { matchMask } from '../scan/match-rows.ts';
import { countRows, type Rows, selectRows, setGroups } from './row-counts.ts';
import { countStreams } from './stream-codes.ts';
import { hasOneOfEachStream } from './value-codes.ts';

/**
 * Adds the rows of a row group to a table.
 * @param counterBits  only groups with a bit
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function countGroup(
  group: RowGroup,
  plan: AggregatePlan,
  table: GroupTable,
  counterBits: CounterBits | undefined,
  memory: CountingMemory,
): void {
  const counted = countedRows(group, plan, memory);
  if (counted === undefined) return;
  const { codes, totals } = counted;
  const used = counterBits === undefined ? counted.used : codesWithBit(counted, counterBits, memory);
  const groups = groupsOf(codes, used, table, memory, true);
  addTotals(groups, used, totals, table.rows);
}

/**
 * Adds the rows of a row group to upper bounds.
 * @throws CorruptionError; then nothing was added
 */
export function addRowsToUpperBounds(
  group: RowGroup,
  plan: AggregatePlan,
  upperBounds: UpperBounds,
  memory: CountingMemory,
): void {
  const counted = countedRows(group, plan, memory);
  if (counted === undefined) return;
  const { codes, totals, used } = counted;
  const hashes = hashesOf(codes, used, memory);
  for (let i = 0; i < used.length; i++) addToUpperBounds(upperBounds, hashes[i]!, totals[used[i]!]!);
}

/**
 * Adds the rows of a row group to a table, and measures them.
 * @param areAdded  if true, groups that are not in the table are added; else their rows are left out
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function measureGroup(
  group: RowGroup,
  plan: AggregatePlan,
  table: GroupTable,
  { always, whileFew }: MeasuresOfGroups<MeasureState>,
  memory: CountingMemory,
  areAdded: boolean,
): void {
  const grouped = groupRows(group, plan, memory);
  if (grouped === undefined) return;
  const { rows, codes } = grouped;
  const { parts } = codes;
  const starts = new Int32Array(parts.length + 1);
  for (const [template, count] of rows.counts.entries()) starts[template + 1] = starts[template]! + count;
  const measured: MeasuredGroup = {
    group,
    starts,
    keys: memory.keys,
    lendNumbers: memory.numbersLender(),
    lend: memory.measuresLender(),
    lendGroups: memory.groupsLender(),
    rowsWhere: rowsByCondition(group, memory),
  };
  const adders = always.map((measure) => measure.read(measured));
  const addersWhileFew = whileFew.map((measure) => measure.read(measured));
  const known = areAdded ? undefined : knownGroups(codes, table, memory);
  const groupOfCodes = known ?? countedGroups(grouped, table, memory, areAdded);
  if (table.count <= AGGREGATE_MEASURED_AT_ONCE_MAX) adders.push(...addersWhileFew);
  if (adders.length === 0 && known === undefined) return;
  const groups = memory.groupOfRows(group.info.rowCount);
  for (const [template, part] of parts.entries()) {
    const start = starts[template]!;
    setGroups(part, start, rows.selected, groupOfCodes, groups.subarray(start, starts[template + 1]));
  }
  if (known !== undefined) countGroups(groups, table.rows);
  for (const add of adders) add(groups, table.count);
}

/** Each condition is evaluated once, whatever the number of measures that have it. */
function rowsByCondition(group: RowGroup, memory: CountingMemory): MeasuredGroup['rowsWhere'] {
  const known = new Map<Where, Rows | undefined>();
  const lend = memory.marksLender();
  return (where) => {
    if (!known.has(where)) {
      known.set(where, selectRows(group, { from: undefined, to: undefined, where }, lend(group.info.rowCount)));
    }
    return known.get(where);
  };
}

/**
 * Counts the rows by code, and adds them to those of their groups.
 * @returns by code: its group, or −1
 */
function countedGroups(grouped: GroupedRows, table: GroupTable, memory: CountingMemory, areAdded: boolean): Int32Array {
  const { codes, totals, used } = countCodesOf(grouped, memory);
  const found = groupsOf(codes, used, table, memory, areAdded);
  addTotals(found, used, totals, table.rows);
  const groupOfCodes = memory.groups(totals.length);
  for (let i = 0; i < used.length; i++) groupOfCodes[used[i]!] = found[i]!;
  return groupOfCodes;
}

/** Rows that match, and their codes. */
interface GroupedRows extends Pick<CountedRows, 'codes'> {
  readonly rows: Rows;
}

function groupRows(group: RowGroup, plan: AggregatePlan, memory: CountingMemory): GroupedRows | undefined {
  const rows = selectRows(group, plan, memory.selected(group.info.rowCount));
  return rows && { rows, codes: groupCodes(group, plan, rows.counts, memory.lender()) };
}

function countedRows(group: RowGroup, plan: AggregatePlan, memory: CountingMemory): CountedRows | undefined {
  const { by, stepNs } = plan;
  const isOfStreams = stepNs === undefined && by.every((name) => hasOneOfEachStream(group, name));
  if (isOfStreams) return countedStreams(group, plan, memory);
  const grouped = groupRows(group, plan, memory);
  return grouped && countCodesOf(grouped, memory);
}

/** Counts the rows of each stream, or all of them as one group: the order of rows does not matter. */
function countedStreams(group: RowGroup, plan: AggregatePlan, memory: CountingMemory): CountedRows | undefined {
  const codes = groupCodes(group, plan, Int32Array.from(group.templateRowCounts), memory.lender());
  const totals = memory.totals(codes.size);
  if (codes.ofStreams === undefined) totals[0] = countRows(group, plan);
  else countStreams(group.streamCodes(), matchMask(group, plan), codes.ofStreams, totals);
  const used = usedIn(totals, memory.used(codes.size));
  return used.length === 0 ? undefined : { codes, totals, used };
}

function countCodesOf({ rows, codes }: GroupedRows, memory: CountingMemory): CountedRows {
  const totals = memory.totals(codes.size);
  countCodes(codes, rows, totals);
  return { codes, totals, used: usedIn(totals, memory.used(codes.size)) };
}

/** Adds the rows of used codes to those of their groups; −1 for no group. */
function addTotals(groups: Int32Array, used: Uint32Array, totals: Uint32Array, rows: Float64Array): void {
  for (let i = 0; i < used.length; i++) if (groups[i]! >= 0) rows[groups[i]!]! += totals[used[i]!]!;
}

/** Does the same row by row. */
function countGroups(groups: Int32Array, rows: Float64Array): void {
  for (let i = 0; i < groups.length; i++) if (groups[i]! >= 0) rows[groups[i]!]!++;
}
