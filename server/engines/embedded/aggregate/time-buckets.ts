/**
 * Buckets of time. The rows of a row group are sorted by stream and time, so those of a bucket are a few runs of
 * consecutive rows. They are counted run by run, and the bucket of each row is stored only where numbers are measured.
 */
import { CorruptionError } from '../../../../shared/errors.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { floorDivided, instantOf, timeNsFrom } from '../../../../shared/time.ts';
import { AGGREGATE_RUNS_KEPT_MAX } from '../../../limits.ts';
import { countingUp } from '../scan/counting-up.ts';
import { countPart, type Rows } from './row-counts.ts';
import { Texts } from './texts.ts';
import type { CodePart, Dimension, Lend } from './dimension.ts';

/** With more runs, counting them costs more than counting rows. */
const ROWS_PER_RUN_MIN = 16;
/** Up to this many buckets of a row group get consecutive codes; with more, each row has a code of its own. */
const BUCKETS_MAX = 2 ** 18;

interface KeptRuns {
  readonly originNs: number;
  readonly stepNs: number;
  readonly runs: Runs;
}

const keptRuns = new WeakMap<RowGroup, KeptRuns>();

/** Equal steps, which begin at a whole number of them since 1970, plus the offset. */
export interface Steps {
  readonly stepNs: bigint;
  readonly offsetNs: bigint;
}

/** Rows up to ends[i], from the end of the previous run on, have the code codes[i]. */
interface Runs {
  readonly count: number;
  readonly ends: Int32Array;
  readonly codes: Int32Array;
}

/** The buckets of a row group's rows. */
export interface BucketDimension extends Dimension {
  /**
   * Undefined where there are too many to be of use.
   * @throws CorruptionError
   */
  readonly runs?: (() => Runs | undefined) | undefined;
}

/** Buckets are counted from 1970, so that those of all row groups are the same. */
export function bucketCodes(group: RowGroup, { stepNs, offsetNs }: Steps, lend: Lend): BucketDimension {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  // A border between buckets that is among the rows is exact, however long the steps are.
  const anchor = floorDivided(instantOf(baseDay, maxTimeNs) - offsetNs, stepNs);
  const anchorNs = timeNsFrom(baseDay, anchor * stepNs + offsetNs);
  const step = Number(stepNs);
  const bucketOf = (timeNs: number): number => Math.floor((timeNs - anchorNs) / step);
  const first = bucketOf(minTimeNs);
  const count = bucketOf(maxTimeNs) - first + 1;
  const texts = new Texts();
  if (count > BUCKETS_MAX) return manyBuckets(group, (timeNs) => Number(anchor) + bucketOf(timeNs));
  const base = texts.addRange(undefined, Number(anchor) + first, count);
  if (count === 1) {
    const parts = group.templates.map((): CodePart => ({ kind: 'same', code: base }));
    return { size: texts.size, constant: base, parts, texts };
  }
  const originNs = anchorNs + (first - base) * step;
  let parts: readonly CodePart[] | undefined;
  return {
    size: texts.size,
    texts,
    get parts() {
      return (parts ??= partsOf(group, bucketsOf(group, originNs, step, lend)));
    },
    runs: () => runsOf(group, originNs, step),
  };
}

function manyBuckets(group: RowGroup, bucketOf: (timeNs: number) => number): BucketDimension {
  const texts = new Texts();
  const timesNs = group.timesNs();
  const buckets = Float64Array.from(group.order().templateRows, (row) => bucketOf(timesNs[row]!));
  const base = texts.addNumbers(undefined, buckets);
  return { size: texts.size, texts, parts: partsOf(group, countingUp(buckets.length), base) };
}

/** @param codes  in template order, minus `base` */
function partsOf(group: RowGroup, codes: Uint32Array, base = 0): readonly CodePart[] {
  const { templateStarts } = group.order();
  return group.templates.map((_, template) => ({ kind: 'each', codes, first: templateStarts[template]!, base }));
}

/** In template order. Consecutive times are mostly in one bucket: only its bounds are compared. */
function bucketsOf(group: RowGroup, originNs: number, stepNs: number, lend: Lend): Uint32Array {
  const { templateRows } = group.order();
  const timesNs = group.timesNs();
  const buckets = lend(templateRows.length);
  let bucket = 0;
  let startNs = originNs;
  let endNs = originNs + stepNs;
  for (let i = 0; i < templateRows.length; i++) {
    const timeNs = timesNs[templateRows[i]!]!;
    if (timeNs < startNs || timeNs >= endNs) {
      bucket = Math.floor((timeNs - originNs) / stepNs);
      startNs = originNs + bucket * stepNs;
      endNs = startNs + stepNs;
    }
    buckets[i] = bucket;
  }
  return buckets;
}

function runsOf(group: RowGroup, originNs: number, stepNs: number): Runs | undefined {
  const kept = keptRuns.get(group);
  if (kept?.originNs === originNs && kept.stepNs === stepNs) return kept.runs;
  const runs = findRuns(group, originNs, stepNs);
  if (runs !== undefined && runs.count <= AGGREGATE_RUNS_KEPT_MAX)
    keptRuns.set(group, { originNs, stepNs, runs: compact(runs) });
  return runs;
}

/** Returns the same in arrays of exactly their size. */
function compact({ count, ends, codes }: Runs): Runs {
  return { count, ends: ends.slice(0, count), codes: codes.slice(0, count) };
}

function findRuns(group: RowGroup, originNs: number, stepNs: number): Runs | undefined {
  const countMax = Math.ceil(group.info.rowCount / ROWS_PER_RUN_MIN);
  const ends = new Int32Array(countMax);
  const codes = new Int32Array(countMax);
  let count = 0;
  let startNs = Infinity;
  let endNs = -Infinity;
  group.visitTimes((timesNs, first) => {
    for (let i = 0; i < timesNs.length && count <= countMax; i++) {
      const timeNs = timesNs[i]!;
      if (timeNs >= startNs && timeNs < endNs) continue;
      if (count > 0) ends[count - 1] = first + i;
      const code = Math.floor((timeNs - originNs) / stepNs);
      codes[count++] = code;
      startNs = originNs + code * stepNs;
      endNs = startNs + stepNs;
    }
  });
  if (count > countMax || count * group.templates.length > group.info.rowCount) return undefined;
  ends[count - 1] = group.info.rowCount;
  return { count, ends, codes };
}

/**
 * Counts the rows of each bucket and code.
 * @param totals  zeros: by bucket, and for each bucket by code
 * @throws CorruptionError
 */
export function countRuns(
  group: RowGroup,
  runs: Runs,
  codes: Pick<Dimension, 'size' | 'parts'>,
  rows: Rows,
  totals: Uint32Array,
): void {
  const { count, ends, codes: buckets } = runs;
  if (codes.size === 1 && rows.selected === undefined) {
    for (let run = 0, start = 0; run < count; start = ends[run++]!) totals[buckets[run]!]! += ends[run]! - start;
    return;
  }
  const { parts, size } = codes;
  const templates = group.templateCodes();
  const { counts } = rows;
  const starts = Int32Array.from(counts);
  for (let template = 0, start = 0; template < counts.length; template++) {
    starts[template] = start;
    start += counts[template]!;
  }
  /** By template: the end of its rows before the run, and of those in the run. */
  const before = starts.slice();
  const next = starts.slice();
  for (let run = 0, row = 0; run < count; run++) {
    for (const end = ends[run]!; row < end; row++) next[templates[row]!]!++;
    const first = buckets[run]! * size;
    for (let template = 0; template < next.length; template++) {
      const start = before[template]!;
      const end = next[template]!;
      if (start === end) continue;
      countPart(parts[template]!, start, end, rows.selected, totals, start - starts[template]!, first);
      before[template] = end;
    }
  }
  for (let template = 0; template < counts.length; template++) {
    if (next[template] === starts[template]! + counts[template]!) continue;
    throw new CorruptionError(`template ${template} has another number of rows than the header says`);
  }
}
