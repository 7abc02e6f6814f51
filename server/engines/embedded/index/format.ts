/**
 * Layout of the index of one field of a segment, see ../FORMAT.md#index: which row groups may hold a value.
 *
 * A value's fingerprint is scaled to an *address*. There are four times as many addresses as entries, so a value that is
 * not there meets the entry of another one every fourth time, and a row group is then scanned for nothing; in return an
 * entry takes four bits more than the number of its row group. Entries are sorted by address and cut into blocks of
 * equally many addresses, each with a checksum of its own, so that a lookup reads one block of about a kilobyte.
 */
import type { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { BitReader, BitWriter } from './bits.ts';

export const ADDRESSES_PER_BLOCK = 4096;
export const ADDRESSES_PER_ENTRY = 4;
/** Most row groups that an index can distinguish in one segment. */
export const ORDINALS_MAX = 1 << 16;
/** Most names of fields that a segment lists, 16 KB. With more it lists none, and searches read headers of its row groups. */
export const FIELD_NAMES_MAX = 4096;
/**
 * Of the grams that a segment lists (text-grams.ts). A row group with more grams than this, or whose texts and the places where they
 * meet take more steps (10 ms), may have any text, and so may those beyond the entries of a segment, 8 bytes each while it is
 * written. A segment whose grams would take more bytes lists none.
 */
export const GRAMS_OF_GROUP_MAX = 16_384;
export const GRAM_STEPS_OF_GROUP_MAX = 2_000_000;
export const GRAMS_LISTED_MAX = 500_000;
export const GRAMS_BYTES_MAX = 256 * 1024;
/** crc32. */
export const BLOCK_HEADER_BYTES = 4;
const ADDRESS_COUNT_MAX = 2 ** 32;
/** More than 15 bits of a Rice code would be as wide as the number itself. */
const LOW_BITS_MAX = 15;
/** A reader refuses a larger block; even one value in each row group of a segment at every address takes less. */
const BLOCK_BYTES_MAX = 64 << 20;

/** What a reader must know about one field's index. */
export interface FieldIndex {
  readonly field: string;
  readonly addressCount: number;
  /** Number of row groups in the segment; an entry names one of them. */
  readonly groupCount: number;
  /** Low bits of the Rice codes: of the distance to the previous address, and to the previous ordinal. */
  readonly gapLowBits: number;
  readonly stepLowBits: number;
  /** Row groups that must always be scanned: their lines may have the field outside of columns. */
  readonly unindexed: readonly number[];
  /** Offsets of the blocks in the file, and the end of the last one. */
  readonly blockOffsets: Float64Array;
}

export function blockCountOf(addressCount: number): number {
  return Math.ceil(addressCount / ADDRESSES_PER_BLOCK);
}

/** Scales 32 bits to [0, addressCount). The product is rounded to a double, which is the same everywhere. */
export function addressOf(fingerprint: number, addressCount: number): number {
  return Math.floor((fingerprint / 2 ** 32) * addressCount);
}

export function encodeFieldIndex(writer: ByteWriter, index: FieldIndex): void {
  writer.string(index.field);
  writer.varint(index.addressCount);
  writer.varint(index.groupCount);
  writer.u8(index.gapLowBits);
  writer.u8(index.stepLowBits);
  writer.varint(index.unindexed.length);
  for (const ordinal of index.unindexed) writer.varint(ordinal);
  let before = 0;
  for (const offset of index.blockOffsets) {
    writer.varint(offset - before);
    before = offset;
  }
}

/** @throws CorruptionError */
export function decodeFieldIndex(reader: ByteReader): FieldIndex {
  const field = reader.string();
  const addressCount = reader.varint();
  const groupCount = reader.varint();
  const gapLowBits = reader.u8();
  const stepLowBits = reader.u8();
  const unindexed = Array.from({ length: reader.count() }, () => reader.varint());
  const blocks = blockCountOf(addressCount);
  const isPossible =
    addressCount >= 1 &&
    addressCount <= ADDRESS_COUNT_MAX &&
    groupCount >= 1 &&
    groupCount <= ORDINALS_MAX &&
    gapLowBits <= LOW_BITS_MAX &&
    stepLowBits <= LOW_BITS_MAX &&
    blocks < reader.remaining;
  if (!isPossible) throw new CorruptionError(`the index of the field ${field} is not valid`);
  const blockOffsets = new Float64Array(blocks + 1);
  for (let i = 0, offset = 0; i <= blocks; i++) {
    const sizeBytes = reader.varint();
    if (i > 0 && sizeBytes > BLOCK_BYTES_MAX) throw new CorruptionError(`a block of ${sizeBytes} bytes in an index`);
    blockOffsets[i] = offset += sizeBytes;
  }
  return { field, addressCount, groupCount, gapLowBits, stepLowBits, unindexed, blockOffsets };
}

/**
 * Writes an entry after the previous one. Ordinals of one address ascend.
 * @param gap   addresses since the previous entry; for a block's first entry, since the address before the block
 * @param step  ordinals since the previous entry, when the gap is 0
 */
export function encodeEntry(
  writer: BitWriter,
  { groupCount, gapLowBits, stepLowBits }: Pick<FieldIndex, 'groupCount' | 'gapLowBits' | 'stepLowBits'>,
  gap: number,
  step: number,
  ordinal: number,
): void {
  if (gap === 0) {
    writer.bits(1, 1);
    writer.rice(step - 1, stepLowBits);
  } else {
    writer.bits(0, 1);
    writer.rice(gap - 1, gapLowBits);
    writer.below(ordinal, groupCount);
  }
}

/**
 * Calls back for each entry of a block, in order.
 * @param address  counted from the block's first
 * @throws CorruptionError
 */
export function decodeEntries(
  reader: BitReader,
  { groupCount, gapLowBits, stepLowBits }: Pick<FieldIndex, 'groupCount' | 'gapLowBits' | 'stepLowBits'>,
  count: number,
  visit: (address: number, ordinal: number) => void,
): void {
  let address = -1;
  let ordinal = 0;
  for (let i = 0; i < count; i++) {
    if (reader.bits(1) === 1) ordinal += reader.rice(stepLowBits) + 1;
    else {
      address += reader.rice(gapLowBits) + 1;
      ordinal = reader.below(groupCount);
    }
    if (address < 0 || address >= ADDRESSES_PER_BLOCK || ordinal >= groupCount) {
      throw new CorruptionError('an index block with an impossible entry');
    }
    visit(address, ordinal);
  }
}
