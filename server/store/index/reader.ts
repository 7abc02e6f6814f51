/** Looks values up in the index of a field. */
import { crc32 } from 'node:zlib';
import { ByteReader } from '../../../shared/bytes.ts';
import { CorruptionError } from '../../../shared/errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  BLOCK_HEADER_BYTES,
  bucketOf,
  BUCKETS_PER_BLOCK,
  type FieldIndex,
  REMAINDER_BITS,
  remainderOf,
} from './format.ts';

/**
 * Ordinals of the row groups that may hold one of the values, ascending: all that do, and a few that do not.
 * @param read  bytes of the segment file, by offset and size
 * @throws CorruptionError
 */
export function lookUp(
  index: FieldIndex,
  values: readonly Uint8Array[],
  read: (offset: number, sizeBytes: number) => Buffer,
): Uint32Array {
  const found = new Set<number>(index.unindexed);
  for (const value of values) lookUpFingerprint(index, fingerprintOf(value), read, found);
  return Uint32Array.from(found).toSorted();
}

function lookUpFingerprint(
  { field, bucketBits, ordinalBits, blockOffsets }: FieldIndex,
  fingerprint: number,
  read: (offset: number, sizeBytes: number) => Buffer,
  found: Set<number>,
): void {
  const bucket = bucketOf(fingerprint, bucketBits);
  const block = Math.floor(bucket / BUCKETS_PER_BLOCK);
  const offset = blockOffsets[block]!;
  const sizeBytes = blockOffsets[block + 1]! - offset;
  const stored = read(offset, sizeBytes);
  if (sizeBytes < BLOCK_HEADER_BYTES || crc32(stored.subarray(BLOCK_HEADER_BYTES)) !== stored.readUInt32LE(0)) {
    throw new CorruptionError(`the index of the field ${field} is damaged at byte ${offset}`);
  }
  const reader = new ByteReader(stored, BLOCK_HEADER_BYTES);
  const buckets = Math.min(BUCKETS_PER_BLOCK, 2 ** bucketBits - block * BUCKETS_PER_BLOCK);
  let before = 0;
  let count = 0;
  for (let b = 0; b < buckets; b++) {
    const entries = reader.varint();
    if (b < bucket % BUCKETS_PER_BLOCK) before += entries;
    else if (b === bucket % BUCKETS_PER_BLOCK) count = entries;
  }
  const entryBits = REMAINDER_BITS + ordinalBits;
  const firstBit = reader.offset * 8;
  if (Math.ceil(((before + count) * entryBits) / 8) > reader.remaining) {
    throw new CorruptionError(`the index of the field ${field} ends too soon at byte ${offset}`);
  }
  const remainder = remainderOf(fingerprint);
  for (let i = 0, at = firstBit + before * entryBits; i < count; i++, at += entryBits) {
    const entry = getBits(stored, at, entryBits);
    if ((entry & ((1 << REMAINDER_BITS) - 1)) === remainder) found.add(entry >>> REMAINDER_BITS);
  }
}

/** `width` bits (up to 24) from bit `at` on, lowest first. */
function getBits(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  let scale = 1;
  for (let byte = at >> 3, end = (at + width + 7) >> 3; byte < end; byte++) {
    value += bytes[byte]! * scale;
    scale *= 256;
  }
  return Math.floor(value / 2 ** (at & 7)) % 2 ** width;
}
