/**
 * Keeps pages of other sites from using podlog through the browser of someone who may. A form on such a page can write
 * unnoticed, with the password that the browser remembers; and a page whose own name is made to resolve to this machine
 * could read what is open to this machine alone. Browsers already prevent other pages from reading answers.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ForbiddenError } from '../../shared/errors.ts';
import { wantsSocket } from './sockets.ts';

/** @param isLocal  whether everyone on this machine may do everything */
export function guardBrowsers(app: FastifyInstance, isLocal: boolean): void {
  app.addHook('onRequest', async ({ method, headers }) => {
    const { host } = headers;
    if (!isRead({ method, headers }) && isFromForeignPage(headers)) {
      throw new ForbiddenError(
        'a page of another site must not write here, nor open a WebSocket; a reverse proxy must pass on the Host header',
      );
    }
    if (isLocal && host !== undefined && !isOwnName(host)) {
      throw new ForbiddenError(
        `without authentication this server answers only to its address or localhost, not to ${host}: see --tokens-file`,
      );
    }
  });
}

/**
 * Refuses a request that a browser has authenticated by itself, by a cookie, unless a page of this server makes it. A write must
 * prove it, as every browser can. What is read cannot be read by other pages; but over plain http browsers do not say whose page
 * it is.
 * @throws ForbiddenError
 */
export function assertFromOwnPage({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): void {
  const { 'sec-fetch-site': site, origin } = headers;
  const mayBeAnyones = isRead({ method, headers });
  const isOwn =
    site === undefined
      ? origin === undefined
        ? mayBeAnyones
        : !isFromForeignPage(headers)
      : site === 'same-origin' || (mayBeAnyones && site === 'none');
  if (!isOwn)
    throw new ForbiddenError("with a session, only podlog's own page may do this; other clients send a token");
}

/** A WebSocket is none: browsers let pages of any site read it. */
function isRead({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  return (method === 'GET' && !wantsSocket({ method, headers })) || method === 'HEAD';
}

/**
 * Browsers send `Sec-Fetch-Site`, but over plain http only to localhost. Without it, the page's origin must be the host
 * of the request; and a client that sends neither is not a browser. The host is taken from `Host`, which a page cannot
 * set.
 */
function isFromForeignPage({ 'sec-fetch-site': site, origin, referer, ...headers }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const page = origin ?? referer;
  if (page === undefined) return false;
  // A page cannot add this header to a request to another site without a preflight, so it is from a proxy that has
  // ended TLS.
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const asked = URL.parse(`${scheme}://${headers.host ?? ''}`)?.origin;
  return asked === undefined || URL.parse(page)?.origin !== asked;
}

/**
 * Whether a host is an address or localhost, with or without a port. No page can have such a name resolve elsewhere.
 */
export function isOwnName(host: string): boolean {
  const name = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(host);
  const [, address = '', other = ''] = name ?? [];
  return isIP(address) === 6 || isIP(other) === 4 || /^(?:.+\.)?localhost$/i.test(other);
}
