/** Common parts of hash tables in typed arrays: they grow by copying their arrays and filling larger slots. */
import { newArray, recycle } from './array-pool.ts';

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
  before: Int32Array<ArrayBuffer>,
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
