/**
 * Cookies of the server. Their name has the port that the browser has asked, as browsers send cookies of one port of a host to
 * the others: so two podlogs behind `kubectl port-forward` do not sign each other out. Behind TLS it begins with `__Host-`: no
 * other host, such as a neighbour of the same domain, can set one of that name.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { SESSION_COOKIE_CHARS_MAX } from '../limits.ts';

export interface CookieOptions {
  /** Lax: also sent where a link of another site leads here. */
  readonly sameSite: 'Strict' | 'Lax';
  /** 0 removes the cookie. */
  readonly maxAgeMs: number;
}

/** Returns a `Set-Cookie`. No script can read the cookie, and browsers send it to this host alone. */
export function setCookie(
  headers: IncomingHttpHeaders,
  name: string,
  value: string,
  { sameSite, maxAgeMs }: CookieOptions,
): string {
  const isSecure = isOverTls(headers);
  const fullName = (isSecure ? SECURE : '') + nameAt(headers, name);
  const attributes = ['Path=/', 'HttpOnly', `SameSite=${sameSite}`, `Max-Age=${Math.floor(maxAgeMs / 1000)}`];
  return [`${fullName}=${value}`, ...attributes, ...(isSecure ? ['Secure'] : [])].join('; ');
}

/**
 * Returns undefined where there is none. Several of one name are none: only a neighbour of the domain can have added the others,
 * and which of them is its own cannot be known.
 */
export function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const { cookie } = headers;
  if (cookie === undefined) return undefined;
  const own = nameAt(headers, name);
  const values = valuesOf(cookie, SECURE + own);
  // Over TLS a cookie without the prefix may be anyone's.
  if (values.length === 0 && !isOverTls(headers)) values.push(...valuesOf(cookie, own));
  const [value] = values;
  return values.length === 1 && value!.length <= SESSION_COOKIE_CHARS_MAX ? value : undefined;
}

const SECURE = '__Host-';

function nameAt({ host = '' }: IncomingHttpHeaders, name: string): string {
  const [, port] = /:(\d{1,5})$/.exec(host) ?? [];
  return port === undefined ? name : `${name}-${port}`;
}

/** Whether TLS ends in a proxy: as it says, or as the page says that has asked. */
function isOverTls({ 'x-forwarded-proto': scheme, origin }: IncomingHttpHeaders): boolean {
  return scheme === 'https' || (scheme === undefined && origin?.startsWith('https://') === true);
}

function valuesOf(cookie: string, name: string): string[] {
  return cookie
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each.startsWith(`${name}=`))
    .map((each) => each.slice(name.length + 1));
}
