/**
 * Upper bounds of the rows of groups, as in a count-min sketch: they show which groups may be among the largest when
 * there are too many groups to hold. Rows are counted by a few bits of the hash of their key, so a group has at most as
 * many rows as its counter. Only groups with a large counter are then counted by their key.
 */
import type { GroupTable } from './group-table.ts';
import { nthLargest } from './nth-largest.ts';

/** 1 MB of counters: they stay in the cache of a core, and their marks in its fastest. */
const BITS = 17;
const COUNTERS = 2 ** BITS;

/** Upper bounds of the rows of groups, by hash. */
export type Bounds = Float64Array<ArrayBuffer>;

/** A bit for each counter: whether the groups of that counter are looked at. */
export type CounterBits = Uint8Array<ArrayBuffer>;

export function newBounds(): Bounds {
  return new Float64Array(COUNTERS);
}

/** Returns the index of the counter of all keys that have this hash. */
export function counterOf(hash: number): number {
  return hash >>> (32 - BITS);
}

export function addTableToBounds(bounds: Bounds, table: GroupTable): void {
  const { count, rows } = table;
  for (let group = 0; group < count; group++) bounds[counterOf(table.hash(group))]! += rows[group]!;
}

export function addBounds(to: Bounds, from: Bounds): void {
  for (let counter = 0; counter < COUNTERS; counter++) to[counter]! += from[counter]!;
}

/**
 * Estimates how many rows a group has that is among the `limit` largest. A counter may be shared by many small groups,
 * so only half of it is taken.
 */
export function likelyLeast(bounds: Bounds, limit: number): number {
  return Math.max(1, Math.ceil(nthLargest(bounds, limit) / 2));
}

/** Marks all groups that may have so many rows. */
export function counterBitsOf(bounds: Bounds, least: number): CounterBits {
  const marks = new Uint8Array(COUNTERS / 8);
  for (let counter = 0; counter < COUNTERS; counter++) {
    if (bounds[counter]! >= least) marks[counter >> 3]! |= 1 << (counter & 7);
  }
  return marks;
}

export function isMarked(marks: CounterBits, hash: number): boolean {
  const counter = counterOf(hash);
  return (marks[counter >> 3]! & (1 << (counter & 7))) !== 0;
}
