/** What is audited: lines in the store and in the log, without values and secrets, which no one else can make or see. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUDITED_LINES_MIN, LOGQL_LINES_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { newFolder } from '../engines/embedded/open-store.ts';
import { startQuietServer } from '../quiet-server.ts';

const TOKENS = [
  { name: 'admin', token: 'admin-token-0123456789', scopes: ['admin'] },
  { name: 'shop', token: 'shop-token-0123456789', scopes: ['read'], namespaces: ['shop'] },
  { name: 'sender', token: 'sender-token-0123456789', scopes: ['ingest'] },
];

let folder: string;
let server: Server;
let said = '';

beforeEach(async () => {
  folder = await newFolder();
  said = '';
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, JSON.stringify(TOKENS));
  const log = pino({ level: 'info' }, { write: (line: string) => (said += line) });
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile }, log });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(who: string, method: string, path: string, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${who}-token-0123456789`;
  const response = await fetch(server.url + path, { method, headers: { authorization, ...headers } });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Without what differs from run to run. */
async function audited(): Promise<object[]> {
  const { text } = await call('admin', 'GET', '/logs?source=audit&order=oldest');
  const rows = text.split('\n').filter((line) => line !== '');
  return rows.map((row) => {
    const { line } = JSON.parse(row) as { line: string };
    const { id: _id, session: _session, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return rest;
  });
}

test('erasures, exports, sign-ins and sign-outs', async () => {
  const who = { level: 'info', caller: 'admin', address: '127.0.0.1' };
  await call('admin', 'DELETE', '/logs?user_id=secret-user-7&dry_run=true');
  await call('admin', 'GET', `/logs?limit=${AUDITED_LINES_MIN - 1}`);
  await call('admin', 'GET', '/logs?follow=true&per=pod&limit=2');
  expect(await audited()).toEqual([]);
  const { text } = await call('admin', 'DELETE', '/logs?user_id=secret-user-7');
  const { id } = JSON.parse(text) as { id: string };
  await eventually(async () =>
    expect((await call('admin', 'GET', `/erasures/${id}`)).text).toContain('"state":"done"'),
  );
  await call('admin', 'DELETE', `/erasures/${id}`);
  await call('admin', 'GET', '/logs?limit=all&user_id=secret-user-7&q=secret-word&since=1h&format=csv&columns=a');
  const selector = encodeURIComponent('{user="secret-user-7"} |= "secret-word"');
  await call('admin', 'GET', `/loki/api/v1/query_range?query=${selector}&limit=${LOGQL_LINES_MAX - 1}`);
  await call('admin', 'GET', `/loki/api/v1/query_range?query=${selector}&limit=${LOGQL_LINES_MAX}`);
  await call('admin', 'GET', `/logs?limit=${AUDITED_LINES_MIN}`);
  const { headers } = await call('admin', 'POST', '/session');
  const cookie = headers.getSetCookie()[0]!.split(';')[0]!;
  await fetch(`${server.url}/session`, { method: 'DELETE', headers: { cookie, origin: server.url } });
  const done = [
    { ...who, message: 'erasure requested', filters: ['user_id'] },
    { ...who, message: 'erasure forgotten' },
    {
      ...who,
      message: 'lines exported',
      filters: expect.arrayContaining(['user_id', 'q']),
      limit: 'all',
      format: 'csv',
    },
    {
      ...who,
      message: 'lines exported',
      filters: ['user', 'q', 'since', 'until'],
      limit: LOGQL_LINES_MAX,
      format: 'loki',
    },
    { ...who, message: 'lines exported', filters: [], limit: AUDITED_LINES_MIN, format: 'ndjson' },
    { ...who, message: 'signed in', with: 'token' },
    { ...who, message: 'signed out' },
  ];
  expect(await audited()).toEqual(done);
  for (const { message } of done) expect(said).toContain(`"msg":"${message}"`);
  expect(said).not.toMatch(/secret|token-0123/);
});

test('a token that is tried in vain, once for a flood of them, on whichever route', async () => {
  for (let n = 0; n < 20; n++)
    await call(`guess-${n}`, n % 2 === 0 ? 'POST' : 'GET', n % 2 === 0 ? '/session' : '/logs');
  const refused = { level: 'warn', message: 'sign-in refused', caller: null, address: '127.0.0.1' };
  await eventually(async () =>
    expect(await audited()).toEqual([{ ...refused, reason: 'the token is unknown or was revoked', times: 1 }]),
  );
  // Without any token, a browser asks what it needs.
  expect((await fetch(`${server.url}/session`)).status).toBe(401);
  await server.close();
  expect(said).toContain('"times":19');
  expect(said).not.toContain('guess');
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile: join(folder, 'tokens.yaml') } });
  expect(await audited()).toHaveLength(2);
});

test('no sender makes audit lines, and a token of a namespace sees none', async () => {
  await call('admin', 'POST', '/session');
  const pushed = await call('sender', 'POST', '/ingest?source=audit');
  expect(pushed.status).toBe(400);
  expect(pushed.text).toContain('audit is what podlog itself records');
  expect((await call('shop', 'GET', '/logs?source=audit')).text).toBe('');
  expect((await call('shop', 'GET', '/fields')).text).not.toContain('audit');
  expect(await audited()).toHaveLength(1);
});
