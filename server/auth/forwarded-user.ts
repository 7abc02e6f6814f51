/**
 * The user whom a proxy in front has authenticated, by the headers that it sends. They count only where the connection is from one
 * of the named addresses, as anyone can write a header; and, if a secret is configured, only with it, as every pod of a node may
 * share a range.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { UnauthenticatedError } from '../../shared/errors.ts';
import type { User } from './grants.ts';
import { digestOf } from './static-tokens.ts';
import { NAMESPACE } from './tokens-file.ts';
import { USER_NAME } from './user-name.ts';
import type { ForwardAuth } from './users-file.ts';

export const PROXY_SECRET_HEADER = 'podlog-proxy-secret';

/**
 * Returns undefined where the request is not from such a proxy, or where the proxy names no one.
 * @param address  of the connection
 * @throws UnauthenticatedError  the name cannot be one
 */
export function forwardedUser(
  { proxies, userHeader, groupsHeader, namespacesHeader, secret }: ForwardAuth,
  headers: IncomingHttpHeaders,
  address: string,
): User | undefined {
  const name = textOf(headers, userHeader);
  if (name === '' || !isFrom(proxies, address) || !hasSecret(headers, secret)) return undefined;
  if (!USER_NAME.test(name)) {
    throw new UnauthenticatedError(
      `${userHeader}: not the name of a user; allowed: one name of printable ASCII, without spaces, commas and quotes`,
    );
  }
  const namespaces = namespacesHeader === undefined ? [] : listOf(headers, namespacesHeader);
  return { name, groups: listOf(headers, groupsHeader), namespaces: namespaces.filter((each) => NAMESPACE.test(each)) };
}

/** Returns the last address of `X-Forwarded-For`, which the proxy itself has added; else that of the connection. */
export function clientAddress(
  { proxies }: Pick<ForwardAuth, 'proxies'>,
  headers: IncomingHttpHeaders,
  address: string,
): string {
  const said = listOf(headers, 'x-forwarded-for').at(-1) ?? '';
  return isIP(said) !== 0 && isFrom(proxies, address) ? said : address;
}

/** An IPv4 address is the same when it comes as one of IPv6. */
function isFrom(proxies: ForwardAuth['proxies'], address: string): boolean {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  const plain = mapped ?? address;
  const version = isIP(plain);
  return version !== 0 && proxies.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

function hasSecret(headers: IncomingHttpHeaders, secret: Buffer | undefined): boolean {
  return secret === undefined || timingSafeEqual(secret, digestOf(textOf(headers, PROXY_SECRET_HEADER)));
}

/** Node joins a header that comes several times with commas. */
function textOf(headers: IncomingHttpHeaders, name: string): string {
  return [headers[name] ?? ''].flat().join(',').trim();
}

function listOf(headers: IncomingHttpHeaders, name: string): string[] {
  return textOf(headers, name)
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
