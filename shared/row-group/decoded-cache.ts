/** What has been decoded of a row group, by part: a cache may drop any of it, since it can be decoded again. */
import { HEADER_PARTS_MAX } from './format.ts';
import type { PartMemory } from './pages/part-memory.ts';

export interface DecodedCache {
  get(part: number): object | undefined;
  set(part: number, decoded: object, memoryBytes: number): void;
  /** Returns memory for a part that will not be kept for long. Undefined where it may be kept. */
  memoryFor?(part: number): PartMemory | undefined;
}

/** Parts beside columns, which have their index. A part number always has the same type. */
export const PART_TIMES = -1;
export const PART_STREAMS = -2;
export const PART_TEMPLATES = -3;
export const PART_FLAGS = -4;
export const PART_ORDER = -5;
export const PART_RANKS = -6;
export const PART_TIES = -7;
export const PART_RUNS = -8;
/** Minus the column's index. */
export const PART_DISTANCES = -9;
/** What a reader derives from a group: more than columns can be. */
export const PART_DERIVED = 2 * HEADER_PARTS_MAX;
