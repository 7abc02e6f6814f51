/**
 * Decodes a block of snappy, in which clients of Loki push: a varint of the decoded size, then literals and copies of what
 * was decoded before (github.com/google/snappy, format_description.txt).
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { LOKI_PUSH_BYTES_MAX } from '../../limits.ts';
import { bodyTooLarge } from './too-large.ts';

/** Bytes that one byte of a block can become, at most: a copy of 64 has three. */
const RATIO_MAX = 22;
/** Shorter literals are copied faster byte by byte. */
const SHORT_BYTES_MAX = 32;

/** The head of a block: its decoded size, and where its literals and copies begin. */
interface BlockHead {
  readonly sizeBytes: number;
  readonly at: number;
}

/**
 * Returns the size of a block when decoded. It is no larger than the limit and no larger than the block can become, so memory
 * of this size may be reserved.
 * @throws CorruptionError; PodlogError 413
 */
export function snappySizeBytes(block: Uint8Array): number {
  return readHead(block).sizeBytes;
}

/** @throws CorruptionError; PodlogError 413 */
export function snappyDecoded(block: Uint8Array): Buffer {
  const { sizeBytes, at } = readHead(block);
  const decoded = Buffer.allocUnsafeSlow(sizeBytes);
  if (decode(block, at, decoded) !== sizeBytes) throw corrupt();
  return decoded;
}

function readHead(block: Uint8Array): BlockHead {
  let sizeBytes = 0;
  let scale = 1;
  let at = 0;
  for (;;) {
    const byte = block[at++];
    if (byte === undefined || at > 5) throw corrupt();
    sizeBytes += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 0x80;
  }
  if (sizeBytes > LOKI_PUSH_BYTES_MAX) throw bodyTooLarge(sizeBytes);
  if (sizeBytes > block.length * RATIO_MAX) throw corrupt();
  return { sizeBytes, at };
}

/** Returns how many bytes were decoded; never more than there is room for. @throws CorruptionError */
function decode(block: Uint8Array, begin: number, to: Buffer): number {
  const end = block.length;
  let at = begin;
  let size = 0;
  while (at < end) {
    const tag = block[at++]!;
    let length: number;
    let offset: number;
    switch (tag & 3) {
      case 0: {
        length = (tag >>> 2) + 1;
        if (length > 60) {
          const lengthBytes = length - 60;
          if (at + lengthBytes > end) throw corrupt();
          length = littleEndian(block, at, lengthBytes) + 1;
          at += lengthBytes;
        }
        if (at + length > end || size + length > to.length) throw corrupt();
        if (length > SHORT_BYTES_MAX) {
          to.set(block.subarray(at, at + length), size);
          at += length;
          size += length;
        } else for (const literalEnd = at + length; at < literalEnd;) to[size++] = block[at++]!;
        continue;
      }
      case 1:
        if (at + 1 > end) throw corrupt();
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | block[at++]!;
        break;
      case 2:
        if (at + 2 > end) throw corrupt();
        length = (tag >>> 2) + 1;
        offset = littleEndian(block, at, 2);
        at += 2;
        break;
      default:
        if (at + 4 > end) throw corrupt();
        length = (tag >>> 2) + 1;
        offset = littleEndian(block, at, 4);
        at += 4;
    }
    if (offset === 0 || offset > size || size + length > to.length) throw corrupt();
    // What is copied may overlap with its copy, which then repeats it.
    for (const copyEnd = size + length; size < copyEnd; size++) to[size] = to[size - offset]!;
  }
  return size;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function corrupt(): CorruptionError {
  return new CorruptionError('snappy: corrupt input');
}
