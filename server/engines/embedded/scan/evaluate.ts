/**
 * Evaluates a tree of conditions on the rows of one row group: a mask for each node, combined in loops. Conditions that
 * are cheap or selective come first, and each tests only the remaining rows. When none remain, nothing more is read.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { timeNsFrom } from '../../../../shared/time.ts';
import type { Predicate, TimeRange, ValueTest, Where } from '../../../store/predicate.ts';
import { judgeJsonLeaf } from './json-labels.ts';
import type { MaskOrder } from './mask-order.ts';
import { orMask, hasMarked, maskDepth, markedIn, andNotMask, releaseMasks, takeDirtyMask, takeMask } from './masks.ts';
import { WholeLineMatches } from './match-whole-lines.ts';
import { matchReadLeaf } from './read-leaf.ts';
import { matchRegexpLeaf } from './regexp-leaf.ts';
import { matchTemplates } from './match-templates.ts';
import { matchTextLeaf } from './text-leaf.ts';
import { matchValueLeaf, type Outcome } from './value-leaf.ts';

/** Approximate cost of reading a condition: conditions are evaluated in this order. */
const COSTS = {
  label: 0,
  exists: 1,
  equals: 2,
  compare: 3,
  wildcard: 4,
  regexp: 5,
  time: 6,
  text: 7,
  lines: 8,
} as const;

interface Scan {
  readonly group: RowGroup;
  readonly order: MaskOrder;
  readonly wholeLines: WholeLineMatches;
}

/** @param out  has as many rows as the group */
export function evaluate(group: RowGroup, { from, to, where }: Predicate, out: Uint8Array): Outcome {
  if (!reachesOutside(group, { from, to })) return evaluateWhere(group, where, 'rows', out);
  const scan = scanOf(group, where, 'rows');
  // Times are read only for the remaining rows, and text is searched only within the time range.
  const inOrder = where.kind === 'all' ? cheapestFirst(where.of) : [where];
  const cheap = inOrder.filter((each) => costOf(each) < COSTS.time);
  let outcome = evaluateAll(scan, cheap, undefined, out);
  if (outcome === 'none') return 'none';
  outcome = selectTimes(group, { from, to }, outcome === 'all' ? undefined : out, out);
  if (outcome === 'none' || cheap.length === inOrder.length) return outcome;
  const rest = evaluateAll(scan, inOrder.slice(cheap.length), out, out);
  return rest === 'none' ? 'none' : 'some';
}

/** Does the same without times. @param order  of `out`; in template order only what `isOfValues` says */
export function evaluateWhere(group: RowGroup, where: Where, order: MaskOrder, out: Uint8Array): Outcome {
  return evaluateNode(scanOf(group, where, order), where, undefined, out);
}

function scanOf(group: RowGroup, where: Where, order: MaskOrder): Scan {
  return { group, order, wholeLines: new WholeLineMatches(group, where) };
}

/**
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 */
function evaluateNode(scan: Scan, where: Where, within: Uint8Array | undefined, out: Uint8Array): Outcome {
  switch (where.kind) {
    case 'all':
      return evaluateAll(scan, cheapestFirst(where.of), within, out);
    case 'any':
      return evaluateAny(scan, cheapestFirst(where.of), within, out);
    case 'not':
      return evaluateNot(scan, where.of, within, out);
    case 'text':
      return where.asRead === true
        ? matchReadLeaf(scan.group, where, within, out)
        : matchTextLeaf(scan.group, where, within, out);
    case 'regexp':
      return where.asRead === true
        ? matchReadLeaf(scan.group, where, within, out)
        : matchRegexpLeaf(scan.group, where, within, out);
    case 'json':
      return matchTemplates(scan.group, judgeJsonLeaf(scan.group, where), within, out, scan.order);
    case 'value':
      return matchValueLeaf(scan.group, where, scan.wholeLines, within, out, scan.order);
  }
}

function evaluateAll(
  scan: Scan,
  conditions: readonly Where[],
  within: Uint8Array | undefined,
  out: Uint8Array,
): Outcome {
  let left = within;
  let outcome: Outcome = 'all';
  for (const condition of conditions) {
    const each = evaluateNode(scan, condition, left, out);
    if (each === 'none') return 'none';
    if (each === 'all') continue;
    outcome = 'some';
    left = out;
  }
  return outcome;
}

function evaluateAny(
  scan: Scan,
  conditions: readonly Where[],
  within: Uint8Array | undefined,
  out: Uint8Array,
): Outcome {
  const since = maskDepth();
  const { rowCount } = scan.group.info;
  const found = takeMask(rowCount);
  const left = takeDirtyMask(rowCount);
  const mask = takeDirtyMask(rowCount);
  let outcome: Outcome = 'none';
  for (const condition of conditions) {
    const before: Uint8Array | undefined = outcome === 'none' ? within : left;
    const each = evaluateNode(scan, condition, before, mask);
    if (each === 'none') continue;
    // Rows that no earlier condition has matched.
    outcome = each;
    if (each === 'all') break;
    orMask(found, mask);
    if (before === undefined) left.fill(1);
    andNotMask(left, before ?? left, mask);
    if (!hasMarked(left)) {
      outcome = 'all';
      break;
    }
  }
  if (outcome === 'some') out.set(found);
  releaseMasks(since);
  return outcome;
}

function evaluateNot(scan: Scan, where: Where, within: Uint8Array | undefined, out: Uint8Array): Outcome {
  const since = maskDepth();
  const mask = takeDirtyMask(out.length);
  let outcome = evaluateNode(scan, where, within, mask);
  if (outcome === 'none') outcome = 'all';
  else if (outcome === 'all') outcome = 'none';
  else {
    if (within === undefined) out.fill(1);
    andNotMask(out, within ?? out, mask);
    if (!hasMarked(out)) outcome = 'none';
  }
  releaseMasks(since);
  return outcome;
}

/** Keyed by the list of a tree, which is that of a plan. */
const orders = new WeakMap<readonly Where[], readonly Where[]>();

function cheapestFirst(conditions: readonly Where[]): readonly Where[] {
  let known = orders.get(conditions);
  if (known === undefined) {
    known = conditions.toSorted((a, b) => costOf(a) - costOf(b));
    orders.set(conditions, known);
  }
  return known;
}

function costOf(where: Where): number {
  switch (where.kind) {
    case 'all':
    case 'any':
      return Math.max(0, ...where.of.map(costOf));
    case 'not':
      return costOf(where.of);
    case 'text':
      return COSTS.text;
    case 'json':
      return COSTS.label;
    case 'regexp':
      return COSTS.lines;
    case 'value':
      return where.labelOnly === true ? COSTS.label : Math.max(...where.tests.map(costOfTest));
  }
}

function costOfTest({ kind }: ValueTest): number {
  return COSTS[kind];
}

/** Whether a row group may have rows out of a time range. */
export function reachesOutside(group: RowGroup, range: TimeRange): boolean {
  const { minTimeNs, maxTimeNs } = group.info;
  const [first, end] = timesOf(group, range);
  return minTimeNs < first || maxTimeNs >= end;
}

/** Returns a range in ns from the start of the row group's base day: rows from `first` on, before `end`. */
export function timesOf(group: RowGroup, { from, to }: TimeRange): readonly [first: number, end: number] {
  const { baseDay } = group.info;
  return [
    from === undefined ? -Infinity : timeNsFrom(baseDay, from),
    to === undefined ? Infinity : timeNsFrom(baseDay, to),
  ];
}

function selectTimes(group: RowGroup, range: TimeRange, within: Uint8Array | undefined, out: Uint8Array): Outcome {
  const [first, end] = timesOf(group, range);
  if (within === undefined) {
    const timesNs = group.timesNs();
    for (let row = 0; row < out.length; row++) out[row] = timesNs[row]! >= first && timesNs[row]! < end ? 1 : 0;
  } else {
    const rows = markedIn(within);
    const timesNs = group.timesAt(rows);
    for (let i = 0; i < rows.length; i++) {
      if (timesNs[i]! < first || timesNs[i]! >= end) out[rows[i]!] = 0;
    }
  }
  return hasMarked(out) ? 'some' : 'none';
}
