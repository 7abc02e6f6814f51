/** Which addresses are open to whom, and what a server that would be open to all is told. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type AccessOptions, isLoopback, openAccess } from '../../../server/auth/access.ts';
import { Metrics } from '../../../shared/metrics.ts';
import { FakeApi } from './fake-api.ts';

test.for([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['128.0.0.1', false],
  ['fe80::1', false],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
  ['', false],
] as const)('%s: %s', ([host, want]) => {
  expect(isLoopback(host)).toBe(want);
});

function open(host: string, options: AccessOptions): ReturnType<typeof openAccess> {
  const parts = { host, now: Date.now, log: pino({ level: 'silent' }), metrics: new Metrics() };
  return openAccess(options, parts);
}

test('without configuration this machine alone is let in; more must be asked for by name', async () => {
  expect(await open('127.0.0.1', {})).toMatchObject({ authenticator: undefined, isLocal: true });
  expect(await open('127.0.0.1', { ownAgent: { token: 'x', node: 'n' } })).toMatchObject({
    authenticator: undefined,
    isLocal: true,
  });
  await expect(open('0.0.0.0', {})).rejects.toThrow(/--tokens-file.*--token-review.*127\.0\.0\.1.*--insecure-no-auth/);
  await expect(open('0.0.0.0', { openMetrics: true })).rejects.toThrow(/--tokens-file/);
  const everybody = { authenticator: undefined, isLocal: false };
  expect(await open('0.0.0.0', { insecureNoAuth: true })).toMatchObject(everybody);
  expect(await open('127.0.0.1', { insecureNoAuth: true })).toMatchObject(everybody);
  await expect(open('127.0.0.1', { insecureNoAuth: true, tokensFile: 't' })).rejects.toThrow(/contradicts/);
});

test('what is configured must be there', async () => {
  await expect(open('127.0.0.1', { tokensFile: '/does/not/exist.yaml' })).rejects.toThrow(
    /the tokens file \/does\/not\/exist\.yaml cannot be read: it does not exist; /,
  );
  await expect(open('127.0.0.1', { tokenReview: true })).rejects.toThrow(/only in a cluster/);
  const fake = new FakeApi();
  const api = await fake.listen();
  const tokenReview = { tokenReview: true, api };
  expect(await open('0.0.0.0', { ...tokenReview, agentAccounts: ['agent'] })).toMatchObject({ isLocal: false });
  const missing = { ...api, namespacePath: '/does/not/exist' };
  await expect(open('0.0.0.0', { ...tokenReview, api: missing, agentAccounts: ['a/agent', 'agent'] })).rejects.toThrow(
    /--agent-accounts without a namespace/,
  );
  await fake.close();
});
