/**
 * Layout of a WAL file, see ../FORMAT.md#wal-file: a header, then records back to back. Integers are little-endian.
 */
import { crc32 } from 'node:zlib';
import { encodeBatch } from '../../../../shared/wire.ts';

const FILE_MAGIC = 0x31574c50; // "PLW1"
export const FILE_HEADER_BYTES = 24;

/** crc32 u32, payload size u32, synced size u32. The checksum covers all of the record that follows it. */
export const RECORD_HEADER_BYTES = 12;

/** Smallest payload: a wire batch, which begins with 12 fixed bytes. So a run of zeros is never a record. */
const PAYLOAD_BYTES_MIN = 12;

/** The beginning of every payload, by which the next record after a broken one is found. */
export const PAYLOAD_MAGIC = Buffer.from('PLB1');

export interface WalFileHeader {
  readonly sequence: number;
  /**
   * The previous WAL file, 0 if there was none, and the size of its durable part: bytes after it never became durable.
   */
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

/** Returns undefined when these bytes are not a complete and valid header. */
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
 * Encodes the header of a record.
 * @param syncedBytes  the size up to which the file was durable when this record was written; a broken record below
 *   it was not torn by a crash
 */
export function encodeRecordHeader(payload: Uint8Array, syncedBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
  bytes.writeUInt32LE(payload.length, 4);
  bytes.writeUInt32LE(syncedBytes, 8);
  bytes.writeUInt32LE(crc32(payload, crc32(bytes.subarray(4))), 0);
  return bytes;
}

/** An empty batch. */
const MARK_PAYLOAD = encodeBatch({ node: '', files: [], gone: [], rowGroup: Buffer.alloc(0) });

/**
 * A record which only says that everything before it was durable when it was written: without it, damage to the last
 * group of a file would look like a group that a crash has torn, and where the next file's header is lost, like one
 * that was refused.
 */
export function encodeMark(syncedBytes: number): Buffer {
  return Buffer.concat([encodeRecordHeader(MARK_PAYLOAD, syncedBytes), MARK_PAYLOAD]);
}

/** Returns the size of the record at `offset` with its header, or 0 when there is no valid record before `end`. */
export function recordBytesAt(bytes: Buffer, offset: number, end: number): number {
  if (offset + RECORD_HEADER_BYTES > end) return 0;
  const payloadBytes = bytes.readUInt32LE(offset + 4);
  const recordEnd = offset + RECORD_HEADER_BYTES + payloadBytes;
  if (payloadBytes < PAYLOAD_BYTES_MIN || recordEnd > end) return 0;
  if (crc32(bytes.subarray(offset + 4, recordEnd)) !== bytes.readUInt32LE(offset)) return 0;
  return recordEnd - offset;
}

/** Whether the bytes from `offset` to the end are a mark. */
export function isMarkAt(bytes: Buffer, offset: number): boolean {
  if (bytes.length - offset !== RECORD_HEADER_BYTES + MARK_PAYLOAD.length) return false;
  return bytes.subarray(offset).equals(encodeMark(syncedBytesAt(bytes, offset)));
}

/** Whether the last record is a mark. */
export function endsWithMark(bytes: Buffer): boolean {
  const offset = bytes.length - RECORD_HEADER_BYTES - MARK_PAYLOAD.length;
  return offset >= FILE_HEADER_BYTES && isMarkAt(bytes, offset);
}

export function syncedBytesAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 8);
}
