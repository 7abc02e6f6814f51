/**
 * The token of a request, from its Authorization header: `Bearer <token>`, or Basic with the token as the password and
 * any name, which is what browsers, Grafana and `curl -u` send.
 */
import { UnauthenticatedError } from '../../shared/errors.ts';

export const HOW_TO =
  'send the header "Authorization: Bearer <token>", or the token as a password: curl -u any:<token>';

const BEARER = 'Bearer realm="podlog"';

/** Sent by the page: of its requests, a browser must not ask for a password, as the page has its own login. */
const CLIENT_HEADER = 'podlog-client';

/** Sent with each 401: browsers ask for a password, clients learn what to send. */
export function challengesFor(headers: Readonly<Record<string, unknown>>): readonly string[] {
  return headers[CLIENT_HEADER] === undefined ? [BEARER, 'Basic realm="podlog", charset="UTF-8"'] : [BEARER];
}

/** @throws UnauthenticatedError  there is none, or it cannot be parsed */
export function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined) throw new UnauthenticatedError(`a token is needed: ${HOW_TO}`);
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(authorization) ?? [];
  const token = scheme.toLowerCase() === 'basic' ? passwordOf(value) : value;
  if (!/^(?:basic|bearer)$/i.test(scheme) || token === '') {
    throw new UnauthenticatedError(`the Authorization header has no token: ${HOW_TO}`);
  }
  return token;
}

function passwordOf(credentials: string): string {
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? '' : text.slice(colon + 1);
}
