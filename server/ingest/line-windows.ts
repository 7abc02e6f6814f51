/**
 * Decodes a body and cuts it into windows of whole lines, of which one at a time is in memory. A body is decoded
 * completely once before its first window, so that nothing is stored from one that is refused.
 */
import { LINE_BYTES_MAX } from '../limits.ts';
import { inflated, inflatedBytesMax, inflatingBytes } from './inflate.ts';
import type { ContentCoding } from './push-body.ts';

const NEWLINE = 0x0a;
/**
 * The beginning of a line that is longer than a window: long enough to show, even before a CR, that the line is cut.
 */
const KEPT_OF_LINE_BYTES = LINE_BYTES_MAX + 2;

/** Lines in bytes[0, end); the last one may lack its newline. */
export interface LineWindow {
  readonly bytes: Uint8Array;
  readonly end: number;
}

export interface EncodedBody {
  readonly body: Uint8Array;
  /** In the order in which they were applied. */
  readonly codings: readonly ContentCoding[];
}

/**
 * Returns the memory that decoding takes at most besides the body: a window, the row groups made from it, and
 * decompressors.
 */
export function decodingBytes({ body, codings }: EncodedBody, windowBytes: number): number {
  if (codings.length === 0 && body.length <= windowBytes) return 0;
  const decodedBytes = codings.length > 1 ? windowBytes : inflatedBytesMax(body.length, codings[0]);
  return 2 * Math.min(windowBytes, decodedBytes) + inflatingBytes(body.length, codings);
}

/**
 * Resolves when the whole body has been decoded once.
 * @param onPiece  is given all of it, in order
 * @throws CorruptionError  the body cannot be decompressed
 * @throws PodlogError 413
 */
export async function lineWindows(
  { body, codings }: EncodedBody,
  windowBytes: number,
  onPiece: ((piece: Buffer) => void) | undefined,
): Promise<Iterable<LineWindow> | AsyncIterable<LineWindow>> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let first: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of inflated(bytes, codings)) {
    onPiece?.(piece);
    sizeBytes += piece.length;
    if (sizeBytes <= windowBytes) first.push(piece);
    else first = [];
  }
  if (sizeBytes > windowBytes) return cutIntoWindows(inflated(bytes, codings), windowBytes);
  if (codings.length === 0) return [{ bytes: body, end: body.length }];
  return [{ bytes: Buffer.concat(first), end: sizeBytes }];
}

/** @param windowBytes  more than LINE_BYTES_MAX */
async function* cutIntoWindows(pieces: AsyncIterable<Buffer>, windowBytes: number): AsyncGenerator<LineWindow> {
  let window = Buffer.allocUnsafeSlow(windowBytes);
  let end = 0;
  let isPastCut = false;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      if (isPastCut) {
        const newline = piece.indexOf(NEWLINE, at);
        if (newline === -1) break;
        at = newline + 1;
        isPastCut = false;
        continue;
      }
      const copied = piece.copy(window, end, at);
      at += copied;
      end += copied;
      if (end < window.length) continue;
      const full = window;
      const newline = full.lastIndexOf(NEWLINE);
      isPastCut = newline === -1;
      window = Buffer.allocUnsafeSlow(windowBytes);
      end = isPastCut ? 0 : full.copy(window, 0, newline + 1);
      yield { bytes: full, end: isPastCut ? KEPT_OF_LINE_BYTES : newline + 1 };
    }
  }
  if (end > 0) yield { bytes: window, end };
}
