/** Saved views: whose they are, who may change which, and that they outlive restarts, crashes and the store. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VIEW_BYTES_MAX, VIEW_COLUMNS_MAX, VIEW_NAME_CHARS_MAX, VIEWS_OF_OWNER_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

const TOKENS = { anna: 'anna-token-0123456789', bert: 'bert-token-0123456789', admin: 'admin-token-0123456789' };
type Who = keyof typeof TOKENS;

let folder: string;
let server: Server;

async function start(dataDir = 'data'): Promise<void> {
  server = await startQuietServer(join(folder, dataDir), {
    access: { tokensFile: join(folder, 'tokens.yaml') },
    version: '1.2.3',
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-views-'));
  const tokens = [
    { name: 'anna', token: TOKENS.anna, scopes: ['read'] },
    { name: 'bert', token: TOKENS.bert, scopes: ['read'], namespaces: ['shop', 'jobs'] },
    { name: 'admin', token: TOKENS.admin, scopes: ['admin'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(tokens));
  await start();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function call(
  who: Who,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKENS[who]}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

async function namesOf(who: Who): Promise<string[]> {
  const { json } = await call(who, 'GET', '/views');
  return (json as { views: { name: string; shared: boolean }[] }).views.map(({ name, shared }) =>
    shared ? `${name} (shared)` : name,
  );
}

const VIEW = { search: 'level:error -path:/healthz', since: '1h', columns: ['path', 'status'] };

test('a view is its own, replaced by its name, and deleted', async () => {
  const made = await call('anna', 'PUT', '/views/errors%20of%20%22shop%22', VIEW);
  const shown = { name: 'errors of "shop"', shared: false, ...VIEW, changed: expect.stringMatching(/^20\d\d-/) };
  expect(made).toEqual({ status: 201, json: shown });
  expect(await call('anna', 'GET', '/views')).toEqual({ status: 200, json: { views: [shown] } });
  expect((await call('anna', 'GET', '/views/errors%20of%20%22shop%22')).json).toEqual(shown);
  for (const who of ['bert', 'admin'] as const) expect(await namesOf(who)).toEqual([]);
  expect((await call('bert', 'DELETE', '/views/errors%20of%20%22shop%22')).status).toBe(404);
  const changed = await call('anna', 'PUT', '/views/errors%20of%20%22shop%22', { search: 'x' });
  expect(changed).toEqual({
    status: 200,
    json: { name: 'errors of "shop"', shared: false, search: 'x', columns: [], changed: expect.anything() },
  });
  expect(await namesOf('anna')).toEqual(['errors of "shop"']);
  expect((await call('anna', 'DELETE', '/views/errors%20of%20%22shop%22')).status).toBe(204);
  expect(await namesOf('anna')).toEqual([]);
});

test('a shared view is seen by all and changed by admins; the own one of that name comes first', async () => {
  expect(await call('anna', 'PUT', '/views/a', { ...VIEW, shared: true })).toEqual({
    status: 403,
    json: { error: { code: 'PODLOG_FORBIDDEN', message: expect.stringContaining('anna lacks the scope admin') } },
  });
  expect((await call('admin', 'PUT', '/views/a', { ...VIEW, shared: true })).status).toBe(201);
  expect((await call('anna', 'PUT', '/views/a', { search: 'own' })).status).toBe(201);
  expect(await namesOf('anna')).toEqual(['a', 'a (shared)']);
  expect(await namesOf('bert')).toEqual(['a (shared)']);
  expect((await call('anna', 'GET', '/views/a')).json).toMatchObject({ search: 'own', shared: false });
  expect((await call('bert', 'GET', '/views/a')).json).toMatchObject({ search: VIEW.search, shared: true });
  expect((await call('bert', 'DELETE', '/views/a')).status).toBe(404);
  expect((await call('bert', 'DELETE', '/views/a?shared=true')).status).toBe(403);
  expect((await call('admin', 'DELETE', '/views/a?shared=true')).status).toBe(204);
  expect(await namesOf('bert')).toEqual([]);
  expect(await namesOf('anna')).toEqual(['a']);
});

test('views are there after a restart, and in a backup', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, n) => call('anna', 'PUT', `/views/v${n}`, { search: String(n) })));
  await call('admin', 'PUT', '/views/all', { ...VIEW, shared: true });
  const { json } = await call('admin', 'POST', '/snapshots?name=one');
  await call('anna', 'DELETE', '/views/v3');
  const before = await namesOf('anna');
  expect(before).toHaveLength(20);
  await server.close();
  await start();
  expect(await namesOf('anna')).toEqual(before);
  expect((await call('bert', 'GET', '/views/all')).json).toMatchObject(VIEW);
  await server.close();
  const { path } = json as { path: string };
  await start(path.slice(folder.length + 1));
  expect(await namesOf('anna')).toHaveLength(21);
});

test('a damaged file of views is kept aside, and the server starts without', async () => {
  await call('anna', 'PUT', '/views/a', VIEW);
  await server.close();
  const path = join(folder, 'data', 'views.json');
  const damaged = (await readFile(path, 'utf8')).replace('level:error', 'level:exxor');
  await writeFile(path, damaged);
  await start();
  expect(await namesOf('anna')).toEqual([]);
  expect(await readFile(join(folder, 'data', 'quarantine', 'views.json-0'), 'utf8')).toBe(damaged);
  expect((await call('anna', 'PUT', '/views/b', VIEW)).status).toBe(201);
  expect(await namesOf('anna')).toEqual(['b']);
});

test('one token cannot take the room of others', async () => {
  for (let n = 0; n < VIEWS_OF_OWNER_MAX; n++) {
    expect((await call('anna', 'PUT', `/views/${n}`, { search: '' })).status).toBe(201);
  }
  expect(await call('anna', 'PUT', '/views/more', VIEW)).toEqual({
    status: 409,
    json: {
      error: {
        code: 'PODLOG_TOO_MANY_VIEWS',
        message: expect.stringContaining(`there are ${VIEWS_OF_OWNER_MAX} views of its own`),
      },
    },
  });
  expect((await call('anna', 'PUT', '/views/1', VIEW)).status).toBe(200);
  expect((await call('bert', 'PUT', '/views/more', VIEW)).status).toBe(201);
});

test.each<[string, unknown, number, string]>([
  ['/views/a', 'search=x', 400, 'body: not JSON; allowed: an object with search'],
  ['/views/a', '[]', 400, 'body: search: '],
  ['/views/a', 'null', 400, 'body: it: '],
  ['/views/a', {}, 400, 'body: search: '],
  ['/views/a', { ...VIEW, limit: 5 }, 400, 'body: limit: '],
  ['/views/a', { ...VIEW, columns: Array.from({ length: VIEW_COLUMNS_MAX + 1 }, () => 'a') }, 400, 'body: columns: '],
  ['/views/a', { search: 'x'.repeat(VIEW_BYTES_MAX) }, 413, `at most ${VIEW_BYTES_MAX} bytes`],
  [`/views/${'x'.repeat(VIEW_NAME_CHARS_MAX + 1)}`, VIEW, 400, 'name: not a valid name'],
  ['/views/a%0Ab', VIEW, 400, 'name: not a valid name'],
  ['/views/%20a', VIEW, 400, 'name: not a valid name'],
])('PUT %s with %o is refused', async (path, body, status, message) => {
  expect(await call('anna', 'PUT', path, body)).toEqual({
    status,
    json: { error: { code: expect.anything(), message: expect.stringContaining(message) } },
  });
  expect(await namesOf('anna')).toEqual([]);
});

test('a session is who asks, and what they may', async () => {
  const session = async (who: Who): Promise<unknown> => (await call(who, 'GET', '/session')).json;
  const time = expect.stringMatching(/^20\d\d-.*Z$/);
  expect(await session('anna')).toEqual({
    caller: 'anna',
    scopes: ['read'],
    namespaces: 'all',
    session_ends: null,
    version: '1.2.3',
    time,
  });
  expect(await session('bert')).toEqual({
    caller: 'bert',
    scopes: ['read'],
    namespaces: ['shop', 'jobs'],
    session_ends: null,
    version: '1.2.3',
    time,
  });
});

test('without tokens everybody is one caller, who may do everything', async () => {
  await server.close();
  server = await startQuietServer(join(folder, 'open'));
  expect(await call('anna', 'GET', '/session')).toMatchObject({
    json: { caller: null, scopes: expect.arrayContaining(['admin', 'read']), namespaces: 'all', version: 'unknown' },
  });
  expect((await call('anna', 'PUT', '/views/a', { ...VIEW, shared: true })).status).toBe(201);
  expect((await call('anna', 'PUT', '/views/b', VIEW)).status).toBe(201);
  expect(await namesOf('bert')).toEqual(['a (shared)', 'b']);
});
