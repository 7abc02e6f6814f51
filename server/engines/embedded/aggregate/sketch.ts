/**
 * The sorted numbers of groups in little memory: histograms whose buckets grow with the numbers, so that the number of a
 * rank is known within ±0.5 % however many numbers there are. The histograms of all groups are one hash table in typed
 * arrays; those of parts are added up.
 * Sources: DDSketch, Masson, Rim and Lee, VLDB 2019; for buckets of a power of two in equal parts, HdrHistogram.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { AGGREGATE_SKETCHES_BYTES_MAX, AGGREGATE_SKETCHES_MAX } from '../../../limits.ts';
import { newArray, recycle } from './array-pool.ts';

/** Parts of a power of two: half of a part is 0.42 % of its lowest number. */
const PARTS = 120;
const EXPONENT_BIAS = 1023;
/** Numbers nearer to zero than 2^−30, about 1e-9, count as zero. */
const EXPONENT_MIN = EXPONENT_BIAS - 30;
/** The bucket of zero is in the middle; those of positive numbers are above it, those of negative ones below. */
const ZERO = 2 ** 17;

const FLOAT = new Float64Array(1);
const HIGH_WORD = new Uint32Array(FLOAT.buffer);
const HIGH_INDEX = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * Adjacent buckets are counted together: numbers of a group are near to each other, and so a cache has their counts.
 */
const BUCKETS_PER_ENTRY = 4;
const BUCKET_BITS = 2;
const BUCKET_MASK = BUCKETS_PER_ENTRY - 1;
/** An entry's key is group × ENTRIES + bucket / BUCKETS_PER_ENTRY, in 32 bits. No bucket is among the first, so no key is 0. */
const ENTRIES = 2 ** 18 / BUCKETS_PER_ENTRY;

/** The arrays of the sketches, to be transferred. */
export interface SketchesState {
  /** Slots in use. */
  readonly size: number;
  /** By slot: a key, or 0 where it is free. */
  readonly keys: Uint32Array<ArrayBuffer>;
  /** By slot: how many numbers each of its buckets has. */
  readonly counts: Float64Array<ArrayBuffer>;
}

const SLOTS_AT_FIRST = 1024;

/** The sketches of groups 0 to AGGREGATE_SKETCHES_MAX − 1. */
export class Sketches {
  #size: number;
  #keys: Uint32Array<ArrayBuffer>;
  #counts: Float64Array<ArrayBuffer>;
  #shift: number;

  /** @param state  of sketches that are no longer used */
  constructor(state?: SketchesState) {
    this.#size = state?.size ?? 0;
    this.#keys = state?.keys ?? new Uint32Array(SLOTS_AT_FIRST);
    this.#counts = state?.counts ?? new Float64Array(SLOTS_AT_FIRST * BUCKETS_PER_ENTRY);
    this.#shift = shiftOf(this.#keys.length);
  }

  /**
   * @param bucket  from bucketOf
   * @throws QueryTooLargeError
   */
  add(group: number, bucket: number): void {
    if (group >= AGGREGATE_SKETCHES_MAX) throw tooManyGroups();
    const slot = this.#slotFor(group * ENTRIES + (bucket >>> BUCKET_BITS));
    this.#counts[slot * BUCKETS_PER_ENTRY + (bucket & BUCKET_MASK)]!++;
  }

  /**
   * Adds others, whose groups have other numbers here.
   * @param moved  by group: its number here, or −1
   * @throws QueryTooLargeError
   */
  addMoved({ keys, counts }: SketchesState, moved: Int32Array): void {
    // In the order of slots, entries of a larger table would all come into the first slots of this one.
    while (this.#keys.length < keys.length) this.#grow();
    for (let slot = 0; slot < keys.length; slot++) {
      const key = keys[slot]!;
      const group = moved[Math.floor(key / ENTRIES)] ?? -1;
      if (key === 0 || group < 0) continue;
      if (group >= AGGREGATE_SKETCHES_MAX) throw tooManyGroups();
      this.#addEntry(group * ENTRIES + (key % ENTRIES), counts, slot);
    }
  }

  state(): SketchesState {
    return { size: this.#size, keys: this.#keys, counts: this.#counts };
  }

  /**
   * Visits the groups that have numbers: how many, and the number of each rank from 0 on, within ±0.5 %; valid during the
   * visit.
   */
  forEachGroup(visit: (group: number, count: number, numberAt: (rank: number) => number) => void): void {
    const keys = this.#keys.filter((key) => key !== 0).toSorted();
    for (let start = 0, end = 0; start < keys.length; start = end) {
      const group = Math.floor(keys[start]! / ENTRIES);
      while (end < keys.length && Math.floor(keys[end]! / ENTRIES) === group) end++;
      const own = keys.subarray(start, end);
      const sums = this.#sumsOf(own);
      visit(group, sums.at(-1)!, (rank) => {
        const at = firstAbove(sums, rank);
        return valueOf((own[at >>> BUCKET_BITS]! % ENTRIES) * BUCKETS_PER_ENTRY + (at & BUCKET_MASK));
      });
    }
  }

  /** By bucket: the numbers in it and below. @param keys  of one group, ascending */
  #sumsOf(keys: Uint32Array): Float64Array {
    const sums = new Float64Array(keys.length * BUCKETS_PER_ENTRY);
    let total = 0;
    for (const [i, key] of keys.entries()) {
      const from = this.#slotFor(key) * BUCKETS_PER_ENTRY;
      for (let bucket = 0; bucket < BUCKETS_PER_ENTRY; bucket++) {
        total += this.#counts[from + bucket]!;
        sums[i * BUCKETS_PER_ENTRY + bucket] = total;
      }
    }
    return sums;
  }

  #addEntry(key: number, counts: Float64Array, from: number): void {
    const to = this.#slotFor(key) * BUCKETS_PER_ENTRY;
    for (let bucket = 0; bucket < BUCKETS_PER_ENTRY; bucket++) {
      this.#counts[to + bucket]! += counts[from * BUCKETS_PER_ENTRY + bucket]!;
    }
  }

  /**
   * Returns the slot of a key, which is added if missing.
   * @throws QueryTooLargeError
   */
  #slotFor(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = Math.imul(key, HASH_FACTOR) >>> this.#shift;
    for (;;) {
      const other = this.#keys[slot]!;
      if (other === key) return slot;
      if (other === 0) break;
      slot = (slot + 1) & mask;
    }
    if (this.#size * 4 >= this.#keys.length * 3) {
      this.#grow();
      return this.#slotFor(key);
    }
    this.#size++;
    this.#keys[slot] = key;
    return slot;
  }

  #grow(): void {
    const { keys, counts } = this.state();
    const slots = keys.length * 2;
    if (slots * SLOT_BYTES > AGGREGATE_SKETCHES_BYTES_MAX) throw tooMuchMemory();
    this.#size = 0;
    this.#keys = newArray(Uint32Array<ArrayBuffer>, slots);
    this.#counts = newArray(Float64Array<ArrayBuffer>, slots * BUCKETS_PER_ENTRY);
    this.#shift = shiftOf(slots);
    for (let slot = 0; slot < keys.length; slot++) if (keys[slot] !== 0) this.#addEntry(keys[slot]!, counts, slot);
    recycle(keys.buffer);
    recycle(counts.buffer);
  }
}

/** Returns the index of the first of ascending numbers that is larger. */
function firstAbove(ascending: Float64Array, number: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > number) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Answers have fewer groups: these are all groups of a query, each of which has a quantile that orders them. */
export function tooManyGroups(): QueryTooLargeError {
  const message = `quantiles of more than ${AGGREGATE_SKETCHES_MAX} groups: order by rows or another measure than a quantile`;
  return new QueryTooLargeError(`${message}, or group by fields with fewer values`);
}

function tooMuchMemory(): QueryTooLargeError {
  const message = `quantiles of all groups take more than ${AGGREGATE_SKETCHES_BYTES_MAX} bytes: group by fields with fewer values`;
  return new QueryTooLargeError(`${message}, or order by rows and ask for fewer groups with \`limit\``);
}

const SLOT_BYTES = 4 + 8 * BUCKETS_PER_ENTRY;
const HASH_FACTOR = 0x9e3779b1;

function shiftOf(slots: number): number {
  return Math.clz32(slots) + 1;
}

/**
 * Buckets ascend with the numbers: by the exponent of a number, and then by its mantissa in equal parts, so that no
 * bucket is wider than its lowest number divided by PARTS. Bits are read, because a logarithm would take longer than
 * everything else.
 */
export function bucketOf(value: number): number {
  FLOAT[0] = value;
  const high = HIGH_WORD[HIGH_INDEX]!;
  const exponent = (high >>> 20) & 0x7ff;
  if (exponent < EXPONENT_MIN) return ZERO;
  const index = (exponent - EXPONENT_MIN) * PARTS + (((high & 0xfffff) * PARTS) >>> 20) + 1;
  return high >>> 31 === 1 ? ZERO - index : ZERO + index;
}

/** Returns the middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket === ZERO) return 0;
  const index = Math.abs(bucket - ZERO) - 1;
  const exponent = Math.floor(index / PARTS) + EXPONENT_MIN;
  const magnitude = (1 + ((index % PARTS) + 0.5) / PARTS) * 2 ** (exponent - EXPONENT_BIAS);
  return bucket < ZERO ? -magnitude : magnitude;
}
