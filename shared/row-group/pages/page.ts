/**
 * A page is a run of bytes that is compressed as one zstd frame or, where that does not help, stored as it is in pieces
 * that each have a checksum, so that a reader of a few values reads a few pieces. The writer lays pages end to end and
 * keeps their sizes for the header; the reader hands them out in the same order.
 */
import { crc32 } from 'node:zlib';
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import { compress, decompress } from './zstd.ts';

const CODEC_STORED = 0;
const CODEC_ZSTD = 1;
/** Below this a zstd frame costs more time, here and in each reader, than the saved bytes are worth. */
const COMPRESS_BYTES_MIN = 256;

/** Pages that are stored as they are can be read in pieces of this size. */
const PIECE_BYTES = 16 * 1024;

/**
 * A page of several pieces is compressed where that saves at least this share of it: to decompress all of it for a few values
 * takes ten times what reading a piece for each does, and such pages are what the numbers of users and durations are in.
 */
const SAVED_SHARE_MIN = 0.15;

/** Sample by which bytes are judged to be compressible: runs of bytes, evenly spread. */
const SAMPLE_RUNS = 64;
const SAMPLE_RUN_BYTES = 64;
const SAMPLE_BYTES = SAMPLE_RUNS * SAMPLE_RUN_BYTES;
const RANDOM_SQUARES_MAX = (SAMPLE_BYTES ** 2 / 256 + SAMPLE_BYTES) * 1.01;

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

  /** Returns memory that stays valid until `reset`. */
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

  /** Returns the uncompressed pages, for a packed group. */
  rawPages(): readonly Uint8Array[] {
    return this.#pages;
  }

  /**
   * Compresses each page and writes the entries of its pieces (raw size, stored size, codec, crc32).
   * @param pageEnds  receives, for each page, the end of its entries and their number up to there
   * @returns the stored bytes
   */
  store(level: number, entries: ByteWriter, pageEnds: { offset: number; entryCount: number }[]): Uint8Array[] {
    const stored: Uint8Array[] = [];
    for (const [i, raw] of this.#pages.entries()) {
      const isWorth = this.#compressible[i] && raw.length >= COMPRESS_BYTES_MIN && !looksRandom(raw);
      const frame = isWorth ? compress(raw, level) : raw;
      const savedMin = raw.length > PIECE_BYTES ? raw.length * SAVED_SHARE_MIN : 1;
      if (frame.length <= raw.length - savedMin) {
        stored.push(frame);
        writeEntry(entries, raw.length, CODEC_ZSTD, frame);
      } else {
        for (let at = 0; at === 0 || at < raw.length; at += PIECE_BYTES) {
          const piece = raw.subarray(at, at + PIECE_BYTES);
          stored.push(piece);
          writeEntry(entries, piece.length, CODEC_STORED, piece);
        }
      }
      pageEnds.push({ offset: entries.length, entryCount: stored.length });
    }
    return stored;
  }

  reset(): void {
    this.#pages.length = 0;
    this.#compressible.length = 0;
    this.#rawBytes = 0;
    this.#scratchUsed = 0;
  }
}

const counts = new Uint16Array(256);

/**
 * Returns true when all bytes are about equally frequent in a sample, as in the low bytes of numbers that spread
 * widely: zstd would find nothing there and take a tenth of a millisecond for it. Uniform bytes give a sum of squares
 * of n² / 256 + n on average, with a deviation of half a percent for this n; a possible gain of 0.1 % adds one percent.
 */
function looksRandom(bytes: Uint8Array): boolean {
  if (bytes.length < SAMPLE_BYTES * 2) return false;
  counts.fill(0);
  const stride = Math.floor(bytes.length / SAMPLE_RUNS);
  for (let run = 0; run < SAMPLE_RUNS; run++) {
    const start = run * stride;
    for (let i = start; i < start + SAMPLE_RUN_BYTES; i++) counts[bytes[i]!]!++;
  }
  let squares = 0;
  for (let byte = 0; byte < 256; byte++) squares += counts[byte]! * counts[byte]!;
  return squares < RANDOM_SQUARES_MAX;
}

function writeEntry(entries: ByteWriter, rawSize: number, codec: number, stored: Uint8Array): void {
  entries.varint(rawSize);
  entries.varint(stored.length);
  entries.u8(codec);
  entries.u32(crc32(stored));
}

/** Returns the pages of one column chunk in the order in which they were written. */
export interface PageReader {
  /** @throws CorruptionError when there is no further page, or it does not have `sizeBytes` bytes */
  page(sizeBytes: number): Buffer;
  /** Returns the same page, but only until pages of another chunk are read. */
  passing(sizeBytes: number): Buffer;
  /**
   * Returns the same page as a reader of parts: only some bytes [start, end) will be read, each time from the source.
   * @throws CorruptionError as above, and when a part is read
   */
  parts(sizeBytes: number): (start: number, end: number) => Buffer;
}

/** Beyond this many values, and where a page has no more pieces, reading all of it is quicker than reading a piece for each. */
const PICKED_PIECES_MAX = 16;

/**
 * Takes the next page, which has `count` values of `width` bytes each; returns a function that reads some of them, end
 * to end.
 * @throws CorruptionError, also from that function
 */
export function fixedPicker(pages: PageReader, width: number, count: number): (indices: ArrayLike<number>) => Buffer {
  const parts = pages.parts(count * width);
  return (indices) => {
    const picked = Buffer.allocUnsafe(indices.length * width);
    const piecesMax = Math.min(PICKED_PIECES_MAX, Math.ceil((count * width) / PIECE_BYTES));
    const whole = indices.length > piecesMax ? parts(0, count * width) : undefined;
    for (let i = 0; i < indices.length; i++) {
      const start = indices[i]! * width;
      const value = whole?.subarray(start, start + width) ?? parts(start, start + width);
      value.copy(picked, i * width);
    }
    return picked;
  };
}

/**
 * Returns the next entries that make up a page.
 * @throws CorruptionError
 */
export function takePage(entries: Iterator<PageEntry>, sizeBytes: number): PageEntry[] {
  const pieces: PageEntry[] = [];
  let rawSize = 0;
  do {
    const { value, done } = entries.next() as IteratorResult<PageEntry, undefined>;
    if (done === true) throw new CorruptionError('a column chunk lacks a page');
    pieces.push(value);
    rawSize += value.rawSize;
    if (pieces.length > 1 && pieces.some(isCompressed)) throw new CorruptionError('a page of several frames');
  } while (rawSize < sizeBytes);
  if (rawSize !== sizeBytes) throw new CorruptionError(`a page has ${rawSize} bytes, ${sizeBytes} were expected`);
  return pieces;
}

/** The place of a page within its row group. */
export interface PageEntry {
  readonly offset: number;
  readonly rawSize: number;
  readonly storedSize: number;
  readonly codec: number;
  readonly checksum: number;
}

/** Reads one entry; the caller keeps track of offsets. */
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
 * @param stored  the bytes that the entry describes
 * @throws CorruptionError  the checksum does not match
 */
export function verifyPage(stored: Buffer, entry: PageEntry): void {
  if (crc32(stored) !== entry.checksum) {
    throw new CorruptionError(`the checksum of the page at byte ${entry.offset} does not match`);
  }
}

/** Whether opening the page makes a copy, so that its stored bytes are not needed afterwards. */
export function isCompressed({ codec }: PageEntry): boolean {
  return codec === CODEC_ZSTD;
}

/**
 * Verifies and decompresses a page.
 * @param memory  see `decompress`
 * @throws CorruptionError
 */
export function openPage(stored: Buffer, entry: PageEntry, memory?: Buffer): Buffer {
  verifyPage(stored, entry);
  return entry.codec === CODEC_STORED ? stored : decompress(stored, entry.rawSize, memory);
}
