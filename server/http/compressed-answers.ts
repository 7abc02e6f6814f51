/**
 * Compresses answers for clients that take it: logs are a sixth then. By zlib's own streams, which work in libuv's threads;
 * @fastify/compress would add six packages, a size of answers that it waits for, and no limit on their number.
 *
 * Live tails are not compressed: each would hold a window of its own, and equal ones share their text.
 */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, createZstdCompress, gzip, zstdCompress } from 'node:zlib';
import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  ANSWERS_COMPRESSED_AT_ONCE_MAX,
  COMPRESSED_ANSWER_BYTES_MIN,
  GZIP_ANSWER_LEVEL,
  ZSTD_ANSWER_LEVEL,
} from '../limits.ts';

export type Coding = 'zstd' | 'gzip';

const GZIP_OPTIONS = { level: GZIP_ANSWER_LEVEL };
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_ANSWER_LEVEL } };
const gzipped = promisify(gzip);
const zstdCompressed = promisify(zstdCompress);

/** Must be registered before hooks that look at the size of answers. */
export function compressAnswers(app: FastifyInstance): void {
  let streamCount = 0;
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isCompressible(request.method, reply)) return payload;
    void reply.header('vary', 'accept-encoding');
    const coding = codingOf(request.headers['accept-encoding']);
    if (coding === undefined) return payload;
    if (payload instanceof Readable) {
      if (streamCount >= ANSWERS_COMPRESSED_AT_ONCE_MAX) return payload;
      streamCount++;
      void reply.header('content-encoding', coding);
      const compressor = coding === 'gzip' ? createGzip(GZIP_OPTIONS) : createZstdCompress(ZSTD_OPTIONS);
      // Whichever ends or fails, ends the other.
      return pipeline(payload, compressor, () => streamCount--);
    }
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
    if (Buffer.byteLength(payload) < COMPRESSED_ANSWER_BYTES_MIN) return payload;
    void reply.header('content-encoding', coding).removeHeader('content-length');
    return coding === 'gzip' ? gzipped(payload, GZIP_OPTIONS) : zstdCompressed(payload, ZSTD_OPTIONS);
  });
}

/** Answers to questions; none that is sent bit by bit, as lines arrive. */
function isCompressible(method: string, reply: FastifyReply): boolean {
  const isLive = reply.getHeader('x-accel-buffering') !== undefined;
  return method === 'GET' && !isLive && reply.getHeader('content-encoding') === undefined;
}

/**
 * Returns the coding that a client prefers among these, by RFC 9110 §12.5.3; zstd among equals. Undefined for none.
 * @param header  such as `gzip;q=0.8, zstd`
 */
export function codingOf(header: string | undefined): Coding | undefined {
  const weights = new Map<string, number>();
  for (const each of (header ?? '').split(',')) {
    const [name = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name === 'x-gzip' ? 'gzip' : name, /^(?:0|1)(?:\.\d{0,3})?$/.test(weight) ? Number(weight) : 0);
  }
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const best: Coding = weightOf('gzip') > weightOf('zstd') ? 'gzip' : 'zstd';
  const plain = weights.get('identity') ?? 0;
  return weightOf(best) > 0 && weightOf(best) >= plain ? best : undefined;
}
