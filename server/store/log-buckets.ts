/**
 * Buckets of numbers whose width grows with the numbers, ten for each power of ten: for charts and sliders of latencies and
 * sizes, whose numbers span several powers. Their edges are preferred numbers (ISO 3, R10), so that each can be read and typed:
 * 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8, 10, …
 *
 * A bucket is named by its edge that is nearer to zero: a number x is in the bucket e if e ≤ x < the next edge; a negative number
 * is in the bucket −e if −x is in the bucket e. Zero has a bucket of its own.
 */
import { EDGES_PER_DECADE } from '../../shared/preferred-numbers.ts';

/** Smaller numbers are in the first bucket. */
const EXPONENT_MIN = -300;
const EXPONENT_MAX = 307;

/** Ascending; each is the float64 that its text is read as. */
const EDGES: Float64Array = Float64Array.from(
  Array.from({ length: EXPONENT_MAX - EXPONENT_MIN + 1 }, (_, i) => i + EXPONENT_MIN).flatMap((exponent) =>
    EDGES_PER_DECADE.map((edge) => Number(`${edge}e${exponent}`)),
  ),
);

/** From a number below zero to one above: adjacent buckets have adjacent numbers. */
export function bucketOfNumber(number: number): number {
  if (number === 0) return 0;
  return number > 0 ? edgeOf(number) + 1 : -1 - edgeOf(-number);
}

/** Returns the index of the last edge that is not above a number. */
function edgeOf(number: number): number {
  const decades = Math.log10(number) - EXPONENT_MIN;
  // The logarithm is not exact, and edges are not quite evenly spaced.
  let edge = Math.min(EDGES.length - 1, Math.max(0, Math.floor(decades * EDGES_PER_DECADE.length)));
  while (edge > 0 && EDGES[edge]! > number) edge--;
  while (edge + 1 < EDGES.length && EDGES[edge + 1]! <= number) edge++;
  return edge;
}

/** Returns the edge of a bucket that is nearer to zero. */
export function bucketEdge(bucket: number): number {
  if (bucket === 0) return 0;
  return bucket > 0 ? EDGES[bucket - 1]! : -EDGES[-bucket - 1]!;
}

/** The text of a bucket: this edge. */
export function bucketText(bucket: number): string {
  return String(bucketEdge(bucket));
}

/** What a bucket spans, `from` below `to`. */
export interface BucketEdges {
  readonly from: number;
  readonly to: number;
}

/** Returns undefined for a text that is no bucket's: that of lines without a number. */
export function edgesOf(text: string): BucketEdges | undefined {
  if (text === '') return undefined;
  const edge = Number(text);
  if (edge === 0) return { from: 0, to: 0 };
  const next = EDGES[edgeOf(Math.abs(edge)) + 1] ?? Number.MAX_VALUE;
  return edge > 0 ? { from: edge, to: next } : { from: -next, to: edge };
}
