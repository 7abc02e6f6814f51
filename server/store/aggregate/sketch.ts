/**
 * Quantiles of many numbers in little memory: a histogram whose buckets grow by a fixed factor, so that an answer is
 * within ±0.5 % of the exact one however many numbers there are. Sketches of parts are added up.
 * Source: DDSketch, Masson, Rim and Lee, VLDB 2019.
 */

const RELATIVE_ERROR = 0.005;
const LOG_GAMMA = Math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR));
/** Numbers nearer to zero than this count as zero. */
const SMALLEST = 1e-9;
const ZERO = 0;
/** Keeps indices of positive numbers above those of zero and of negative ones. */
const OFFSET = 10_000;

/** Bucket → how many numbers fell into it. Buckets ascend with the numbers. */
export type Sketch = Map<number, number>;

export function addToSketch(sketch: Sketch, value: number): void {
  const bucket = bucketOf(value);
  sketch.set(bucket, (sketch.get(bucket) ?? 0) + 1);
}

export function addSketch(to: Sketch, from: Sketch): void {
  for (const [bucket, count] of from) to.set(bucket, (to.get(bucket) ?? 0) + count);
}

/**
 * @param quantile  0 to 1
 * @returns the number at that rank, within ±0.5 %; NaN for an empty sketch
 */
export function quantileOf(sketch: Sketch, quantile: number): number {
  let total = 0;
  for (const count of sketch.values()) total += count;
  const rank = quantile * (total - 1);
  let below = 0;
  for (const [bucket, count] of [...sketch].toSorted(([a], [b]) => a - b)) {
    below += count;
    if (below > rank) return valueOf(bucket);
  }
  return NaN;
}

function bucketOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST) return ZERO;
  const index = Math.ceil(Math.log(magnitude) / LOG_GAMMA) + OFFSET;
  return value < 0 ? -index : index;
}

/** The middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket === ZERO) return 0;
  const magnitude = Math.exp((Math.abs(bucket) - OFFSET) * LOG_GAMMA) * (1 - RELATIVE_ERROR);
  return bucket < 0 ? -magnitude : magnitude;
}
