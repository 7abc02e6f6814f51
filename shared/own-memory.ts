/** Memory of bytes outside of JavaScript's heap, which can be transferred or freed at once. */

/**
 * Returns the memory of bytes that do not share it with others, as small ones may: only such memory can be transferred
 * to another thread.
 */
export function ownMemory({ buffer, byteLength }: ArrayBufferView): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

/** Frees the memory of bytes at once, if they do not share it with others; they must not be used any more. */
export function freeMemory(bytes: Uint8Array): void {
  for (const memory of ownMemory(bytes)) memory.transfer(0);
}
