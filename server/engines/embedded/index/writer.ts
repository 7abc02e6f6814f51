/** Collects the fingerprints of a segment's row groups, field by field, and writes their indexes. */
import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../../../shared/bytes.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { BitWriter } from './bits.ts';
import { fieldFingerprints } from './fingerprint.ts';
import {
  addressOf,
  ADDRESSES_PER_BLOCK,
  ADDRESSES_PER_ENTRY,
  BLOCK_HEADER_BYTES,
  blockCountOf,
  encodeEntry,
  type FieldIndex,
  ORDINALS_MAX,
} from './format.ts';

/** Entries of one field in order: those of block b are keys [starts[b], starts[b + 1]), see `keyOf`. */
export interface SortedEntries {
  readonly keys: Uint32Array;
  readonly starts: Uint32Array;
}

/** Owns the entries of one field until the segment ends: 6 bytes each, and 4 more while they are sorted. */
export class FieldIndexBuilder {
  readonly field: string;
  readonly #hasElements: boolean;
  readonly #unindexed: number[] = [];
  #fingerprints = new Uint32Array(1024);
  #ordinals = new Uint16Array(1024);
  #entries = 0;

  /** @param hasElements  whether elements of arrays get entries, too */
  constructor(field: string, hasElements = true) {
    this.field = field;
    this.#hasElements = hasElements;
  }

  /** Row groups that must always be scanned. */
  get unindexed(): readonly number[] {
    return this.#unindexed;
  }

  add(ordinal: number, group: RowGroup): void {
    const fingerprints = ordinal < ORDINALS_MAX ? fieldFingerprints(group, this.field, this.#hasElements) : undefined;
    if (fingerprints === undefined) {
      this.#unindexed.push(ordinal);
      return;
    }
    const at = this.#entries;
    const used = at + fingerprints.length;
    if (used > this.#fingerprints.length) this.#grow(Math.max(used, Math.ceil(this.#fingerprints.length * 1.5)));
    this.#fingerprints.set(fingerprints, at);
    this.#ordinals.fill(ordinal, at, used);
    this.#entries = used;
  }

  /**
   * Returns the blocks, end to end, and what a reader must know about them.
   * @param offset  where the blocks will begin in the file
   * @param groupCount  row groups of the segment
   */
  finish(offset: number, groupCount: number): { index: FieldIndex; blocks: Buffer } {
    const addressCount = Math.max(1, this.#entries * ADDRESSES_PER_ENTRY);
    const entries = this.sorted(addressCount);
    const codes = { groupCount: Math.min(groupCount, ORDINALS_MAX), ...lowBits(entries) };
    const blockOffsets = new Float64Array(entries.starts.length);
    const blocks = new ByteWriter();
    const bits = new BitWriter();
    blockOffsets[0] = offset;
    for (let block = 0; block + 1 < entries.starts.length; block++) {
      writeBlock(entries.keys.subarray(entries.starts[block], entries.starts[block + 1]), codes, bits, blocks);
      blockOffsets[block + 1] = offset + blocks.length;
    }
    const index = { field: this.field, addressCount, ...codes, unindexed: this.#unindexed, blockOffsets };
    return { index, blocks: blocks.view() };
  }

  /** Returns all entries for an index with this many addresses; an entry may occur more than once. */
  sorted(addressCount: number): SortedEntries {
    const count = this.#entries;
    const starts = new Uint32Array(blockCountOf(addressCount) + 1);
    for (let i = 0; i < count; i++) {
      starts[Math.floor(addressOf(this.#fingerprints[i]!, addressCount) / ADDRESSES_PER_BLOCK) + 1]!++;
    }
    for (let b = 1; b < starts.length; b++) starts[b]! += starts[b - 1]!;
    const next = starts.slice();
    const keys = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const address = addressOf(this.#fingerprints[i]!, addressCount);
      keys[next[Math.floor(address / ADDRESSES_PER_BLOCK)]!++] = keyOf(address, this.#ordinals[i]!);
    }
    for (let b = 0; b + 1 < starts.length; b++) keys.subarray(starts[b], starts[b + 1]).sort();
    return { keys, starts };
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

/** Sorts by address within the block, then by ordinal. */
export function keyOf(address: number, ordinal: number): number {
  return (address % ADDRESSES_PER_BLOCK) * ORDINALS_MAX + ordinal;
}

/** @param keys  of one block, ascending */
function writeBlock(
  keys: Uint32Array,
  codes: Pick<FieldIndex, 'groupCount' | 'gapLowBits' | 'stepLowBits'>,
  bits: BitWriter,
  into: ByteWriter,
): void {
  bits.reset();
  let entries = 0;
  for (let i = 0, before = -ORDINALS_MAX; i < keys.length; i++) {
    const key = keys[i]!;
    if (key === before) continue;
    const ordinal = key % ORDINALS_MAX;
    const gap = Math.floor(key / ORDINALS_MAX) - Math.floor(before / ORDINALS_MAX);
    encodeEntry(bits, codes, gap, key - before, ordinal);
    entries++;
    before = key;
  }
  const block = new ByteWriter(keys.length * 2 + 64);
  block.u32(0);
  block.varint(entries);
  block.raw(bits.finish());
  const bytes = block.view();
  bytes.writeUInt32LE(crc32(bytes.subarray(BLOCK_HEADER_BYTES)), 0);
  into.raw(bytes);
}

/** Blocks are alike: one in this many is enough to choose parameters for all of them. */
const SAMPLED_BLOCKS = 16;

/** Returns the parameters of the Rice codes that fit best: about the logarithm of the mean. */
function lowBits({ keys, starts }: SortedEntries): { gapLowBits: number; stepLowBits: number } {
  let addresses = 0;
  let gaps = 0;
  let sameAddress = 0;
  let steps = 0;
  for (let b = 0; b + 1 < starts.length; b += SAMPLED_BLOCKS) {
    for (let i = starts[b]!, before = -ORDINALS_MAX; i < starts[b + 1]!; i++) {
      const key = keys[i]!;
      const gap = Math.floor(key / ORDINALS_MAX) - Math.floor(before / ORDINALS_MAX);
      if (gap > 0) {
        addresses++;
        gaps += gap - 1;
      } else if (key !== before) {
        sameAddress++;
        steps += key - before - 1;
      }
      before = key;
    }
  }
  return { gapLowBits: riceLowBits(gaps, addresses), stepLowBits: riceLowBits(steps, sameAddress) };
}

function riceLowBits(sum: number, count: number): number {
  const mean = count === 0 ? 0 : sum / count;
  // A geometric distribution of this mean is halved every ln 2 × (mean + 1) numbers.
  return Math.max(0, Math.min(15, Math.round(Math.log2((mean + 1) * Math.LN2))));
}
