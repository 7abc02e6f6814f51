/** Requests that a page of another site makes through somebody's browser. */
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { sendError } from '../../../server/http/errors.ts';
import { isOwnName, refuseForeignPages } from '../../../server/http/foreign-pages.ts';

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
] as const)('%s %j, local: %s', async ([method, headers, isLocal, want]) => {
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, pino({ level: 'silent' }), reply));
  refuseForeignPages(app, isLocal);
  app.all('/', () => 'well');
  const { statusCode } = await app.inject({ method, url: '/', headers });
  expect(statusCode).toBe(want);
  await app.close();
});
