/**
 * Two representations of many byte strings. While encoding, values are *references*: start and end offsets into the
 * arena of the lines. When decoded they are *byte strings*: end to end in one buffer.
 */

/** `count` values; value i is bytes[starts[i], ends[i]). The arrays may be longer than count. */
export interface ValueRefs {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
}

/** Value i is bytes[offsets[i], offsets[i + 1]); offsets has one entry more than there are values. */
export interface ByteStrings {
  readonly bytes: Buffer;
  readonly offsets: Uint32Array;
}

export function byteStringAt(strings: ByteStrings, index: number): Buffer {
  return strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1]);
}

/** Copies one byte string. Returns the offset after it. */
export function copyByteString(strings: ByteStrings, index: number, out: Buffer, start: number): number {
  const { bytes, offsets } = strings;
  const from = offsets[index]!;
  const end = offsets[index + 1]!;
  if (end - from > 48) return start + byteStringAt(strings, index).copy(out, start);
  let at = start;
  for (let i = from; i < end; i++) out[at++] = bytes[i]!;
  return at;
}

/** Returns references to byte strings, without copying the bytes. */
export function refsOf(strings: ByteStrings): ValueRefs {
  const count = strings.offsets.length - 1;
  const offsets = new Int32Array(strings.offsets.buffer, strings.offsets.byteOffset, strings.offsets.length);
  return { bytes: strings.bytes, starts: offsets, ends: offsets.subarray(1), count };
}

/** Whether two ranges of one or two buffers hold the same bytes. */
export function sameBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/**
 * Returns a 32-bit hash of a byte range (FNV-1a with a final mix), for hash tables in memory and fingerprints on disk.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
