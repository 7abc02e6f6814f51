/**
 * Which bodies a push may have: lines, and how they may be compressed (RFC 9110, 8.3 and 8.4). A body of another type
 * would be stored as lines that were never written.
 */
import { PodlogError } from '../../shared/errors.ts';
import { CONTENT_CODINGS_MAX } from '../limits.ts';

export const CONTENT_CODINGS = ['gzip', 'zstd', 'deflate'] as const;
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/**
 * Types whose bytes are not lines. All other types are accepted: senders have many names for lines, and curl calls any
 * data a form.
 */
const WITHOUT_LINES =
  /^(?:multipart|message|image|audio|video|font|model)\/|^application\/(?:(?:x-)?(?:gzip|zip|zstd|bzip2|xz|tar|7z-compressed|protobuf|msgpack)|pdf|cbor|grpc|wasm|avro)$/;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;
/**
 * Lines are stored as they come, and read as UTF-8; in wide charsets, a newline byte is not always the end of a line.
 */
const UTF_8 = /^(?:utf-?8|(?:us-)?ascii)$/i;

/** @throws PodlogError 415  this type has no lines, or they are not in UTF-8 */
export function assertHasLines(contentType: string | undefined): void {
  if (contentType === undefined) return;
  const [type = ''] = contentType.split(';');
  const charset = CHARSET.exec(contentType)?.[1] ?? 'utf-8';
  if (!UTF_8.test(charset)) {
    throw unsupported(
      `content-type: lines in ${JSON.stringify(charset.slice(0, 100))} cannot be stored; allowed: charset=utf-8, none; ` +
        'example: iconv -t utf-8 app.log | curl --data-binary @- -H "content-type: text/plain; charset=utf-8"',
    );
  }
  if (!WITHOUT_LINES.test(type.trim().toLowerCase())) return;
  throw unsupported(
    `content-type: ${JSON.stringify(contentType.slice(0, 100))} has no lines; allowed: text in UTF-8, JSON, NDJSON, ` +
      'application/octet-stream, none; example: curl --data-binary @app.log -H "content-type: text/plain"',
  );
}

/**
 * Returns the codings of a body, in the order in which they were applied; case is ignored, and `x-gzip` is `gzip`.
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
