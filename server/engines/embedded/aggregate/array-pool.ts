/**
 * Keeps the memory of large unused arrays for the next ones of the same size in this thread. A table grows by doubling,
 * and each of its sizes is needed again by each query: fresh memory would be provided by the system page by page, and
 * reclaimed by the garbage collector, which together took a third of the time of an aggregation with many groups.
 */
import { ARRAYS_KEPT_BYTES_MAX } from '../../../limits.ts';

export type Numbers =
  Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type NumbersType<T extends Numbers> = { readonly BYTES_PER_ELEMENT: number } & (new (buffer: ArrayBuffer) => T);

/** Smaller ones are cheaper to allocate than to keep. */
const KEPT_BYTES_MIN = 64 * 1024;

/** By size, the one that was used last at the end. */
const kept = new Map<number, ArrayBuffer[]>();
let keptBytes = 0;

/** Returns an array of zeros. */
export function newArray<T extends Numbers>(type: NumbersType<T>, length: number): T {
  const sizeBytes = length * type.BYTES_PER_ELEMENT;
  const known = kept.get(sizeBytes)?.pop();
  if (known === undefined) return new type(new ArrayBuffer(sizeBytes));
  keptBytes -= sizeBytes;
  const array = new type(known);
  array.fill(0);
  return array;
}

/** Frees memory that came from another thread, and is no longer used: such sizes are not needed again. */
export function free(buffer: ArrayBuffer): void {
  if (!buffer.detached && kept.get(buffer.byteLength)?.includes(buffer) !== true) buffer.transfer(0);
}

/**
 * Keeps the memory of an array that is no longer used; the same memory may be passed twice. Where there is no room, the
 * sizes that were not used for the longest time are freed, at once: left to the garbage collector, the arrays of each
 * query would start a collection.
 */
export function recycle(buffer: ArrayBuffer): void {
  const sizeBytes = buffer.byteLength;
  if (sizeBytes < KEPT_BYTES_MIN) return;
  const alike = kept.get(sizeBytes) ?? [];
  if (alike.includes(buffer)) return;
  if (sizeBytes > ARRAYS_KEPT_BYTES_MAX) {
    buffer.transfer(0);
    return;
  }
  alike.push(buffer);
  keptBytes += sizeBytes;
  // The newest is the last to go.
  kept.delete(sizeBytes);
  kept.set(sizeBytes, alike);
  for (const [size, buffers] of kept) {
    while (keptBytes > ARRAYS_KEPT_BYTES_MAX && buffers.length > 0) {
      buffers.shift()!.transfer(0);
      keptBytes -= size;
    }
    if (keptBytes <= ARRAYS_KEPT_BYTES_MAX) return;
  }
}

/** Frees all that is kept. */
export function freeKeptArrays(): void {
  for (const buffers of kept.values()) for (const buffer of buffers) buffer.transfer(0);
  kept.clear();
  keptBytes = 0;
}
