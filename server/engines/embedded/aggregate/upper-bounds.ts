/**
 * Upper bounds of the rows of groups, as in a count-min sketch: they show which groups may be among the largest when
 * there are too many groups to hold. Rows are counted by a few bits of the hash of their key, so a group has at most as
 * many rows as its counter. Only groups with a large counter are then counted by their key.
 */
import type { GroupTable } from './group-table.ts';
import { addToSketch, errorOf, estimate, mergeSketch } from './hyper-log-log.ts';
import { nthLargest } from '../scan/nth-largest.ts';

/** 1 MB of counters: they stay in the cache of a core, and their bits in its fastest. */
const BITS = 17;
const COUNTERS = 2 ** BITS;

/** Registers of the sketch that counts groups. */
const REGISTER_BITS = 14;

export interface UpperBounds {
  /** Upper bounds of the rows of groups, by hash. */
  readonly counters: Float64Array<ArrayBuffer>;
  /** A sketch of all groups (hyper-log-log.ts). */
  readonly registers: Uint8Array<ArrayBuffer>;
}

/** A bit for each counter: whether the groups of that counter may be among the largest. */
export type CounterBits = Uint8Array<ArrayBuffer>;

export function newUpperBounds(): UpperBounds {
  return { counters: new Float64Array(COUNTERS), registers: new Uint8Array(1 << REGISTER_BITS) };
}

/** Returns the index of the counter of all keys that have this hash. */
function counterOf(hash: number): number {
  return hash >>> (32 - BITS);
}

/** Adds rows of the group that has a hash. */
export function addToUpperBounds({ counters, registers }: UpperBounds, hash: number, rows: number): void {
  counters[counterOf(hash)]! += rows;
  // Hashes of texts are not spread evenly over their bits.
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = (mixed ^ (mixed >>> 16)) >>> 0;
  addToSketch(registers, REGISTER_BITS, 0, mixed, Math.imul(mixed, 0x9e3779b1) >>> 0);
}

export function addTableToUpperBounds(upperBounds: UpperBounds, table: GroupTable): void {
  const { count, rows } = table;
  for (let group = 0; group < count; group++) addToUpperBounds(upperBounds, table.hash(group), rows[group]!);
}

export function addUpperBounds(to: UpperBounds, from: UpperBounds): void {
  for (let counter = 0; counter < COUNTERS; counter++) to.counters[counter]! += from.counters[counter]!;
  mergeSketch(from.registers, 0, to.registers, 0, REGISTER_BITS);
}

/** Estimates how many groups there are; and the error, see Aggregation. */
export function groupCountOf({ registers }: UpperBounds): {
  readonly groupCount: number;
  readonly groupCountError: number;
} {
  return { groupCount: estimate(registers, 0, REGISTER_BITS), groupCountError: errorOf(REGISTER_BITS) };
}

/**
 * Estimates how many rows a group has that is among the `limit` largest. A counter may be shared by many small groups,
 * so only half of it is taken.
 */
export function likelyRowsMin({ counters }: UpperBounds, limit: number): number {
  return Math.max(1, Math.ceil(nthLargest(counters, limit) / 2));
}

/** Returns the bits of the counters whose groups may have this many rows. */
export function counterBitsOf({ counters }: UpperBounds, rowsMin: number): CounterBits {
  const counterBits = new Uint8Array(COUNTERS / 8);
  for (let counter = 0; counter < COUNTERS; counter++) {
    if (counters[counter]! >= rowsMin) counterBits[counter >> 3]! |= 1 << (counter & 7);
  }
  return counterBits;
}

export function hasCounterBit(counterBits: CounterBits, hash: number): boolean {
  const counter = counterOf(hash);
  return (counterBits[counter >> 3]! & (1 << (counter & 7))) !== 0;
}
