/** The groups of one row group: each row's code, of everything that rows are grouped by, and how many rows have it. */
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { floorDivided, instantOf, timeNsFrom } from '../../../shared/time.ts';
import type { GroupKey } from './group-key.ts';
import { addCodes, type CodePart, type Codes, countingUp, type Dimension, valueCodes } from './value-codes.ts';

/** Codes of up to so many combinations are counted in an array; beyond, each row has a code of its own. */
const COMBINATIONS_MAX = 2 ** 18;

/** The rows of a row group, in template order. */
export interface Rows {
  /** How many of each template. */
  readonly counts: Int32Array;
  /** 1 where the row matches, by position in template order; undefined when all do. */
  readonly selected: Uint8Array | undefined;
}

export function rowsOf(group: RowGroup, mask: Uint8Array | 'all'): Rows {
  const counts = Int32Array.from(group.templateRowCounts);
  if (mask === 'all') return { counts, selected: undefined };
  const { templateRows } = group.order();
  const selected = new Uint8Array(templateRows.length);
  for (let i = 0; i < selected.length; i++) selected[i] = mask[templateRows[i]!]!;
  return { counts, selected };
}

/** Groups rows by time buckets, where there is a step, and by names. */
export function groupCodes(
  group: RowGroup,
  by: readonly string[],
  stepNs: bigint | undefined,
  counts: Int32Array,
): Dimension {
  const names = by.map((name, i) => (i < by.length - 1 ? sized(valueCodes(group, name)) : valueCodes(group, name)));
  const dimensions = stepNs === undefined ? names : [bucketCodes(group, stepNs), ...names];
  const [first] = dimensions;
  if (first === undefined)
    return { size: 1, parts: group.templates.map(() => ({ kind: 'same', code: 0 })), write: () => {} };
  if (dimensions.length === 1) return first;
  const combinations = dimensions.reduce((product, { size }) => product * size, 1);
  return combinations <= COMBINATIONS_MAX ? combined(dimensions, combinations, counts) : rowByRow(dimensions, counts);
}

/** How many rows there are of each code. */
export function countCodes(dimension: Dimension, { counts, selected }: Rows): Uint32Array {
  if (dimension.totals !== undefined && selected === undefined) return dimension.totals;
  const totals = new Uint32Array(dimension.size);
  let start = 0;
  for (const [template, part] of dimension.parts.entries()) {
    const end = start + counts[template]!;
    countPart(part, start, end, selected, totals);
    start = end;
  }
  return totals;
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

/** Up to so many codes are counted in two tables side by side; with more, a code seldom follows itself. */
const TWO_TABLES_CODES_MAX = 1024;

/** Most of few codes are like the one before, and a counter would wait for its own last value: so there are two. */
function countAll(codes: Codes, base: number, totals: Uint32Array): void {
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

function sized(dimension: Dimension): Dimension {
  const write = (code: number, key: GroupKey): void => {
    const start = key.beginSized();
    dimension.write(code, key);
    key.endSized(start);
  };
  return {
    size: dimension.size,
    totals: dimension.totals,
    get parts() {
      return dimension.parts;
    },
    write,
  };
}

function combined(dimensions: readonly Dimension[], size: number, counts: Int32Array): Dimension {
  let parts: readonly CodePart[] | undefined;
  // Where all but one have one code, the combinations are the codes of that one.
  const totals = dimensions.find((dimension) => dimension.size === size)?.totals;
  const write = (code: number, key: GroupKey): void => {
    let left = code;
    for (const dimension of dimensions) {
      dimension.write(left % dimension.size, key);
      left = Math.floor(left / dimension.size);
    }
  };
  return {
    size,
    totals,
    get parts() {
      return (parts ??= combinedParts(dimensions, counts));
    },
    write,
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
function rowByRow(dimensions: readonly Dimension[], counts: Int32Array): Dimension {
  const templateOf: number[] = [];
  const starts: number[] = [];
  let rows = 0;
  const codes = countingUp(counts.reduce((sum, count) => sum + count, 0));
  const parts = Array.from(counts, (count, template): CodePart => {
    if (count > 0) {
      templateOf.push(template);
      starts.push(rows);
    }
    rows += count;
    return { kind: 'each', codes, first: rows - count, base: 0 };
  });
  const write = (position: number, key: GroupKey): void => {
    const at = lastAtMost(starts, position);
    for (const dimension of dimensions) {
      const part = dimension.parts[templateOf[at]!]!;
      const code = part.kind === 'same' ? part.code : part.base + part.codes[part.first + position - starts[at]!]!;
      dimension.write(code, key);
    }
  };
  return { parts, size: rows, write };
}

/** Index of the last of some ascending numbers that is at most `limit`; the first one is. */
function lastAtMost(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ascending[middle]! <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
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
  if (size === 1) {
    const parts = group.templates.map((): CodePart => ({ kind: 'same', code: 0 }));
    return { size, parts, write: (_, key) => key.addNumber(firstBucket) };
  }
  const { templateRows, templateStarts } = group.order();
  const timesNs = group.timesNs();
  const part = (codes: Uint32Array): Dimension['parts'] =>
    group.templates.map((_, template) => ({ kind: 'each', codes, first: templateStarts[template]!, base: 0 }));
  if (size > COMBINATIONS_MAX) {
    const write = (position: number, key: GroupKey): void =>
      key.addNumber(Number(anchor) + bucketOf(timesNs[templateRows[position]!]!));
    return { size: templateRows.length, parts: part(countingUp(templateRows.length)), write };
  }
  const codes = new Uint32Array(templateRows.length);
  fillBuckets(timesNs, templateRows, anchorNs + first * step, step, codes);
  return { size, parts: part(codes), write: (code, key) => key.addNumber(firstBucket + code) };
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
