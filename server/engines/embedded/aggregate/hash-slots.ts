/** What hash tables in typed arrays have in common: they grow by copying their arrays and filling larger slots. */

export function copyInto<T extends Uint8Array | Uint32Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

/** Slots for entries of these hashes: 1 + entry, or 0. @param slotCount  a power of two */
export function slotsOf(hashes: Uint32Array, count: number, slotCount: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(slotCount);
  const mask = slotCount - 1;
  for (let entry = 0; entry < count; entry++) {
    let slot = hashes[entry]! & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }
  return slots;
}
