/**
 * Memory of large arrays that are not used any more, for the next ones of the same size in this thread. A table grows by
 * doubling, and each of its sizes comes again with each query: fresh memory would be given by the system page by page, and
 * taken back by the garbage collector, which together took a third of the time of an aggregation with many groups.
 */
import { ARRAYS_KEPT_BYTES_MAX } from '../../../limits.ts';

type Numbers = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
type NumbersType<T extends Numbers> = { readonly BYTES_PER_ELEMENT: number } & (new (buffer: ArrayBuffer) => T);

/** Smaller ones are cheaper to make than to keep. */
const KEPT_BYTES_MIN = 64 * 1024;

/** By size. */
const kept = new Map<number, ArrayBuffer[]>();
let keptBytes = 0;

/** An array of zeros. */
export function newArray<T extends Numbers>(type: NumbersType<T>, length: number): T {
  const sizeBytes = length * type.BYTES_PER_ELEMENT;
  const known = kept.get(sizeBytes)?.pop();
  if (known === undefined) return new type(new ArrayBuffer(sizeBytes));
  keptBytes -= sizeBytes;
  const array = new type(known);
  array.fill(0);
  return array;
}

/** Keeps the memory of an array that nobody uses any more; that of one array may be given twice. */
export function recycle(buffer: ArrayBuffer): void {
  const sizeBytes = buffer.byteLength;
  if (sizeBytes < KEPT_BYTES_MIN || keptBytes + sizeBytes > ARRAYS_KEPT_BYTES_MAX) return;
  const alike = kept.get(sizeBytes) ?? [];
  if (alike.includes(buffer)) return;
  alike.push(buffer);
  kept.set(sizeBytes, alike);
  keptBytes += sizeBytes;
}
