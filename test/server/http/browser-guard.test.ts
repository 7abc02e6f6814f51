/** Requests that a page of another site makes through somebody's browser. */
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { sendError } from '../../../server/http/errors.ts';
import { isOwnName, guardBrowsers } from '../../../server/http/browser-guard.ts';

test.for([
  ['127.0.0.1:3100', true],
  ['10.1.2.3', true],
  ['[::1]:3100', true],
  ['[fd00::7]', true],
  ['localhost:3100', true],
  ['podlog.LocalHost', true],
  ['evil.example:3100', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil-localhost', false],
  ['[evil.example]', false],
  ['127.0.0.1:3100:x', false],
  ['', false],
] as const)('%s is an own name: %s', ([host, want]) => {
  expect(isOwnName(host)).toBe(want);
});

test.for([
  ['GET', { host: '127.0.0.1:1' }, true, 200],
  ['GET', { host: 'evil.example' }, true, 403],
  ['GET', { host: 'podlog.podlog' }, false, 200],
  ['POST', { host: 'podlog.podlog' }, false, 200],
  ['POST', { host: 'localhost', 'sec-fetch-site': 'same-origin' }, true, 200],
  ['POST', { host: 'localhost', 'sec-fetch-site': 'none' }, true, 200],
  ['POST', { host: 'localhost', 'sec-fetch-site': 'cross-site' }, true, 403],
  ['DELETE', { host: 'podlog.podlog', 'sec-fetch-site': 'same-site' }, false, 403],
  ['GET', { host: 'podlog.podlog', 'sec-fetch-site': 'cross-site' }, false, 200],
  ['POST', { host: 'localhost', 'sec-fetch-site': 'anything' }, true, 403],
  // Over plain http, where browsers do not say whose page it is.
  ['POST', { host: 'podlog:3100', origin: 'http://podlog:3100' }, false, 200],
  ['POST', { host: 'podlog', origin: 'http://podlog' }, false, 200],
  ['POST', { host: 'podlog:80', origin: 'http://podlog' }, false, 200],
  ['POST', { host: 'PODLOG', origin: 'http://podlog' }, false, 200],
  ['POST', { host: '[::1]:3100', origin: 'http://[::1]:3100' }, true, 200],
  ['POST', { host: '127.0.0.1:3100', origin: 'http://127.0.0.1:3100' }, true, 200],
  ['POST', { host: '127.0.0.1:3100', referer: 'http://127.0.0.1:3100/page?x=1' }, true, 200],
  ['POST', { host: '127.0.0.1:3100', origin: 'http://evil.example' }, true, 403],
  ['DELETE', { host: 'podlog:3100', origin: 'http://evil.example' }, false, 403],
  ['PUT', { host: 'podlog:3100', origin: 'http://evil.example' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'null' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: '' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'podlog:3100' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://podlog' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://podlog:3101' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'https://podlog:3100' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://podlog:3100.evil.example' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://podlog:3100@evil.example' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://podlog:3100, http://evil.example' }, false, 403],
  ['POST', { host: 'podlog.shop', origin: 'http://shop' }, false, 403],
  ['POST', { host: '127.0.0.1:3100', origin: 'http://localhost:3100' }, true, 403],
  ['POST', { host: '[::1]:3100', origin: 'http://[::2]:3100' }, true, 403],
  ['POST', { host: 'podlog:3100', referer: 'http://evil.example/podlog:3100' }, false, 403],
  ['POST', { host: 'podlog:3100', origin: 'http://evil.example', referer: 'http://podlog:3100/' }, false, 403],
  ['POST', { host: '', origin: 'http://evil.example' }, false, 403],
  // What a page or a proxy says of the host that was asked is not believed; that TLS ended in a proxy is.
  ['POST', { host: 'podlog:3100', origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' }, false, 403],
  ['POST', { host: 'logs.example', origin: 'https://logs.example', 'x-forwarded-proto': 'https' }, false, 200],
  ['POST', { host: 'logs.example', origin: 'http://logs.example', 'x-forwarded-proto': 'https' }, false, 403],
  ['POST', { host: 'podlog', origin: 'https://logs.example', 'sec-fetch-site': 'same-origin' }, false, 200],
  // A name that is made to point to this machine is the page's own origin.
  ['POST', { host: 'evil.example:3100', origin: 'http://evil.example:3100' }, true, 403],
  ['POST', { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }, true, 403],
  ['GET', { host: 'podlog:3100', origin: 'http://evil.example' }, false, 200],
] as const)('%s %j, local: %s', async ([method, headers, isLocal, want]) => {
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, pino({ level: 'silent' }), reply));
  guardBrowsers(app, isLocal);
  app.all('/', () => 'well');
  const { statusCode } = await app.inject({ method, url: '/', headers });
  expect(statusCode).toBe(want);
  await app.close();
});
