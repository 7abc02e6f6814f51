/** Collects the fingerprints of a segment's row groups, field by field, and lays out their indexes. */
import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../../shared/bytes.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { fieldFingerprints } from './fingerprint.ts';
import {
  BLOCK_HEADER_BYTES,
  BUCKET_BITS_MAX,
  bucketOf,
  BUCKETS_PER_BLOCK,
  ENTRIES_PER_BUCKET,
  type FieldIndex,
  ORDINALS_MAX,
  REMAINDER_BITS,
  remainderOf,
} from './format.ts';

/** Owns the entries of one field until the segment ends: 6 bytes each. */
export class FieldIndexBuilder {
  readonly field: string;
  readonly #unindexed: number[] = [];
  #fingerprints = new Uint32Array(1024);
  #ordinals = new Uint16Array(1024);
  #entries = 0;

  constructor(field: string) {
    this.field = field;
  }

  add(ordinal: number, group: RowGroup): void {
    const fingerprints = ordinal < ORDINALS_MAX ? fieldFingerprints(group, this.field) : undefined;
    if (fingerprints === undefined) {
      this.#unindexed.push(ordinal);
      return;
    }
    const at = this.#entries;
    const used = at + fingerprints.length;
    if (used > this.#fingerprints.length) this.#grow(Math.max(used, this.#fingerprints.length * 2));
    this.#fingerprints.set(fingerprints, at);
    this.#ordinals.fill(ordinal, at, used);
    this.#entries = used;
  }

  /**
   * The blocks, end to end, and what a reader must know of them.
   * @param offset  where the blocks will begin in the file
   * @param groupCount  row groups of the segment
   */
  finish(offset: number, groupCount: number): { index: FieldIndex; blocks: Buffer } {
    const count = this.#entries;
    const bucketBits = bucketBitsFor(count);
    const ordinalBits = Math.max(1, Math.ceil(Math.log2(Math.min(groupCount, ORDINALS_MAX))));
    const order = this.#byBucket(bucketBits);
    const buckets = 2 ** bucketBits;
    const blocks = new ByteWriter();
    const blockOffsets = new Float64Array(Math.ceil(buckets / BUCKETS_PER_BLOCK) + 1);
    blockOffsets[0] = offset;
    for (let block = 0, from = 0; block < blockOffsets.length - 1; block++) {
      const first = block * BUCKETS_PER_BLOCK;
      const end = order.starts[Math.min(first + BUCKETS_PER_BLOCK, buckets)]!;
      blocks.raw(this.#block(order, first, Math.min(BUCKETS_PER_BLOCK, buckets - first), from, end, ordinalBits));
      blockOffsets[block + 1] = offset + blocks.length;
      from = end;
    }
    return {
      index: { field: this.field, bucketBits, ordinalBits, unindexed: this.#unindexed, blockOffsets },
      blocks: blocks.view(),
    };
  }

  /** Counting sort of the entries by bucket. */
  #byBucket(bucketBits: number): { entries: Uint32Array; starts: Uint32Array } {
    const count = this.#entries;
    const starts = new Uint32Array(2 ** bucketBits + 1);
    for (let i = 0; i < count; i++) starts[bucketOf(this.#fingerprints[i]!, bucketBits) + 1]!++;
    for (let b = 1; b < starts.length; b++) starts[b]! += starts[b - 1]!;
    const next = starts.slice();
    const entries = new Uint32Array(count);
    for (let i = 0; i < count; i++) entries[next[bucketOf(this.#fingerprints[i]!, bucketBits)]!++] = i;
    return { entries, starts };
  }

  #block(
    { entries, starts }: { entries: Uint32Array; starts: Uint32Array },
    firstBucket: number,
    bucketCount: number,
    from: number,
    end: number,
    ordinalBits: number,
  ): Buffer {
    const writer = new ByteWriter();
    writer.u32(0);
    for (let b = firstBucket; b < firstBucket + bucketCount; b++) writer.varint(starts[b + 1]! - starts[b]!);
    const entryBits = REMAINDER_BITS + ordinalBits;
    const bits = new Uint8Array(Math.ceil(((end - from) * entryBits) / 8));
    for (let i = from, at = 0; i < end; i++, at += entryBits) {
      const entry = entries[i]!;
      putBits(
        bits,
        at,
        entryBits,
        remainderOf(this.#fingerprints[entry]!) | (this.#ordinals[entry]! << REMAINDER_BITS),
      );
    }
    writer.raw(bits);
    const block = writer.finish();
    block.writeUInt32LE(crc32(block.subarray(BLOCK_HEADER_BYTES)), 0);
    return block;
  }

  #grow(capacity: number): void {
    const fingerprints = new Uint32Array(capacity);
    const ordinals = new Uint16Array(capacity);
    fingerprints.set(this.#fingerprints);
    ordinals.set(this.#ordinals);
    this.#fingerprints = fingerprints;
    this.#ordinals = ordinals;
  }
}

function bucketBitsFor(entries: number): number {
  const bits = Math.ceil(Math.log2(Math.max(1, entries / ENTRIES_PER_BUCKET)));
  return Math.min(bits, BUCKET_BITS_MAX);
}

/** Sets `width` bits (up to 24) from bit `at` on, lowest first, in memory that was zero. */
function putBits(bits: Uint8Array, at: number, width: number, value: number): void {
  let byte = at >> 3;
  let shifted = value * 2 ** (at & 7);
  for (let left = width + (at & 7); left > 0; left -= 8) {
    bits[byte++]! |= shifted & 0xff;
    shifted = Math.floor(shifted / 256);
  }
}
