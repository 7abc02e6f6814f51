/** Users whom a proxy in front has authenticated: its headers count from its address alone. */
import { request } from 'node:http';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { newFolder } from '../engines/embedded/open-store.ts';
import { startQuietServer } from '../quiet-server.ts';

const SECRET = 'secret-of-the-proxy-1';
const usersOf = (proxies: string, more = ''): string => `
grants:
  - { groups: [platform], scopes: [admin] }
  - { groups: [team-shop], scopes: [read], namespaces: [shop] }
forwardAuth: { proxies: [${proxies}], namespacesHeader: X-Namespaces${more} }
`;

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await newFolder();
  await writeFile(
    join(folder, 'tokens.yaml'),
    JSON.stringify([{ name: 'shop', token: 'shop-token-0123456789', scopes: ['read'] }]),
  );
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(users: string): Promise<void> {
  await writeFile(join(folder, 'users.yaml'), users);
  const access = { tokensFile: join(folder, 'tokens.yaml'), usersFile: join(folder, 'users.yaml') };
  server = await startQuietServer(join(folder, 'data'), { access });
}

/** Headers as a proxy sends them; a list comes as several headers. @param from  address of the connection */
function call(
  headers: Readonly<Record<string, string | string[]>>,
  { method = 'GET', path = '/session', from = '127.0.0.1' } = {},
) {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  const sent = request(server.url + path, { method, headers, localAddress: from, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve({ status: response.statusCode!, text }));
  });
  sent.on('error', reject).end();
  return promise;
}

test('the user of the proxy, with what the groups and namespaces give', async () => {
  await start(usersOf('127.0.0.1'));
  const anna = { 'X-Forwarded-User': 'anna@example.com', 'X-Forwarded-Groups': 'staff, team-shop' };
  const { status, text } = await call(anna);
  expect(status, text).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    caller: 'user:anna@example.com',
    scopes: ['read'],
    namespaces: ['shop'],
    session_ends: null,
  });
  expect(JSON.parse((await call({ ...anna, 'x-namespaces': 'bank, Not*One' })).text)).toMatchObject({
    namespaces: ['bank', 'shop'],
  });
  expect((await call(anna, { path: '/agents' })).status).toBe(403);
  expect((await call({ 'x-forwarded-user': 'eve' })).text).toContain('eve, a member of no group, has no grant');
  expect((await call({})).status).toBe(401);
  const token = { ...anna, authorization: 'Bearer shop-token-0123456789' };
  expect(JSON.parse((await call(token)).text)).toMatchObject({ caller: 'shop' });
});

test('from any other address the headers are nothing, and the attempt has an audit line', async () => {
  await start(usersOf('127.0.0.2, "fd00::/8"'));
  const admin = { 'x-forwarded-user': 'root', 'x-forwarded-groups': 'platform' };
  for (const more of [
    {},
    { 'x-forwarded-for': '127.0.0.2' },
    { 'x-real-ip': '127.0.0.2', forwarded: 'for=127.0.0.2' },
  ]) {
    expect((await call({ ...admin, ...more })).status).toBe(401);
  }
  expect((await call(admin, { from: '127.0.0.2' })).status).toBe(200);
  await eventually(async () => {
    const { text } = await call(admin, { from: '127.0.0.2', path: '/logs?source=audit' });
    expect(text).toContain('a header names a user, and is not from a proxy of the users file');
    expect(text).toContain('\\"address\\":\\"127.0.0.1\\"');
  });
});

test('a name that comes twice, or could be two, is no user', async () => {
  await start(usersOf('127.0.0.1'));
  const groups = { 'x-forwarded-groups': 'platform' };
  for (const user of [['anna', 'root'], 'anna,root', 'anna root', 'a\tb', '"anna"', 'x'.repeat(129), 'ann\u00e4']) {
    expect((await call({ ...groups, 'x-forwarded-user': user })).status, String(user)).toBe(401);
  }
  expect((await call({ ...groups, x_forwarded_user: 'root' })).status).toBe(401);
});

test('with a secret, the address alone is not enough', async () => {
  await start(usersOf('127.0.0.0/8', `, secret: ${SECRET}`));
  const anna = { 'x-forwarded-user': 'anna', 'x-forwarded-groups': 'platform' };
  expect((await call(anna)).status).toBe(401);
  expect((await call({ ...anna, 'podlog-proxy-secret': 'another-secret-012345' })).status).toBe(401);
  expect((await call({ ...anna, 'podlog-proxy-secret': SECRET })).status).toBe(200);
});

test('a proxy speaks for no agent, and a page of another site does nothing by way of it', async () => {
  await start(usersOf('127.0.0.1'));
  const admin = { 'x-forwarded-user': 'root', 'x-forwarded-groups': 'platform' };
  for (const [method, path] of [
    ['POST', '/ingest'],
    ['GET', '/agent/positions'],
  ] as const) {
    expect((await call(admin, { method, path })).status, path).toBe(401);
  }
  const erase = { method: 'DELETE', path: '/logs?app=shop&dry_run=true' };
  expect((await call(admin, erase)).status).toBe(403);
  expect((await call({ ...admin, origin: 'http://evil.example' }, erase)).status).toBe(403);
  expect((await call({ ...admin, 'sec-fetch-site': 'cross-site' }, { path: '/logs' })).status).toBe(403);
  expect((await call({ ...admin, 'sec-fetch-site': 'same-origin' }, erase)).status).toBe(200);
});

test('a change of the file takes effect, and audit lines name the address that the proxy has seen', async () => {
  await start(usersOf('127.0.0.1'));
  const anna = { 'x-forwarded-user': 'anna', 'x-forwarded-groups': 'platform' };
  expect((await call(anna)).status).toBe(200);
  await call({ ...anna, 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }, { path: '/logs?limit=all' });
  const { text } = await call(anna, { path: '/logs?source=audit' });
  expect(text).toContain('\\"caller\\":\\"user:anna\\",\\"address\\":\\"203.0.113.9\\"');
  await writeFile(join(folder, 'users.yaml'), usersOf('127.0.0.9'));
  await eventually(async () => expect((await call(anna)).status).toBe(401));
});
