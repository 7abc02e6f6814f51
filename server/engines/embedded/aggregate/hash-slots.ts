/**
 * Common parts of hash tables in typed arrays: they grow by copying their arrays and filling larger slots. When a table
 * goes to another thread, its arrays are packed: each thread counts the memory that it is given as growth of its heap,
 * and marks the whole heap when that is much. The next thread fills slots of its own.
 */
import { free, newArray, type Numbers, type NumbersType, recycle } from './array-pool.ts';

/** Returns slots for a packed table. Each has memory of its own, since it is transferred. */
export function noSlots(): Int32Array<ArrayBuffer> {
  return new Int32Array(0);
}

/** Returns the first elements in memory of their own, to be transferred. The array must not be used any more. */
export function packed<T extends Numbers>(array: T, length: number): T {
  const own = array.slice(0, length) as T;
  recycle(array.buffer);
  return own;
}

/** Returns an array of `length` that begins with packed elements, whose memory is freed. */
export function unpacked<T extends Numbers>(type: NumbersType<T>, elements: T, length: number): T {
  const array = newArray(type, length);
  array.set(elements);
  free(elements.buffer);
  return array;
}

/** Returns the smallest power of two that is no less. */
export function powerOfTwo(least: number, count: number): number {
  let power = least;
  while (power < count) power *= 2;
  return power;
}

/** Copies an array into a larger one that replaces it. */
export function copyInto<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
  to: T,
  from: T,
): T {
  to.set(from);
  recycle(from.buffer);
  return to;
}

/**
 * Returns slots for entries of these hashes: 1 + entry, or 0.
 * @param before  slots that they replace
 * @param slotCount  a power of two
 */
export function slotsOf(
  hashes: Uint32Array,
  count: number,
  slotCount: number,
  before: Int32Array<ArrayBuffer> = noSlots(),
): Int32Array<ArrayBuffer> {
  recycle(before.buffer);
  const slots = newArray(Int32Array<ArrayBuffer>, slotCount);
  const mask = slotCount - 1;
  for (let entry = 0; entry < count; entry++) {
    let slot = hashes[entry]! & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }
  return slots;
}
