/**
 * Layout of the index of one field of a segment, see ../FORMAT.md#index: which row groups may hold a value.
 *
 * An entry is (fingerprint of a value, ordinal of a row group that has it). The high bits of the fingerprint choose a
 * bucket; of the low bits a few are kept, so that an entry takes about a dozen bits and a lookup of a value that is
 * not there still finds a row group now and then, which is then scanned for nothing. Buckets lie in blocks, each with
 * its own checksum, so that a lookup reads one block.
 */
import type { ByteReader, ByteWriter } from '../../../shared/bytes.ts';
import { CorruptionError } from '../../../shared/errors.ts';

export const BUCKETS_PER_BLOCK = 64;
/** Entries of a bucket, on average: between this and half of it. */
export const ENTRIES_PER_BUCKET = 8;
/** Bits of the fingerprint that an entry keeps: with 4 to 8 entries in a bucket, 1 in 10 absent values finds one. */
export const REMAINDER_BITS = 6;
export const BUCKET_BITS_MAX = 32 - REMAINDER_BITS;
/** Row groups of one segment that can be told apart. */
export const ORDINALS_MAX = 1 << 16;
export const BLOCK_HEADER_BYTES = 4;
/** A reader refuses a larger block; even one value in each row group of a segment in every bucket makes less. */
const BLOCK_BYTES_MAX = 16 << 20;

/** What a reader has to know of one field's index. */
export interface FieldIndex {
  readonly field: string;
  /** The bucket is the fingerprint's highest bits, this many. */
  readonly bucketBits: number;
  /** Bits of an ordinal in an entry. */
  readonly ordinalBits: number;
  /** Row groups that must always be scanned: their lines may have the field outside of columns. */
  readonly unindexed: readonly number[];
  /** Where blocks begin in the file, and where the last one ends. */
  readonly blockOffsets: Float64Array;
}

export function encodeFieldIndex(writer: ByteWriter, index: FieldIndex): void {
  writer.string(index.field);
  writer.u8(index.bucketBits);
  writer.u8(index.ordinalBits);
  writer.varint(index.unindexed.length);
  for (const ordinal of index.unindexed) writer.varint(ordinal);
  writer.varint(index.blockOffsets.length);
  let before = 0;
  for (const offset of index.blockOffsets) {
    writer.varint(offset - before);
    before = offset;
  }
}

/** @throws CorruptionError */
export function decodeFieldIndex(reader: ByteReader): FieldIndex {
  const field = reader.string();
  const bucketBits = reader.u8();
  const ordinalBits = reader.u8();
  const unindexed = Array.from({ length: reader.count() }, () => reader.varint());
  const blockOffsets = new Float64Array(reader.count());
  for (let i = 0, offset = 0; i < blockOffsets.length; i++) blockOffsets[i] = offset += reader.varint();
  const blocks = Math.ceil(2 ** bucketBits / BUCKETS_PER_BLOCK);
  const isWithin = blockOffsets.every((offset, i) => i === 0 || offset - blockOffsets[i - 1]! <= BLOCK_BYTES_MAX);
  if (bucketBits > BUCKET_BITS_MAX || ordinalBits > 16 || blockOffsets.length !== blocks + 1 || !isWithin) {
    throw new CorruptionError(`the index of the field ${field} is not valid`);
  }
  return { field, bucketBits, ordinalBits, unindexed, blockOffsets };
}

export function bucketOf(fingerprint: number, bucketBits: number): number {
  return bucketBits === 0 ? 0 : fingerprint >>> (32 - bucketBits);
}

export function remainderOf(fingerprint: number): number {
  return fingerprint & ((1 << REMAINDER_BITS) - 1);
}
