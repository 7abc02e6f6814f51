/**
 * Keeps pages of other sites from using podlog through the browser of somebody who may. A form writes without being asked,
 * with the password that the browser remembers; and a page whose own name is made to point to this machine could read
 * what is open to this machine alone. Other pages cannot read answers: browsers see to that.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ForbiddenError } from '../../shared/errors.ts';

/** @param isLocal  everybody on this machine may do everything */
export function refuseForeignPages(app: FastifyInstance, isLocal: boolean): void {
  app.addHook('onRequest', async ({ method, headers }) => {
    const { host } = headers;
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead && isFromForeignPage(headers)) {
      throw new ForbiddenError(
        'a page of another site must not write here; a proxy in front must pass on the Host header',
      );
    }
    if (isLocal && host !== undefined && !isOwnName(host)) {
      throw new ForbiddenError(
        `without authentication this server answers to its address or localhost alone, not to ${host}: see --tokens-file`,
      );
    }
  });
}

/**
 * Browsers say with `Sec-Fetch-Site` whose page it is, but over plain http only to localhost. Without it, the page's origin
 * must be the one that was asked; and a client that sends neither is not a browser. Which host was asked, `Host` says, and no
 * header that a page may set.
 */
function isFromForeignPage({ 'sec-fetch-site': site, origin, referer, ...headers }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const page = origin ?? referer;
  if (page === undefined) return false;
  // A page cannot send this header to another site unasked, so it is a proxy's word that it has ended TLS.
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const asked = URL.parse(`${scheme}://${headers.host ?? ''}`)?.origin;
  return asked === undefined || URL.parse(page)?.origin !== asked;
}

/** An address or localhost, with or without a port. No page gets such a name to point elsewhere. */
export function isOwnName(host: string): boolean {
  const name = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(host);
  const [, address = '', other = ''] = name ?? [];
  return isIP(address) === 6 || isIP(other) === 4 || /^(?:.+\.)?localhost$/i.test(other);
}
