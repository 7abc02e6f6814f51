/**
 * The page: static files, which are built into `web/dist` and kept in memory. They are open, as they hold no data; the page asks
 * for data on the other routes, with its user's token.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendNotFound } from './errors.ts';

const FOLDER = new URL('../../web/dist/', import.meta.url);

/** Addresses that the page shows a view for. */
const VIEWS = ['/', '/live', '/endpoints', '/endpoints/:method/:shape', '/cluster', '/request/:id', '/user/:id'];

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Log lines are hostile text: nothing runs that does not come from these files, and no text becomes markup. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** The name of a file in `assets` has a hash of its content. */
const FOR_EVER = 'public, max-age=31536000, immutable';
/** Asked for each time, and answered with 304. */
const UNTIL_CHANGED = 'no-cache';

interface PageFile {
  readonly bytes: Buffer;
  readonly brotli: Buffer;
  readonly etag: string;
  readonly contentType: string;
}

export function registerPage(app: FastifyInstance): void {
  const index = readPageFile('index.html');
  const assets = new Map(
    readdirSync(new URL('assets/', FOLDER))
      .filter((name) => !name.endsWith('.br'))
      .map((name) => [name, readPageFile(`assets/${name}`)]),
  );
  for (const view of VIEWS) app.get(view, async (request, reply) => sendFile(index, UNTIL_CHANGED, request, reply));
  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const file = assets.get(request.params.name);
    return file === undefined ? sendNotFound([], request, reply) : sendFile(file, FOR_EVER, request, reply);
  });
}

function readPageFile(name: string): PageFile {
  const bytes = readFileSync(new URL(name, FOLDER));
  return {
    bytes,
    brotli: readFileSync(new URL(`${name}.br`, FOLDER)),
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
  };
}

function sendFile(
  { bytes, brotli, etag, contentType }: PageFile,
  cacheControl: string,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  void reply.headers({ ...SECURITY_HEADERS, etag, 'cache-control': cacheControl, vary: 'accept-encoding' });
  if (headers['if-none-match']?.includes(etag) === true) return reply.code(304).send();
  void reply.header('content-type', contentType);
  // Other codings are left to the hook that compresses answers.
  if (!/\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(headers['accept-encoding'] ?? '')) return reply.send(bytes);
  return reply.header('content-encoding', 'br').send(brotli);
}
