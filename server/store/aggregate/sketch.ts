/**
 * Quantiles of many numbers in little memory: histograms whose buckets grow by a fixed factor, so that an answer is
 * within ±0.5 % of the exact one however many numbers there are. The histograms of all groups are one hash table in typed
 * arrays; those of parts are added up.
 * Source: DDSketch, Masson, Rim and Lee, VLDB 2019.
 */
import { QueryTooLargeError } from '../../../shared/errors.ts';
import { AGGREGATE_SKETCHES_BYTES_MAX } from '../../limits.ts';

const RELATIVE_ERROR = 0.005;
const LOG_GAMMA = Math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR));
/** Numbers nearer to zero than this count as zero. */
const SMALLEST = 1e-9;
/** The bucket of zero is in the middle; those of positive numbers are above it, those of negative ones below. */
const ZERO = 2 ** 17;
/** Keeps the buckets of small numbers off that of zero. */
const OFFSET = 10_000;
/** An entry's key is group × BUCKETS + bucket, in 32 bits. No bucket is 0, so no key is. */
const BUCKETS = 2 ** 18;
export const SKETCHES_MAX = 2 ** 14;

/** All of the sketches, to be handed over. */
export interface SketchesState {
  readonly size: number;
  /** Keys, and how many numbers each has; a key of 0 is a free slot. */
  readonly keys: Uint32Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}

const SLOTS_AT_FIRST = 4096;

/** The sketches of groups 0 to SKETCHES_MAX − 1. */
export class Sketches {
  #size: number;
  #keys: Uint32Array<ArrayBuffer>;
  #counts: Float64Array<ArrayBuffer>;
  #shift: number;

  /** @param state  of sketches that are not used any more */
  constructor(state?: SketchesState) {
    this.#size = state?.size ?? 0;
    this.#keys = state?.keys ?? new Uint32Array(SLOTS_AT_FIRST);
    this.#counts = state?.counts ?? new Float64Array(SLOTS_AT_FIRST);
    this.#shift = shiftOf(this.#keys.length);
  }

  /** @param bucket  of bucketOf. @throws QueryTooLargeError */
  add(group: number, bucket: number): void {
    this.#add(group * BUCKETS + bucket, 1);
  }

  /** @throws QueryTooLargeError */
  addAll({ keys, counts }: SketchesState): void {
    for (let slot = 0; slot < keys.length; slot++) if (keys[slot] !== 0) this.#add(keys[slot]!, counts[slot]!);
  }

  state(): SketchesState {
    return { size: this.#size, keys: this.#keys, counts: this.#counts };
  }

  /**
   * @param quantiles  0 to 1, ascending
   * @returns the numbers at these ranks, within ±0.5 %, by group; none for a group without numbers
   */
  quantiles(quantiles: readonly number[]): Map<number, number[]> {
    const keys = this.#keys.filter((key) => key !== 0).toSorted();
    const found = new Map<number, number[]>();
    for (let start = 0, end = 0; start < keys.length; start = end) {
      const group = Math.floor(keys[start]! / BUCKETS);
      let total = 0;
      for (; end < keys.length && Math.floor(keys[end]! / BUCKETS) === group; end++) total += this.#countOf(keys[end]!);
      let at = start;
      let below = this.#countOf(keys[at]!);
      const values = quantiles.map((quantile) => {
        while (below <= quantile * (total - 1)) below += this.#countOf(keys[++at]!);
        return valueOf(keys[at]! % BUCKETS);
      });
      found.set(group, values);
    }
    return found;
  }

  #add(key: number, count: number): void {
    const mask = this.#keys.length - 1;
    let slot = Math.imul(key, HASH_FACTOR) >>> this.#shift;
    for (;;) {
      const other = this.#keys[slot]!;
      if (other === key) break;
      if (other === 0) {
        if (this.#size * 2 >= this.#keys.length) {
          this.#grow();
          this.#add(key, count);
          return;
        }
        this.#size++;
        this.#keys[slot] = key;
        break;
      }
      slot = (slot + 1) & mask;
    }
    this.#counts[slot]! += count;
  }

  #countOf(key: number): number {
    let slot = Math.imul(key, HASH_FACTOR) >>> this.#shift;
    while (this.#keys[slot] !== key) slot = (slot + 1) & (this.#keys.length - 1);
    return this.#counts[slot]!;
  }

  #grow(): void {
    const before = this.state();
    const slots = before.keys.length * 2;
    if (slots * SLOT_BYTES > AGGREGATE_SKETCHES_BYTES_MAX) {
      throw new QueryTooLargeError('quantiles of so many groups take too much memory: ask for fewer with `limit`');
    }
    this.#size = 0;
    this.#keys = new Uint32Array(slots);
    this.#counts = new Float64Array(slots);
    this.#shift = shiftOf(slots);
    this.addAll(before);
  }
}

const SLOT_BYTES = 12;
const HASH_FACTOR = 0x9e3779b1;

function shiftOf(slots: number): number {
  return Math.clz32(slots) + 1;
}

/** Buckets ascend with the numbers. */
export function bucketOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST) return ZERO;
  const index = Math.ceil(Math.log(magnitude) / LOG_GAMMA) + OFFSET;
  return value < 0 ? ZERO - index : ZERO + index;
}

/** The middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket === ZERO) return 0;
  const magnitude = Math.exp((Math.abs(bucket - ZERO) - OFFSET) * LOG_GAMMA) * (1 - RELATIVE_ERROR);
  return bucket < ZERO ? -magnitude : magnitude;
}
