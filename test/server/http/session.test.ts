/** Sessions of browsers against a real server: what they permit, how they end, and the ways in which one might get at them. */
import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { SESSION_MS_MAX } from '../../../server/limits.ts';
import { newFolder } from '../engines/embedded/open-store.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

const SHOP = 'shop-token-0123456789';
const ADMIN = 'admin-token-0123456789';
const SENDER = 'sender-token-0123456789';
const TOKENS = [
  { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
  { name: 'admin', token: ADMIN, scopes: ['admin'] },
  { name: 'sender', token: SENDER, scopes: ['ingest'] },
];

/** All that the server has logged. */
let said = '';

const running = new Set<Server>();

// Before the hook that removes their folders, as it was registered first.
afterEach(async () => {
  for (const server of running) await server.close();
  running.clear();
});

async function start(folder?: string): Promise<Server & { readonly folder: string; readonly tokensFile: string }> {
  const own = folder ?? (await newFolder());
  const tokensFile = join(own, 'tokens.yaml');
  if (folder === undefined) await writeFile(tokensFile, JSON.stringify(TOKENS));
  const server = await startQuietServer(join(own, 'data'), {
    access: { tokensFile },
    log: pino({ level: 'trace' }, { write: (line: string) => (said += line) }),
  });
  running.add(server);
  const close = async (): Promise<void> => {
    running.delete(server);
    await server.close();
  };
  return { url: server.url, close, folder: own, tokensFile };
}

interface Call {
  readonly method?: string;
  readonly cookie?: string | undefined;
  readonly token?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As the page's own requests are, unless `headers` say otherwise. */
function call(
  { url }: { readonly url: string },
  path: string,
  { method = 'GET', cookie, token, body, headers }: Call = {},
) {
  return fetch(url + path, {
    method,
    headers: {
      ...(method !== 'GET' && { origin: url }),
      ...(cookie !== undefined && { cookie }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
}

/** Returns the cookie as a browser sends it. */
async function signIn(server: { readonly url: string }, token: string, cookie?: string): Promise<string> {
  const answer = await call(server, '/session', { method: 'POST', token, cookie });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}

async function statusOf(server: { readonly url: string }, cookie: string): Promise<number> {
  const answer = await call(server, '/session', { cookie });
  await answer.text();
  return answer.status;
}

test('a token is exchanged for a cookie that no script reads, and that does what the token does', async () => {
  const server = await start();
  const answer = await call(server, '/session', { method: 'POST', token: SHOP });
  const port = new URL(server.url).port;
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      new RegExp(`^podlog-${port}=[\\w.-]+; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS_MAX / 1000}$`),
    ),
  ]);
  const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
  expect(cookie).not.toContain(SHOP);
  const seen = await call(server, '/session', { cookie });
  expect(await seen.json()).toMatchObject({ caller: 'shop', namespaces: ['shop'], session_ends: expect.any(String) });
  expect(seen.headers.get('cache-control')).toBe('no-store');
  expect((await call(server, '/logs', { cookie })).status).toBe(200);
  expect((await call(server, '/agents', { cookie })).status).toBe(403);
  expect((await call(server, '/erasures', { cookie })).status).toBe(403);
  expect((await stat(join(server.folder, 'data/session.key'))).mode & 0o777).toBe(0o600);
});

test('a token that is sent goes before the cookie, also one that is unknown', async () => {
  const server = await start();
  const cookie = await signIn(server, ADMIN);
  expect(await (await call(server, '/session', { cookie, token: SHOP })).json()).toMatchObject({
    caller: 'shop',
    session_ends: null,
  });
  expect((await call(server, '/session', { cookie, token: 'unknown-token-0123456' })).status).toBe(401);
});

test('tokens that are not for people open no session, and nothing is opened without one', async () => {
  const server = await start();
  expect((await call(server, '/session', { method: 'POST', token: SENDER })).status).toBe(403);
  expect((await call(server, '/session', { method: 'POST' })).status).toBe(401);
  const cookie = await signIn(server, SHOP);
  expect((await call(server, '/session', { method: 'POST', cookie })).status).toBe(401);
  expect((await call(server, '/session', { method: 'DELETE', token: SHOP })).status).toBe(404);
});

test('without tokens there are no sessions', async () => {
  const server = await startQuietServer(await newFolder());
  running.add(server);
  expect((await call(server, '/session', { method: 'POST' })).status).toBe(404);
});

test('signing out ends the session for a thief of its cookie too, over restarts, and no other session', async () => {
  const server = await start();
  const stolen = await signIn(server, SHOP);
  const other = await signIn(server, SHOP);
  const answer = await call(server, '/session', { method: 'DELETE', cookie: stolen });
  expect(answer.status).toBe(204);
  expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^podlog-\d+=; .*Max-Age=0$/)]);
  expect(await statusOf(server, stolen)).toBe(401);
  expect(await statusOf(server, other)).toBe(200);
  await server.close();
  const again = await start(server.folder);
  const moved = (cookie: string): string => cookie.replace(/^podlog-\d+/, `podlog-${new URL(again.url).port}`);
  expect(await statusOf(again, moved(stolen))).toBe(401);
  expect(await statusOf(again, moved(other))).toBe(200);
});

test('a live tail ends when its session does', async () => {
  const server = await start();
  const cookie = await signIn(server, SHOP);
  const tail = await call(server, '/logs?follow=true', { cookie });
  expect(tail.status).toBe(200);
  await call(server, '/session', { method: 'DELETE', cookie });
  expect(await tail.text()).toBe('');
});

test('an export breaks off when its session ends', async () => {
  const server = await start();
  // More than a connection holds that nobody reads.
  const body = Array.from({ length: 15 }, () => randomBytes(400_000).toString('hex')).join('\n');
  for (let n = 0; n < 3; n++) {
    const sent = await call(server, '/ingest?namespace=shop', { method: 'POST', token: SENDER, body });
    expect(sent.status).toBe(200);
  }
  const cookie = await signIn(server, SHOP);
  const answer = await call(server, '/logs?limit=all&format=raw', { cookie });
  expect(answer.status).toBe(200);
  await call(server, '/session', { method: 'DELETE', cookie });
  await expect(answer.text()).rejects.toThrow('terminated');
});

test.for([
  ['removed', TOKENS.slice(1)],
  ['given to another', [{ ...TOKENS[0], token: 'another-token-01234567' }, ...TOKENS.slice(1)]],
  ['allowed more', [{ ...TOKENS[0], namespaces: ['shop', 'bank'] }, ...TOKENS.slice(1)]],
] as const)('a session ends when its token is %s', async ([, tokens]) => {
  const server = await start();
  const shop = await signIn(server, SHOP);
  const admin = await signIn(server, ADMIN);
  const tail = await call(server, '/logs?follow=true', { cookie: shop });
  await writeFile(server.tokensFile, JSON.stringify(tokens));
  expect(await tail.text()).toBe('');
  await eventually(async () => expect(await statusOf(server, shop)).toBe(401));
  expect(await statusOf(server, admin)).toBe(200);
  // With the old rights back, the session that they gave holds again.
  await writeFile(server.tokensFile, JSON.stringify(TOKENS));
  await eventually(async () => expect(await statusOf(server, shop)).toBe(200));
});

test('a cookie of another server, or one that was made up or changed, is none', async () => {
  const [server, other] = [await start(), await start()];
  const cookie = await signIn(other, ADMIN);
  const name = `podlog-${new URL(server.url).port}`;
  const value = cookie.slice(cookie.indexOf('=') + 1);
  const [payload = '', mac = ''] = value.split('.');
  const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...session, caller: 'shop' })).toString('base64url');
  for (const made of [value, `${changed}.${mac}`, payload, '', 'null', '%00', `${payload}.${'A'.repeat(43)}`]) {
    expect(await statusOf(server, `${name}=${made}`), made).toBe(401);
  }
  expect(await statusOf(other, cookie)).toBe(200);
});

test('signing in gives a cookie of its own, and ends the session of the cookie before it: none is fixed from outside', async () => {
  const server = await start();
  const planted = await signIn(server, SHOP);
  const own = await signIn(server, ADMIN, planted);
  expect(own).not.toBe(planted);
  expect(await statusOf(server, planted)).toBe(401);
  expect(await statusOf(server, own)).toBe(200);
  // Of two of one name, one may be a neighbour's.
  const another = await signIn(server, SHOP);
  expect(await statusOf(server, `${another}; ${own}`)).toBe(401);
});

test.for([
  ['a form of another site', 'DELETE', { origin: 'http://evil.example' }],
  ['a form of another site', 'DELETE', { 'sec-fetch-site': 'cross-site' }],
  ['a page of another port of this host', 'DELETE', { 'sec-fetch-site': 'same-site' }],
  ['a form of a page without an origin', 'DELETE', { origin: 'null' }],
  ['an image of another site', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['a script of another port of this host', 'GET', { 'sec-fetch-site': 'same-site' }],
] as const)('%s does nothing with the cookie: %s %j', async ([, method, headers]) => {
  const server = await start();
  const cookie = await signIn(server, ADMIN);
  const path = method === 'GET' ? '/logs' : '/logs?app=shop';
  const answer = await call(server, path, { method, cookie, headers });
  expect(answer.status, await answer.text()).toBe(403);
  expect(await (await call(server, '/erasures', { cookie })).json()).toEqual({ erasures: [] });
});

test('a write with a cookie alone must show whose page it is from', async () => {
  const server = await start();
  const cookie = await signIn(server, ADMIN);
  const silent = await fetch(`${server.url}/logs?app=shop`, { method: 'DELETE', headers: { cookie } });
  expect(silent.status).toBe(403);
  const referer = await fetch(`${server.url}/logs?app=shop`, {
    method: 'DELETE',
    headers: { cookie, referer: `${server.url}/` },
  });
  expect(referer.status).toBe(403);
  expect((await call(server, '/logs?app=shop&dry_run=true', { method: 'DELETE', cookie })).status).toBe(200);
});

test('a cookie neither sends lines nor speaks for an agent, whoever it is of and however the path is written', async () => {
  const server = await start();
  const cookie = await signIn(server, ADMIN);
  for (const [method, path] of [
    ['POST', '/ingest'],
    ['POST', '/agent/batch'],
    ['GET', '/agent/positions'],
    ['GET', '/agent/rules'],
    ['POST', '/ingest?app=shop'],
    ['POST', '/%69ngest'],
    ['GET', '/agent/%70ositions'],
  ] as const) {
    const answer = await call(server, path, { method, cookie, ...(method === 'POST' && { body: 'line' }) });
    expect(answer.status, path).toBe(401);
  }
  for (const path of ['//ingest', '/INGEST', '/ingest/', '/logs/../ingest', '/session;/../ingest']) {
    const answer = await call(server, path, { method: 'POST', cookie, body: 'line' });
    expect([401, 404], path).toContain(answer.status);
  }
  expect(await (await call(server, '/logs?source=!audit', { cookie })).text()).toBe('');
});

test('cookies that fill the headers are refused, many names are searched in no time', async () => {
  const server = await start();
  const cookie = await signIn(server, SHOP);
  const some = Array.from({ length: 1_000 }, (_, n) => `c${n}=1`).join('; ');
  expect(await statusOf(server, `${some}; ${cookie}`)).toBe(200);
  const bomb = await call(server, '/session', { cookie: `bomb=${'x'.repeat(20_000)}; ${cookie}` });
  expect(bomb.status).toBe(431);
});

test('a damaged file of ended sessions ends all of them; a damaged key does, too', async () => {
  const server = await start();
  const ended = await signIn(server, SHOP);
  const open = await signIn(server, SHOP);
  await call(server, '/session', { method: 'DELETE', cookie: ended });
  await server.close();
  const path = join(server.folder, 'data/sessions.json');
  expect(await readFile(path, 'utf8')).toContain('"caller": "shop"');
  await writeFile(path, '{}');
  const again = await start(server.folder);
  const at = (url: string, cookie: string): string => cookie.replace(/^podlog-\d+/, `podlog-${new URL(url).port}`);
  expect(await statusOf(again, at(again.url, ended))).toBe(401);
  expect(await statusOf(again, at(again.url, open))).toBe(401);
  const next = await signIn(again, SHOP);
  await again.close();
  await rm(join(server.folder, 'data/session.key'));
  const last = await start(server.folder);
  expect(await statusOf(last, at(last.url, next))).toBe(401);
});

test('no secret is in the log', () => {
  for (const secret of [SHOP, ADMIN, SENDER]) expect(said).not.toContain(secret);
});
