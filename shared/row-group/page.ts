/**
 * A page is the unit of compression and checksum: a run of bytes that is stored as it is or as one zstd frame.
 * The writer lays pages end to end and keeps their sizes for the header; the reader hands them out in the same order.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ByteReader, ByteWriter } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { RAW_BYTES_MAX } from './format.ts';

const CODEC_STORED = 0;
const CODEC_ZSTD = 1;
/** The least that zlib takes. */
const CHUNK_BYTES_MIN = 64;
/** Below this a zstd frame costs more than it saves. */
const COMPRESS_BYTES_MIN = 32;

export function compress(bytes: Uint8Array, level: number): Buffer {
  return zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    // Memory for the output is taken in pieces of this size: one that fits leaves the least behind.
    chunkSize: Math.max(bytes.length, CHUNK_BYTES_MIN),
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 0 },
  });
}

/** @throws CorruptionError when the frame is broken or not exactly `rawSize` bytes long */
export function decompress(bytes: Uint8Array, rawSize: number): Buffer {
  if (rawSize > RAW_BYTES_MAX) throw new CorruptionError(`a page claims ${rawSize} bytes`);
  let raw: Buffer;
  try {
    // One byte more than needed: the output then comes as one buffer instead of pieces that have to be joined.
    const chunkSize = Math.max(rawSize + 1, CHUNK_BYTES_MIN);
    raw = zstdDecompressSync(bytes, { maxOutputLength: Math.max(rawSize, 1), chunkSize });
  } catch (cause) {
    throw new CorruptionError('a zstd frame cannot be read', undefined, { cause });
  }
  if (raw.length !== rawSize) throw new CorruptionError(`a page has ${raw.length} bytes, its header says ${rawSize}`);
  return raw;
}

/** Collects the pages of one row group, uncompressed, until it is known whether the group is packed. */
export class PageWriter {
  readonly #pages: Uint8Array[] = [];
  readonly #compressible: boolean[] = [];
  #scratch = Buffer.allocUnsafeSlow(1 << 16);
  #scratchUsed = 0;
  #rawBytes = 0;

  get count(): number {
    return this.#pages.length;
  }

  /** Bytes of all pages before compression. */
  get rawBytes(): number {
    return this.#rawBytes;
  }

  /** Memory that stays valid until `reset`. */
  scratch(sizeBytes: number): Buffer {
    if (this.#scratchUsed + sizeBytes > this.#scratch.length) {
      this.#scratch = Buffer.allocUnsafeSlow(Math.max(this.#scratch.length * 2, sizeBytes));
      this.#scratchUsed = 0;
    }
    const start = this.#scratchUsed;
    this.#scratchUsed = start + sizeBytes;
    return this.#scratch.subarray(start, start + sizeBytes);
  }

  /** @param bytes  must stay unchanged until the group is written: scratch memory, or the caller's own */
  page(bytes: Uint8Array, compressible = true): void {
    this.#pages.push(bytes);
    this.#compressible.push(compressible);
    this.#rawBytes += bytes.length;
  }

  /** The pages as they are, for a packed group. */
  rawPages(): readonly Uint8Array[] {
    return this.#pages;
  }

  /**
   * Compresses each page, writes its entry (raw size, stored size, codec, crc32) and returns the stored bytes.
   * @param entryEnds  filled with the offset after each page's entry
   */
  store(level: number, entries: ByteWriter, entryEnds: number[]): Uint8Array[] {
    return this.#pages.map((raw, i) => {
      const frame = this.#compressible[i] && raw.length >= COMPRESS_BYTES_MIN ? compress(raw, level) : raw;
      const stored = frame.length < raw.length ? frame : raw;
      entries.varint(raw.length);
      entries.varint(stored.length);
      entries.u8(stored === raw ? CODEC_STORED : CODEC_ZSTD);
      entries.u32(crc32(stored));
      entryEnds.push(entries.length);
      return stored;
    });
  }

  reset(): void {
    this.#pages.length = 0;
    this.#compressible.length = 0;
    this.#rawBytes = 0;
    this.#scratchUsed = 0;
  }
}

/** Hands out the pages of one column chunk in the order in which they were written. */
export interface PageReader {
  /** @throws CorruptionError when there is no further page, or it does not have `sizeBytes` bytes */
  page(sizeBytes: number): Buffer;
}

/** Where a page lies within its row group. */
export interface PageEntry {
  readonly offset: number;
  readonly rawSize: number;
  readonly storedSize: number;
  readonly codec: number;
  readonly checksum: number;
}

/** Reads one entry; the caller keeps count of offsets. */
export function readPageEntry(reader: ByteReader, offset: number): PageEntry {
  const rawSize = reader.varint();
  const storedSize = reader.varint();
  const codec = reader.u8();
  if (codec > CODEC_ZSTD || (codec === CODEC_STORED && rawSize !== storedSize)) {
    throw new CorruptionError('a page entry is not valid');
  }
  return { offset, rawSize, storedSize, codec, checksum: reader.u32() };
}

/**
 * @param stored  the bytes that the entry speaks of
 * @throws CorruptionError  the checksum does not match
 */
export function verifyPage(stored: Buffer, entry: PageEntry): void {
  if (crc32(stored) !== entry.checksum) {
    throw new CorruptionError(`the checksum of the page at byte ${entry.offset} does not match`);
  }
}

/** True when opening the page makes a copy, so that its stored bytes are not needed afterwards. */
export function isCompressed({ codec }: PageEntry): boolean {
  return codec === CODEC_ZSTD;
}

/** Checks and decompresses a page. @throws CorruptionError */
export function openPage(stored: Buffer, entry: PageEntry): Buffer {
  verifyPage(stored, entry);
  return entry.codec === CODEC_STORED ? stored : decompress(stored, entry.rawSize);
}
