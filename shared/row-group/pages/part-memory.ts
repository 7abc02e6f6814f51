/**
 * Memory of decoded parts that are used for a moment: while one is decoded by `decodedInto`, the large arrays of its result are
 * taken from memory that is used again and again. In any other case they are new, and kept as long as somebody has them. All of
 * them may have any content: whoever takes one writes each of its elements.
 */

/** Smaller arrays are cheaper to allocate than views are. */
const TAKEN_BYTES_MIN = 4096;
/** Of each array's place. */
const ALIGNMENT = 8;

export class PartMemory {
  readonly #sizeBytes: number;
  #memory: ArrayBuffer | undefined;
  #usedBytes = 0;

  /** @param sizeBytes  pages of it that are never used are never provided by the system */
  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** Returns a place of some bytes; undefined where there is no room. */
  take(sizeBytes: number): { readonly buffer: ArrayBuffer; readonly offset: number } | undefined {
    const offset = this.#usedBytes;
    const end = offset + Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
    if (sizeBytes < TAKEN_BYTES_MIN || end > this.#sizeBytes) return undefined;
    this.#usedBytes = end;
    return { buffer: (this.#memory ??= new ArrayBuffer(this.#sizeBytes)), offset };
  }

  /** All that was taken may be overwritten from now on. */
  reset(): void {
    this.#usedBytes = 0;
  }

  /** Nothing that was taken may be used any more. */
  free(): void {
    this.reset();
    this.#memory = undefined;
  }
}

let current: PartMemory | undefined;

/** Decodes a part whose arrays are taken from `memory`; new ones where it is undefined. */
export function decodedInto<T>(memory: PartMemory | undefined, decode: () => T): T {
  const outer = current;
  current = memory;
  try {
    return decode();
  } finally {
    current = outer;
  }
}

/** Returns undefined where the caller must allocate them. */
export function takeBytes(count: number): Buffer | undefined {
  const place = current?.take(count);
  return place && Buffer.from(place.buffer, place.offset, count);
}

export function takeInt32s(count: number): Int32Array<ArrayBuffer> {
  const place = current?.take(count * Int32Array.BYTES_PER_ELEMENT);
  return place === undefined ? new Int32Array(count) : new Int32Array(place.buffer, place.offset, count);
}

export function takeUint32s(count: number): Uint32Array<ArrayBuffer> {
  const place = current?.take(count * Uint32Array.BYTES_PER_ELEMENT);
  return place === undefined ? new Uint32Array(count) : new Uint32Array(place.buffer, place.offset, count);
}

export function takeUint16s(count: number): Uint16Array<ArrayBuffer> {
  const place = current?.take(count * Uint16Array.BYTES_PER_ELEMENT);
  return place === undefined ? new Uint16Array(count) : new Uint16Array(place.buffer, place.offset, count);
}

export function takeFloat64s(count: number): Float64Array<ArrayBuffer> {
  const place = current?.take(count * Float64Array.BYTES_PER_ELEMENT);
  return place === undefined ? new Float64Array(count) : new Float64Array(place.buffer, place.offset, count);
}
