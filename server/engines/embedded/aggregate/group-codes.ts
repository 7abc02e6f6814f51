/**
 * The groups of one row group: each row's code, for all names that rows are grouped by, and the number of rows of each
 * code.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_COMBINATIONS_MAX } from '../../../limits.ts';
import { bucketCodes, type BucketDimension, countRuns } from './time-buckets.ts';
import type { AggregatePlan } from '../../../store/aggregate-plan.ts';
import { countingUp } from '../scan/counting-up.ts';
import { countPart, type Rows } from './row-counts.ts';
import { addCodes, type CodePart, type Dimension, type Lend } from './dimension.ts';
import { countStreams, streamParts } from './stream-codes.ts';
import { valueCodes } from './value-codes.ts';

/** The rows of a row group by everything that they are grouped by: a code of each dimension, put together as one. */
export interface GroupCodes {
  readonly dimensions: readonly Dimension[];
  /** Codes are less than this. */
  readonly size: number;
  /** By template. */
  readonly parts: readonly CodePart[];
  /** @see Dimension */
  readonly addTotals?: ((totals: Uint32Array) => void) | undefined;
  /** @see Dimension */
  readonly ofStreams?: Int32Array | undefined;
  /**
   * Counts the rows of each code where runs of rows have the same bucket; returns false, without counting, where there
   * are too many runs.
   */
  readonly countRuns?: (rows: Rows, totals: Uint32Array) => boolean;
  /** By dimension: the codes that are combined in some codes. */
  digitsOf(codes: Uint32Array): readonly Uint32Array[];
}

/** Groups rows by time buckets, if there is a step, and by names. */
export function groupCodes(
  group: RowGroup,
  { by, stepNs, offsetNs = 0n }: Pick<AggregatePlan, 'by' | 'stepNs' | 'offsetNs'>,
  counts: Int32Array,
  lend: Lend,
): GroupCodes {
  const names = by.map((name) => valueCodes(group, name, lend));
  if (stepNs === undefined) return codesOf(group, names, counts, lend);
  const buckets = bucketCodes(group, { stepNs, offsetNs }, lend);
  const combinations = names.reduce(
    (product, { size, constant }) => product * (constant === undefined ? size : 1),
    buckets.size,
  );
  if (buckets.runs === undefined || combinations > AGGREGATE_COMBINATIONS_MAX)
    return codesOf(group, [buckets, ...names], counts, lend);
  return stepped(group, buckets, codesOf(group, names, counts, lend), counts, lend);
}

function codesOf(group: RowGroup, dimensions: readonly Dimension[], counts: Int32Array, lend: Lend): GroupCodes {
  const varying = dimensions.filter(({ constant }) => constant === undefined);
  const codes = varyingCodes(group, varying, counts, lend);
  return varying.length === dimensions.length ? codes : withConstants(codes, dimensions);
}

function varyingCodes(group: RowGroup, dimensions: readonly Dimension[], counts: Int32Array, lend: Lend): GroupCodes {
  const [only] = dimensions;
  if (only === undefined) return allRows(group);
  if (dimensions.length === 1) return single(only);
  if (dimensions.every(isOfStreams)) return combinedStreams(group, dimensions, lend);
  const combinations = dimensions.reduce((product, { size }) => product * size, 1);
  return combinations <= AGGREGATE_COMBINATIONS_MAX
    ? combined(dimensions, combinations, counts, lend)
    : rowByRow(dimensions, counts);
}

function withConstants(codes: GroupCodes, dimensions: readonly Dimension[]): GroupCodes {
  return {
    dimensions,
    size: codes.size,
    addTotals: codes.addTotals,
    ofStreams: codes.ofStreams,
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

/** Combines the codes of the others with each bucket. */
function stepped(
  group: RowGroup,
  buckets: BucketDimension,
  others: GroupCodes,
  counts: Int32Array,
  lend: Lend,
): GroupCodes {
  let parts: readonly CodePart[] | undefined;
  return {
    dimensions: [buckets, ...others.dimensions],
    size: buckets.size * others.size,
    get parts() {
      return (parts ??= combinedParts([others, buckets], counts, lend));
    },
    countRuns: (rows, totals) => {
      const runs = buckets.runs?.();
      if (runs !== undefined) countRuns(group, runs, others, rows, totals);
      return runs !== undefined;
    },
    digitsOf: (codes) => [
      codes.map((code) => Math.floor(code / others.size)),
      ...others.digitsOf(codes.map((code) => code % others.size)),
    ],
  };
}

/** All rows have one code. */
function allRows(group: RowGroup): GroupCodes {
  return {
    dimensions: [],
    size: 1,
    parts: group.templates.map(() => ({ kind: 'same', code: 0 })),
    addTotals: (totals) => (totals[0]! += group.info.rowCount),
    digitsOf: () => [],
  };
}

/**
 * Counts the rows of each code.
 * @param totals  zeros, one for each code
 */
export function countCodes(
  codes: Pick<GroupCodes, 'parts' | 'addTotals' | 'countRuns'>,
  rows: Rows,
  totals: Uint32Array,
): void {
  if (codes.countRuns?.(rows, totals) === true) return;
  const { counts, selected } = rows;
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

function single(dimension: Dimension): GroupCodes {
  return {
    dimensions: [dimension],
    size: dimension.size,
    addTotals: dimension.addTotals,
    ofStreams: dimension.ofStreams,
    get parts() {
      return dimension.parts;
    },
    digitsOf: (codes) => [codes],
  };
}

function combined(dimensions: readonly Dimension[], size: number, counts: Int32Array, lend: Lend): GroupCodes {
  let parts: readonly CodePart[] | undefined;
  return {
    dimensions,
    size,
    get parts() {
      return (parts ??= combinedParts(dimensions, counts, lend));
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

function combinedParts(
  dimensions: readonly Pick<Dimension, 'size' | 'parts'>[],
  counts: Int32Array,
  lend: Lend,
): readonly CodePart[] {
  const parts = dimensions.map((dimension) => dimension.parts);
  const codes = lend(counts.reduce((sum, count) => sum + count, 0)).fill(0);
  let end = 0;
  return Array.from(counts, (count, template): CodePart => {
    const first = end;
    end += count;
    const areSame = parts.every((ofDimension) => ofDimension[template]!.kind === 'same');
    const own = codes.subarray(first, areSame ? Math.min(first + 1, end) : end);
    let factor = 1;
    for (const [d, ofDimension] of parts.entries()) {
      addCodes(ofDimension[template]!, factor, own);
      factor *= dimensions[d]!.size;
    }
    return areSame ? { kind: 'same', code: own[0] ?? 0 } : { kind: 'each', codes, first, base: 0 };
  });
}

/** A dimension in which all rows of a stream have one code. */
type StreamDimension = Dimension & { readonly ofStreams: Int32Array };

function isOfStreams(dimension: Dimension): dimension is StreamDimension {
  return dimension.ofStreams !== undefined;
}

/** Each combination that some stream has is a code: there are no more than streams, whatever the number of labels. */
function combinedStreams(group: RowGroup, dimensions: readonly StreamDimension[], lend: Lend): GroupCodes {
  const known = new Map<string, number>();
  /** By code: a stream that has it. */
  const examples: number[] = [];
  const ofStreams = Int32Array.from(group.info.streams, (_, stream) => {
    const key = dimensions.map((each) => each.ofStreams[stream]).join();
    const code = known.get(key) ?? known.size;
    if (code === known.size) {
      known.set(key, code);
      examples.push(stream);
    }
    return code;
  });
  let parts: GroupCodes['parts'] | undefined;
  return {
    dimensions,
    size: known.size,
    ofStreams,
    addTotals: (totals) => countStreams(group.streamCodes(), 'all', ofStreams, totals),
    get parts() {
      return (parts ??= streamParts(group, ofStreams, lend));
    },
    digitsOf: (codes) => dimensions.map((each) => codes.map((code) => each.ofStreams[examples[code]!]!)),
  };
}

/** Uses a row's position in template order as its code. */
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
