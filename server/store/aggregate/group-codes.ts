/** The groups of one row group: each row's code, of everything that rows are grouped by, and how many rows have it. */
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { floorDivided, instantOf, timeNsFrom } from '../../../shared/time.ts';
import { Texts } from './texts.ts';
import {
  addCodes,
  type CodePart,
  type Codes,
  countingUp,
  type Dimension,
  type Lend,
  valueCodes,
} from './value-codes.ts';

/** Codes of up to so many combinations are counted in an array; beyond, each row has a code of its own. */
const COMBINATIONS_MAX = 2 ** 18;

/** The rows of a row group, in template order. */
export interface Rows {
  /** How many of each template. */
  readonly counts: Int32Array;
  /** 1 where the row matches, by position in template order; undefined when all do. */
  readonly selected: Uint8Array | undefined;
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

/** The rows of a row group by everything that they are grouped by: a code of each dimension, put together as one. */
export interface GroupCodes {
  readonly dimensions: readonly Dimension[];
  /** Codes are below it. */
  readonly size: number;
  /** By template. */
  readonly parts: readonly CodePart[];
  /** @see Dimension */
  readonly addTotals?: ((totals: Uint32Array) => void) | undefined;
  /** By dimension: the codes that some codes are put together from. */
  digitsOf(codes: Uint32Array): readonly Uint32Array[];
}

/** Groups rows by time buckets, where there is a step, and by names. */
export function groupCodes(
  group: RowGroup,
  by: readonly string[],
  stepNs: bigint | undefined,
  counts: Int32Array,
  lend: Lend,
): GroupCodes {
  const names = by.map((name) => valueCodes(group, name, lend));
  const dimensions = stepNs === undefined ? names : [bucketCodes(group, stepNs), ...names];
  const varying = dimensions.filter(({ constant }) => constant === undefined);
  const codes = codesOf(group, varying, counts);
  if (varying.length === dimensions.length) return codes;
  return {
    ...codes,
    dimensions,
    get parts() {
      return codes.parts;
    },
    digitsOf: (some) => {
      const digits = codes.digitsOf(some).values();
      return dimensions.map(({ constant }) =>
        constant === undefined ? digits.next().value! : new Uint32Array(some.length).fill(constant),
      );
    },
  };
}

function codesOf(group: RowGroup, dimensions: readonly Dimension[], counts: Int32Array): GroupCodes {
  const [only] = dimensions;
  if (only === undefined) return allRows(group);
  if (dimensions.length === 1) return single(only);
  const combinations = dimensions.reduce((product, { size }) => product * size, 1);
  return combinations <= COMBINATIONS_MAX ? combined(dimensions, combinations, counts) : rowByRow(dimensions, counts);
}

/** All have one code. */
function allRows(group: RowGroup): GroupCodes {
  return {
    dimensions: [],
    size: 1,
    parts: group.templates.map(() => ({ kind: 'same', code: 0 })),
    addTotals: (totals) => (totals[0]! += group.info.rowCount),
    digitsOf: () => [],
  };
}

/** Counts the rows of each code. @param totals  zeros, one for each code */
export function countCodes(
  codes: Pick<Dimension, 'parts' | 'addTotals'>,
  { counts, selected }: Rows,
  totals: Uint32Array,
): void {
  if (codes.addTotals !== undefined && selected === undefined) {
    codes.addTotals(totals);
    return;
  }
  let start = 0;
  for (const [template, part] of codes.parts.entries()) {
    const end = start + counts[template]!;
    countPart(part, start, end, selected, totals);
    start = end;
  }
}

/** Adds the rows of one part, those at [start, end) in template order, to the totals of their codes. */
export function countPart(
  part: CodePart,
  start: number,
  end: number,
  selected: Uint8Array | undefined,
  totals: Uint32Array,
): void {
  if (part.kind === 'same') {
    let rows = end - start;
    if (selected !== undefined) for (let i = start; i < end; i++) rows -= 1 - selected[i]!;
    totals[part.code]! += rows;
    return;
  }
  const { codes, base } = part;
  const shift = part.first - start;
  if (selected === undefined) countAll(codes.subarray(start + shift, end + shift), base, totals);
  else for (let i = start; i < end; i++) totals[base + codes[shift + i]!]! += selected[i]!;
}

/**
 * Sets the group of each row of one part, which begins at `start` in template order; −1 for rows that are in none.
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

/** Up to so many codes are counted in two tables side by side; with more, a code seldom follows itself. */
const TWO_TABLES_CODES_MAX = 1024;

/** Most of few codes are like the one before, and a counter would wait for its own last value: so there are two. */
function countAll(codes: Codes, base: number, totals: Uint32Array): void {
  if (codes instanceof Int32Array) return countIntegers(codes, base, totals);
  if (totals.length > TWO_TABLES_CODES_MAX) {
    for (let i = 0; i < codes.length; i++) totals[base + codes[i]!]!++;
    return;
  }
  const others = new Uint32Array(totals.length - base);
  const even = codes.length & ~1;
  for (let i = 0; i < even; i += 2) {
    totals[base + codes[i]!]!++;
    others[codes[i + 1]!]!++;
  }
  if (even < codes.length) totals[base + codes[even]!]!++;
  for (let code = 0; code < others.length; code++) totals[base + code]! += others[code]!;
}

/** Apart from the codes of others, so that either loop is compiled for few kinds of arrays. */
function countIntegers(codes: Int32Array, base: number, totals: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) totals[base + codes[i]!]!++;
}

function single(dimension: Dimension): GroupCodes {
  return {
    dimensions: [dimension],
    size: dimension.size,
    addTotals: dimension.addTotals,
    get parts() {
      return dimension.parts;
    },
    digitsOf: (codes) => [codes],
  };
}

function combined(dimensions: readonly Dimension[], size: number, counts: Int32Array): GroupCodes {
  let parts: readonly CodePart[] | undefined;
  return {
    dimensions,
    size,
    get parts() {
      return (parts ??= combinedParts(dimensions, counts));
    },
    digitsOf: (codes) => {
      let factor = 1;
      return dimensions.map((dimension) => {
        const own = factor;
        factor *= dimension.size;
        return codes.map((code) => Math.floor(code / own) % dimension.size);
      });
    },
  };
}

function combinedParts(dimensions: readonly Dimension[], counts: Int32Array): readonly CodePart[] {
  return Array.from(counts, (count, template): CodePart => {
    const each = dimensions.map((dimension) => dimension.parts[template]!);
    const rows = each.every(({ kind }) => kind === 'same') ? Math.min(count, 1) : count;
    const codes = new Uint32Array(rows);
    let factor = 1;
    for (const [d, part] of each.entries()) {
      addCodes(part, factor, codes);
      factor *= dimensions[d]!.size;
    }
    return rows === count ? { kind: 'each', codes, first: 0, base: 0 } : { kind: 'same', code: codes[0]! };
  });
}

/** A code is a row's position in template order. */
function rowByRow(dimensions: readonly Dimension[], counts: Int32Array): GroupCodes {
  const size = counts.reduce((sum, count) => sum + count, 0);
  const codes = countingUp(size);
  let first = 0;
  const parts = Array.from(counts, (count): CodePart => {
    first += count;
    return { kind: 'each', codes, first: first - count, base: 0 };
  });
  const digitsOf = (positions: Uint32Array): Uint32Array[] =>
    dimensions.map((dimension) => {
      const digits = new Uint32Array(size);
      for (const [template, part] of dimension.parts.entries()) {
        const start = (parts[template] as CodePart & { kind: 'each' }).first;
        addCodes(part, 1, digits.subarray(start, start + counts[template]!));
      }
      return positions.map((position) => digits[position]!);
    });
  return { dimensions, size, parts, digitsOf };
}

/** Buckets are counted from 1970, so that those of all row groups are the same. */
function bucketCodes(group: RowGroup, stepNs: bigint): Dimension {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  // A border between buckets that lies among the rows is exact, however long the steps are.
  const anchor = floorDivided(instantOf(baseDay, maxTimeNs), stepNs);
  const anchorNs = timeNsFrom(baseDay, anchor * stepNs);
  const step = Number(stepNs);
  const bucketOf = (timeNs: number): number => Math.floor((timeNs - anchorNs) / step);
  const first = bucketOf(minTimeNs);
  const size = bucketOf(maxTimeNs) - first + 1;
  const firstBucket = Number(anchor) + first;
  const texts = new Texts();
  if (size === 1) {
    const code = texts.addRange(undefined, firstBucket, 1);
    return { size: texts.size, constant: code, parts: group.templates.map(() => ({ kind: 'same', code })), texts };
  }
  const { templateRows, templateStarts } = group.order();
  const timesNs = group.timesNs();
  const partsOf = (codes: Uint32Array, base: number): Dimension['parts'] =>
    group.templates.map((_, template) => ({ kind: 'each', codes, first: templateStarts[template]!, base }));
  if (size > COMBINATIONS_MAX) {
    const numbers = Float64Array.from(templateRows, (row) => Number(anchor) + bucketOf(timesNs[row]!));
    const base = texts.addNumbers(undefined, numbers);
    return { size: texts.size, parts: partsOf(countingUp(numbers.length), base), texts };
  }
  const base = texts.addRange(undefined, firstBucket, size);
  const codes = new Uint32Array(templateRows.length);
  fillBuckets(timesNs, templateRows, anchorNs + first * step, step, codes);
  return { size: texts.size, parts: partsOf(codes, base), texts };
}

/** Times that follow each other mostly lie in one bucket: only its bounds are looked at. */
function fillBuckets(
  timesNs: Float64Array,
  rows: Int32Array,
  originNs: number,
  stepNs: number,
  buckets: Uint32Array,
): void {
  let bucket = 0;
  let startNs = originNs;
  let endNs = originNs + stepNs;
  for (let i = 0; i < rows.length; i++) {
    const timeNs = timesNs[rows[i]!]!;
    if (timeNs < startNs || timeNs >= endNs) {
      bucket = Math.floor((timeNs - originNs) / stepNs);
      startNs = originNs + bucket * stepNs;
      endNs = startNs + stepNs;
    }
    buckets[i] = bucket;
  }
}
