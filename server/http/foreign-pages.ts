/**
 * Keeps pages of other sites from using podlog through the browser of somebody who may. A form writes without being asked,
 * with the password that the browser remembers; and a page whose own name is made to point to this machine could read
 * what is open to this machine alone. Other pages cannot read answers: browsers see to that.
 */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ForbiddenError } from '../../shared/errors.ts';

/** @param isLocal  everybody on this machine may do everything */
export function refuseForeignPages(app: FastifyInstance, isLocal: boolean): void {
  app.addHook('onRequest', async ({ method, headers }) => {
    const { host, 'sec-fetch-site': site } = headers;
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead && (site === 'cross-site' || site === 'same-site')) {
      throw new ForbiddenError('a page of another site may not write here');
    }
    if (isLocal && host !== undefined && !isOwnName(host)) {
      throw new ForbiddenError(
        `without authentication this server answers to its address or localhost alone, not to ${host}: see --tokens-file`,
      );
    }
  });
}

/** An address or localhost, with or without a port. No page gets such a name to point elsewhere. */
export function isOwnName(host: string): boolean {
  const name = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(host);
  const [, address = '', other = ''] = name ?? [];
  return isIP(address) === 6 || isIP(other) === 4 || /^(?:.+\.)?localhost$/i.test(other);
}
