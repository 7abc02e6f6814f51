/**
 * Layout of a WAL file, see ../FORMAT.md#wal-file: a header, then records back to back. Integers are little-endian.
 */
import { crc32 } from 'node:zlib';
import { encodeBatch } from '../../../../shared/wire.ts';

const FILE_MAGIC = 0x31574c50; // "PLW1"
export const FILE_HEADER_BYTES = 24;

/** crc32 u32, payload size u32, synced size u32. The checksum covers all of the record that follows it. */
export const RECORD_HEADER_BYTES = 12;

/** No payload is smaller: it is a wire batch, which begins with 12 fixed bytes. A run of zeros is thus no record. */
export const PAYLOAD_BYTES_MIN = 12;

/** What every payload begins with: where to look for the next record behind a broken one. */
export const PAYLOAD_MAGIC = Buffer.from('PLB1');

export interface WalFileHeader {
  readonly sequence: number;
  /** The WAL file before this one, 0 if there was none, and how much of it is durable: what lies beyond never was. */
  readonly previousSequence: number;
  readonly previousBytes: number;
}

export function encodeFileHeader(header: WalFileHeader): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.writeUInt32LE(FILE_MAGIC, 0);
  bytes.writeUIntLE(header.sequence, 4, 6);
  bytes.writeUIntLE(header.previousSequence, 10, 6);
  bytes.writeUInt32LE(header.previousBytes, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** Undefined when these bytes are no whole and valid header. */
export function decodeFileHeader(bytes: Buffer): WalFileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES) return undefined;
  if (bytes.readUInt32LE(0) !== FILE_MAGIC) return undefined;
  if (bytes.readUInt32LE(20) !== crc32(bytes.subarray(0, 20))) return undefined;
  return {
    sequence: bytes.readUIntLE(4, 6),
    previousSequence: bytes.readUIntLE(10, 6),
    previousBytes: bytes.readUInt32LE(16),
  };
}

/**
 * The header of a record.
 * @param syncedBytes  the file's size up to which all was durable when this record was written; what is broken below
 *   it was not torn by a crash
 */
export function encodeRecordHeader(payload: Uint8Array, syncedBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
  bytes.writeUInt32LE(payload.length, 4);
  bytes.writeUInt32LE(syncedBytes, 8);
  bytes.writeUInt32LE(crc32(payload, crc32(bytes.subarray(4))), 0);
  return bytes;
}

/** A batch of nothing. */
const MARK_PAYLOAD = encodeBatch({ node: '', files: [], gone: [], rowGroup: Buffer.alloc(0) });

/**
 * A record that only says that all before it was durable when it was written: without it, damage to the last group of a
 * file would look like a group that a crash has torn, and where the next file's header is lost, like one that was refused.
 */
export function encodeMark(syncedBytes: number): Buffer {
  return Buffer.concat([encodeRecordHeader(MARK_PAYLOAD, syncedBytes), MARK_PAYLOAD]);
}

/** Size of the record at `offset` with its header, or 0 when no valid record lies there before `end`. */
export function recordBytesAt(bytes: Buffer, offset: number, end: number): number {
  if (offset + RECORD_HEADER_BYTES > end) return 0;
  const payloadBytes = bytes.readUInt32LE(offset + 4);
  const recordEnd = offset + RECORD_HEADER_BYTES + payloadBytes;
  if (payloadBytes < PAYLOAD_BYTES_MIN || recordEnd > end) return 0;
  if (crc32(bytes.subarray(offset + 4, recordEnd)) !== bytes.readUInt32LE(offset)) return 0;
  return recordEnd - offset;
}

/** True when what lies at `offset` and up to the end is a mark. */
export function isMarkAt(bytes: Buffer, offset: number): boolean {
  if (bytes.length - offset !== RECORD_HEADER_BYTES + MARK_PAYLOAD.length) return false;
  return bytes.subarray(offset).equals(encodeMark(syncedBytesAt(bytes, offset)));
}

/** True when the last record is a mark. */
export function endsWithMark(bytes: Buffer): boolean {
  const offset = bytes.length - RECORD_HEADER_BYTES - MARK_PAYLOAD.length;
  return offset >= FILE_HEADER_BYTES && isMarkAt(bytes, offset);
}

export function syncedBytesAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 8);
}
