/**
 * Decompresses a body (RFC 9110, 8.4) piece by piece, in zlib's own threads. A few kilobytes may inflate to megabytes,
 * which are never in memory as a whole.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { CorruptionError, PodlogError } from '../../shared/errors.ts';
import { errorCode } from '../../shared/system-error.ts';
import { BODY_BYTES_MAX, INFLATED_BODY_BYTES_MAX, ZSTD_FRAMES_MAX, ZSTD_WINDOW_BYTES_LOG2_MAX } from '../limits.ts';
import type { ContentCoding } from './push-body.ts';

/** Bytes of a piece: hashing them or copying them takes well below a millisecond of the main thread. */
const PIECE_BYTES = 256 * 1024;

/** Largest ratio of deflate. */
const DEFLATE_RATIO_MAX = 1032;
/** Memory of a deflate decompressor, including its window. */
const DEFLATE_STATE_BYTES = 64 * 1024;

/**
 * Yields the body as it was before it was compressed, in order.
 * @param codings  in the order in which they were applied
 * @throws CorruptionError  it is not what its codings say, or bytes follow its end
 * @throws PodlogError 413
 */
export async function* inflated(body: Buffer, codings: readonly ContentCoding[]): AsyncGenerator<Buffer> {
  const [inner, ...outer] = codings;
  if (inner === undefined) {
    yield* piecesOf(body);
    return;
  }
  let bytes = body;
  for (const coding of outer.toReversed()) {
    const pieces: Buffer[] = [];
    for await (const piece of upTo(BODY_BYTES_MAX, undone(bytes, coding))) pieces.push(piece);
    bytes = Buffer.concat(pieces);
  }
  yield* upTo(INFLATED_BODY_BYTES_MAX, undone(bytes, inner));
}

/** Returns the memory that `inflated` takes at most, besides the body and its pieces. */
export function inflatingBytes(bodyBytes: number, codings: readonly ContentCoding[]): number {
  let bytes = 0;
  let codedBytes = bodyBytes;
  for (const [i, coding] of codings.toReversed().entries()) {
    bytes += coding === 'zstd' ? 2 ** ZSTD_WINDOW_BYTES_LOG2_MAX : DEFLATE_STATE_BYTES;
    if (i === codings.length - 1) break;
    codedBytes = Math.min(BODY_BYTES_MAX, inflatedBytesMax(codedBytes, coding));
    bytes += codedBytes;
  }
  return bytes;
}

/** Returns the largest size to which a body can be inflated, as far as its coding limits it. */
export function inflatedBytesMax(bodyBytes: number, coding: ContentCoding | undefined): number {
  if (coding === undefined) return bodyBytes;
  return coding === 'zstd' ? INFLATED_BODY_BYTES_MAX : bodyBytes * DEFLATE_RATIO_MAX;
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (at > 0) await nextTurn();
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

async function* upTo(sizeBytesMax: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  for await (const piece of pieces) {
    sizeBytes += piece.length;
    if (sizeBytes > sizeBytesMax)
      throw tooLarge(`more than ${sizeBytesMax} bytes when decompressed: send fewer lines at once`);
    yield piece;
  }
}

async function* undone(bytes: Buffer, coding: ContentCoding): AsyncGenerator<Buffer> {
  try {
    switch (coding) {
      case 'gzip':
        // A gzip body may have any number of members, and nothing else after them.
        yield* piecesFrom(createGunzip({ chunkSize: PIECE_BYTES }), bytes);
        break;
      case 'zstd':
        yield* zstdFrames(bytes);
        break;
      case 'deflate': {
        const create = hasZlibHeader(bytes) ? createInflate : createInflateRaw;
        const takenBytes = yield* piecesFrom(create({ chunkSize: PIECE_BYTES }), bytes);
        if (takenBytes !== bytes.length) throw new CorruptionError('more bytes follow its end');
      }
    }
  } catch (error) {
    if (error instanceof PodlogError && error.status === 413) throw error;
    if (errorCode(error) === 'ZSTD_error_frameParameter_windowTooLarge') {
      throw tooLarge(
        `a zstd window of more than ${2 ** ZSTD_WINDOW_BYTES_LOG2_MAX} bytes: use a level up to 19`,
        error,
      );
    }
    throw new CorruptionError(`the body is not ${coding}, as its content-encoding says`, undefined, { cause: error });
  }
}

/** A decompressor takes one frame, and a body that was compressed in several parts has several. */
async function* zstdFrames(bytes: Buffer): AsyncGenerator<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_BYTES_LOG2_MAX };
  let at = 0;
  let count = 0;
  do {
    if (++count > ZSTD_FRAMES_MAX) throw tooLarge(`more than ${ZSTD_FRAMES_MAX} frames of zstd: send fewer at once`);
    const stream = createZstdDecompress({ chunkSize: PIECE_BYTES, params });
    const takenBytes = yield* piecesFrom(stream, bytes.subarray(at));
    if (takenBytes === 0) throw new CorruptionError('a frame without bytes');
    at += takenBytes;
  } while (at < bytes.length);
}

interface Decompressor extends AsyncIterable<unknown> {
  end(bytes: Uint8Array): unknown;
  readonly bytesWritten: number;
}

/** @returns how many of the bytes were consumed */
async function* piecesFrom(stream: Decompressor, bytes: Buffer): AsyncGenerator<Buffer, number> {
  stream.end(bytes);
  yield* stream as AsyncIterable<Buffer>;
  return stream.bytesWritten;
}

/** RFC 9110 requires the header of zlib, and notes that some senders omit it. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

function tooLarge(what: string, cause?: unknown): PodlogError {
  return new PodlogError('PODLOG_BODY_TOO_LARGE', 413, `the body has ${what}`, { cause });
}
