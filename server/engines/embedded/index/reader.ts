/** Looks up values in the index of a field. */
import { crc32 } from 'node:zlib';
import { ByteReader } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { BitReader } from './bits.ts';
import { fingerprintOf } from './fingerprint.ts';
import { addressOf, ADDRESSES_PER_BLOCK, BLOCK_HEADER_BYTES, decodeEntries, type FieldIndex } from './format.ts';

/**
 * Returns the ordinals of the row groups that may hold one of the values, ascending: all that do, and a few that do
 * not.
 * @param read  reads bytes of the segment file, by offset and size
 * @throws CorruptionError
 */
export function lookUp(
  index: FieldIndex,
  values: readonly Uint8Array[],
  read: (offset: number, sizeBytes: number) => Buffer,
): Uint32Array {
  const found = new Set<number>(index.unindexed);
  for (const value of values) {
    const wanted = addressOf(fingerprintOf(value), index.addressCount);
    const block = Math.floor(wanted / ADDRESSES_PER_BLOCK);
    const offset = index.blockOffsets[block]!;
    const bytes = read(offset, index.blockOffsets[block + 1]! - offset);
    readBlock(index, bytes, offset, (address, ordinal) => {
      if (address === wanted % ADDRESSES_PER_BLOCK) found.add(ordinal);
    });
  }
  return Uint32Array.from(found).toSorted();
}

/**
 * Calls back for each entry of a block; addresses count from the block's first.
 * @param offset  of the block in the file, for the error
 * @throws CorruptionError
 */
export function readBlock(
  index: FieldIndex,
  bytes: Buffer,
  offset: number,
  visit: (address: number, ordinal: number) => void,
): void {
  if (bytes.length < BLOCK_HEADER_BYTES || crc32(bytes.subarray(BLOCK_HEADER_BYTES)) !== bytes.readUInt32LE(0)) {
    throw new CorruptionError(`the index of the field ${index.field} is damaged at byte ${offset}`);
  }
  const header = new ByteReader(bytes, BLOCK_HEADER_BYTES);
  const count = header.varint();
  decodeEntries(new BitReader(bytes, header.offset), index, count, visit);
}
