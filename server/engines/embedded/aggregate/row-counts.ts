/** The matching rows of a row group, in template order, and loops that count them by their codes. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { countMarked, hasMarked } from '../scan/masks.ts';
import { matchMask, matchMaskInTemplateOrder } from '../scan/match-rows.ts';
import type { CodePart, Codes } from './dimension.ts';

/** The rows of a row group, in template order. */
export interface Rows {
  /** The number of rows of each template. */
  readonly counts: Int32Array;
  /** 1 where the row matches, by position in template order; undefined when all do. */
  readonly selected: Uint8Array | undefined;
}

/**
 * Returns the rows that match; undefined where none does.
 * @param memory  room for the rows
 */
export function selectRows(group: RowGroup, plan: Predicate, memory?: Uint8Array<ArrayBuffer>): Rows | undefined {
  const inOrder = matchMaskInTemplateOrder(group, plan);
  const mask = inOrder ?? matchMask(group, plan);
  if (mask !== 'all' && !hasMarked(mask)) return undefined;
  if (inOrder === undefined || mask === 'all') return rowsOf(group, mask, memory);
  // The mask is overwritten by the next one.
  const selected = memory?.subarray(0, mask.length) ?? new Uint8Array(mask.length);
  selected.set(mask);
  return { counts: Int32Array.from(group.templateRowCounts), selected };
}

/** Returns how many rows match: in whatever order. */
export function countRows(group: RowGroup, plan: Predicate): number {
  const mask = matchMaskInTemplateOrder(group, plan) ?? matchMask(group, plan);
  return mask === 'all' ? group.info.rowCount : countMarked(mask);
}

/** @param memory  room for the rows */
export function rowsOf(group: RowGroup, mask: Uint8Array | 'all', memory = new Uint8Array(group.info.rowCount)): Rows {
  const counts = Int32Array.from(group.templateRowCounts);
  if (mask === 'all') return { counts, selected: undefined };
  const { templateRows } = group.order();
  const selected = memory.subarray(0, templateRows.length);
  for (let i = 0; i < selected.length; i++) selected[i] = mask[templateRows[i]!]!;
  return { counts, selected };
}

/** Of fewer rows, a view of their codes costs more than counting them. */
const VIEW_ROWS_MIN = 64;

/**
 * Adds the rows of one part, those at [start, end) in template order, to the totals of their codes.
 * @param before  rows of the part that are before `start`
 * @param first  index of the total of code 0
 */
export function countPart(
  part: CodePart,
  start: number,
  end: number,
  selected: Uint8Array | undefined,
  totals: Uint32Array,
  before = 0,
  first = 0,
): void {
  if (part.kind === 'same') {
    let rows = end - start;
    if (selected !== undefined) for (let i = start; i < end; i++) rows -= 1 - selected[i]!;
    totals[first + part.code]! += rows;
    return;
  }
  const { codes } = part;
  const base = first + part.base;
  const shift = part.first + before - start;
  if (selected === undefined && end - start < VIEW_ROWS_MIN) {
    for (let i = start + shift; i < end + shift; i++) totals[base + codes[i]!]!++;
  } else if (selected === undefined) countAll(codes.subarray(start + shift, end + shift), base, totals);
  else for (let i = start; i < end; i++) totals[base + codes[shift + i]!]! += selected[i]!;
}

/**
 * Sets the group of each row of one part, which begins at `start` in template order; −1 for rows without a group.
 * @param groupOfCodes  by code
 */
export function setGroups(
  part: CodePart,
  start: number,
  selected: Uint8Array | undefined,
  groupOfCodes: Int32Array,
  groups: Int32Array,
): void {
  if (part.kind === 'same') groups.fill(groupOfCodes[part.code]!);
  else {
    const { codes, first, base } = part;
    for (let i = 0; i < groups.length; i++) groups[i] = groupOfCodes[base + codes[first + i]!]!;
  }
  if (selected !== undefined) for (let i = 0; i < groups.length; i++) if (selected[start + i] === 0) groups[i] = -1;
}

/** Up to this many codes are counted in two alternating tables; with more, a code seldom follows itself. */
const TWO_TABLES_CODES_MAX = 1024;

const otherCounts = new Uint32Array(TWO_TABLES_CODES_MAX);

/**
 * With few codes, most are equal to the previous one, and a single counter would wait for its own last value: so there
 * are two.
 */
function countAll(codes: Codes, base: number, totals: Uint32Array): void {
  if (codes instanceof Int32Array) return countIntegers(codes, base, totals);
  if (totals.length > TWO_TABLES_CODES_MAX || codes.length < totals.length) {
    for (let i = 0; i < codes.length; i++) totals[base + codes[i]!]!++;
    return;
  }
  const others = otherCounts.fill(0, 0, totals.length - base);
  const even = codes.length & ~1;
  for (let i = 0; i < even; i += 2) {
    totals[base + codes[i]!]!++;
    others[codes[i + 1]!]!++;
  }
  if (even < codes.length) totals[base + codes[even]!]!++;
  for (let code = base; code < totals.length; code++) totals[code]! += others[code - base]!;
}

/** Separate from the loop for other codes, so that each is compiled for few kinds of arrays. */
function countIntegers(codes: Int32Array, base: number, totals: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) totals[base + codes[i]!]!++;
}
