/** Cookies: what is set is found again, by the host and port that set it alone. */
import { expect, test } from 'vitest';
import { cookieOf, setCookie } from '../../../server/auth/cookies.ts';
import { SESSION_COOKIE_CHARS_MAX } from '../../../server/limits.ts';

const STRICT = { sameSite: 'Strict', maxAgeMs: 60_000 } as const;

test.for([
  [{ host: 'localhost:3100' }, 'podlog-3100=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
  [{ host: '[::1]:3100' }, 'podlog-3100=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
  [{ host: '::1' }, 'podlog-1=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
  [{ host: 'podlog' }, 'podlog=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
  [{}, 'podlog=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
  [
    { host: 'logs.example', 'x-forwarded-proto': 'https' },
    '__Host-podlog=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure',
  ],
  // A proxy that says nothing of TLS, and a page that does.
  [
    { host: 'logs.example:8443', origin: 'https://logs.example:8443' },
    '__Host-podlog-8443=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure',
  ],
  [{ host: 'a:1; Domain=evil' }, 'podlog=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60'],
] as const)('of %j: %s', ([headers, want]) => {
  expect(setCookie(headers, 'podlog', 'x', STRICT)).toBe(want);
});

test.for([
  ['podlog-3100=mine', { host: 'localhost:3100' }, 'mine'],
  ['a=1; podlog-3100=mine; b=2', { host: 'localhost:3100' }, 'mine'],
  ['a=1;podlog-3100=mine;b=2', { host: 'localhost:3100' }, 'mine'],
  ['podlog-3100=other', { host: 'localhost:3200' }, undefined],
  ['xpodlog=mine', { host: 'podlog' }, undefined],
  ['podlog=', { host: 'podlog' }, ''],
  ['', { host: 'podlog' }, undefined],
  // A neighbour of the domain has added one of its own.
  ['podlog=evil; podlog=mine', { host: 'podlog' }, undefined],
  ['podlog=evil; __Host-podlog=mine', { host: 'podlog' }, 'mine'],
  ['podlog=evil', { host: 'podlog', 'x-forwarded-proto': 'https' }, undefined],
  ['podlog=evil; __Host-podlog=mine', { host: 'podlog', 'x-forwarded-proto': 'https' }, 'mine'],
  [`podlog=${'x'.repeat(SESSION_COOKIE_CHARS_MAX + 1)}`, { host: 'podlog' }, undefined],
] as const)('in %j for %j: %s', ([cookie, headers, want]) => {
  expect(cookieOf({ ...headers, cookie }, 'podlog')).toBe(want);
});
