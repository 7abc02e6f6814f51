/**
 * What the body of a push may be: lines, and how they may be compressed (RFC 9110, 8.3 and 8.4). A body of another type would
 * be stored as lines that were never written.
 */
import { gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { CorruptionError, PodlogError } from '../../shared/errors.ts';
import { CONTENT_CODINGS_MAX, INFLATED_BODY_BYTES_MAX } from '../limits.ts';

export const CONTENT_CODINGS = ['gzip', 'zstd', 'deflate'] as const;
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/**
 * Types whose bytes are not lines. Others may be: senders call lines by many names, and curl calls any data a form.
 */
const WITHOUT_LINES =
  /^(?:multipart|message|image|audio|video|font|model)\/|^application\/(?:(?:x-)?(?:gzip|zip|zstd|bzip2|xz|tar|7z-compressed|protobuf|msgpack)|pdf|cbor|grpc|wasm|avro)$/;
/** Lines are bytes that end with a newline, which these have elsewhere. */
const WIDE_CHARSET = /;\s*charset\s*=\s*"?(?:utf-?(?:16|32)|ucs-?[24]|iso-10646-ucs)/i;

/** @throws PodlogError 415  this type has no lines */
export function assertHasLines(contentType: string | undefined): void {
  if (contentType === undefined) return;
  const [type = ''] = contentType.split(';');
  if (!WITHOUT_LINES.test(type.trim().toLowerCase()) && !WIDE_CHARSET.test(contentType)) return;
  throw unsupported(
    `content-type: ${JSON.stringify(contentType.slice(0, 100))} has no lines; allowed: text in UTF-8, JSON, NDJSON, ` +
      'application/octet-stream, none; example: curl --data-binary @app.log -H "content-type: text/plain"',
  );
}

/**
 * The codings of a body, in the order in which they were applied; whatever the letters' case, `x-gzip` is `gzip`.
 * @throws PodlogError 415
 */
export function contentCodings(header: string | undefined): ContentCoding[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  const codings = names
    .filter((name) => name !== '' && name !== 'identity')
    .map((name) => {
      const coding = CONTENT_CODINGS.find((known) => known === name.replace(/^x-(?=gzip$)/, ''));
      if (coding !== undefined) return coding;
      throw unsupported(
        `content-encoding: unknown: ${name.slice(0, 100)}; allowed: identity, gzip, zstd, deflate; example: content-encoding: gzip`,
      );
    });
  if (codings.length <= CONTENT_CODINGS_MAX) return codings;
  throw unsupported(`content-encoding: ${codings.length} codings; at most ${CONTENT_CODINGS_MAX} are supported`);
}

function unsupported(message: string): PodlogError {
  return new PodlogError('PODLOG_UNSUPPORTED_MEDIA_TYPE', 415, message);
}

/**
 * The body as it was before it was compressed.
 * @throws CorruptionError  it is not what its codings say, or has more bytes after its end
 * @throws PodlogError 413
 */
export function decodeBody(body: Uint8Array, codings: readonly ContentCoding[]): Buffer {
  let bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (const coding of codings.toReversed()) bytes = decodeOnce(bytes, coding);
  return bytes;
}

function decodeOnce(bytes: Buffer, coding: ContentCoding): Buffer {
  try {
    switch (coding) {
      case 'gzip':
        // Takes any number of members, and nothing else after one.
        return gunzipSync(bytes, { maxOutputLength: INFLATED_BODY_BYTES_MAX });
      case 'zstd':
        return inParts(bytes, zstdDecompressSync);
      case 'deflate':
        return inflated(bytes, hasZlibHeader(bytes) ? inflateSync : inflateRawSync);
    }
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(error);
    throw new CorruptionError(`the body is not ${coding}, as its content-encoding says`, undefined, { cause: error });
  }
}

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number; info: boolean }) => unknown;

interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** One part of a body: what is in it, and how many bytes of the body it takes. */
function decompress(bytes: Buffer, method: Decompress, sizeBytesMax: number): { buffer: Buffer; takenBytes: number } {
  // The types do not know what `info` makes of the result.
  const { buffer, engine } = method(bytes, { maxOutputLength: sizeBytesMax, info: true }) as Decompressed;
  return { buffer, takenBytes: engine.bytesWritten };
}

/** A body of one part. */
function inflated(bytes: Buffer, method: Decompress): Buffer {
  const { buffer, takenBytes } = decompress(bytes, method, INFLATED_BODY_BYTES_MAX);
  if (takenBytes !== bytes.length) throw new CorruptionError('more bytes follow its end');
  return buffer;
}

/** zstd reads one frame at a time, and what several processes have compressed has several. */
function inParts(bytes: Buffer, method: Decompress): Buffer {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  let at = 0;
  do {
    const leftBytes = INFLATED_BODY_BYTES_MAX - sizeBytes;
    if (leftBytes <= 0) throw new RangeError('too many bytes');
    const { buffer, takenBytes } = decompress(bytes.subarray(at), method, leftBytes);
    if (takenBytes === 0) throw new CorruptionError('a frame without bytes');
    parts.push(buffer);
    sizeBytes += buffer.length;
    at += takenBytes;
  } while (at < bytes.length);
  return Buffer.concat(parts, sizeBytes);
}

/** RFC 9110 has the format of zlib, and notes that some senders leave its header out. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

function tooLarge(cause: RangeError): PodlogError {
  const message = `the body has more than ${INFLATED_BODY_BYTES_MAX} bytes when decompressed: send fewer lines at once`;
  return new PodlogError('PODLOG_BODY_TOO_LARGE', 413, message, { cause });
}
