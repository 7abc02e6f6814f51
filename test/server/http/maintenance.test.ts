/** Erasures, snapshots and checks as clients see them. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

function start(dataDir: string): Promise<Server> {
  return startQuietServer(dataDir, { indexedFields: ['user_id'] });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-maintenance-'));
  server = await start(join(folder, 'data'));
  const lines = Array.from({ length: 100 }, (_, i) => `{"user_id":"user-${i % 10}","n":${i}}`);
  await fetch(`${server.url}/ingest?app=shop`, { method: 'POST', body: lines.join('\n') });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(method: string, path: string): Promise<{ status: number; json: unknown }> {
  const response = await fetch(server.url + path, { method });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

async function count(url: string, query: string): Promise<number> {
  const text = await (await fetch(`${url}/logs?${query}&limit=1000`)).text();
  return text.split('\n').length - 1;
}

test('a snapshot is made, listed, served and removed', async () => {
  const made = await call('POST', '/snapshots?name=first');
  const snapshot = { name: 'first', path: join(folder, 'data/snapshots/first'), rows: 100 };
  expect(made).toMatchObject({ status: 201, json: snapshot });
  expect(await call('GET', '/snapshots')).toMatchObject({ json: { snapshots: [snapshot] } });
  expect(await call('POST', '/snapshots?name=first')).toMatchObject({ status: 409 });
  expect(await call('POST', '/snapshots?name=../x')).toMatchObject({ status: 400 });
  const other = await start(snapshot.path);
  expect(await count(other.url, 'user_id=user-3')).toBe(10);
  await other.close();
  expect(await call('DELETE', '/snapshots/first')).toMatchObject({ status: 204 });
  expect(await call('DELETE', '/snapshots/first')).toMatchObject({ status: 404 });
  expect(await call('POST', '/snapshots')).toMatchObject({ status: 201 });
});

const REFUSED: readonly [string, RegExp][] = [
  ['', /all lines of the time range would be erased/],
  ['levle=!error', /only says which lines stay/],
  ['user_id=!user-1&q=!x', /only says which lines stay/],
  ['until=1h', /all lines of the time range would be erased.*until=90d&all=true/],
  ['since=1h&levle=!error', /only says which lines stay/],
  ['all=false', /all lines of the time range/],
  ['all=maybe', /all: "maybe" is not a boolean/],
  ['limit=5', /limit: not a parameter of this route/],
  ['user_id=user-1&order=newest', /order/],
  ['q=', /empty/],
  ['query={}', /query/],
];
for (const [query, message] of REFUSED) {
  test(`DELETE /logs?${query} is refused`, async () => {
    const { status, json } = await call('DELETE', `/logs?${query}`);
    expect(status).toBe(400);
    expect((json as { error: { message: string } }).error.message).toMatch(message);
  });
}

test('a dry run counts what an erasure would take, and takes nothing', async () => {
  const dry = { dry_run: true, rows: 10, namespaces: [{ namespace: '', rows: 10 }] };
  expect(await call('DELETE', '/logs?user_id=user-3&dry_run=true')).toEqual({ status: 200, json: dry });
  expect(await call('DELETE', '/logs?since=1h&all=true&dry_run=true')).toMatchObject({ json: { rows: 100 } });
  const none = { dry_run: true, rows: 0, namespaces: [] };
  expect(await call('DELETE', '/logs?user_id=nobody&dry_run=true')).toEqual({ status: 200, json: none });
  expect(await call('GET', '/erasures')).toEqual({ status: 200, json: { erasures: [] } });
  expect(await count(server.url, 'user_id=user-3')).toBe(10);
});

test('an erasure is accepted, shows how far it is, and is done', async () => {
  const asked = await call('DELETE', '/logs?user_id=user-7');
  expect(asked).toMatchObject({ status: 202, json: { filters: ['user_id'], state: expect.any(String) as string } });
  const { id } = asked.json as { id: string };
  await expect
    .poll(async () => (await call('GET', `/erasures/${id}`)).json)
    .toMatchObject({ state: 'done', rows: 10, segments: { done: 1, total: 1 } });
  expect(await call('GET', '/erasures')).toMatchObject({ json: { erasures: [{ id }] } });
  expect(await call('GET', '/erasures/none')).toMatchObject({ status: 404 });
  expect(await count(server.url, 'user_id=user-7')).toBe(0);
  expect(await count(server.url, 'app=shop')).toBe(90);
});

const REMEMBERED: readonly [query: string, until: string | null][] = [
  ['user_id=nobody', 'forever'],
  ['user_id=nobody&remember=false', null],
  ['until=1970-01-02&all=true', null],
  ['user_id=!*&all=true', null],
  ['user_id=nobody&all=true&remember=true', 'forever'],
];
for (const [query, until] of REMEMBERED) {
  test(`DELETE /logs?${query} is remembered: ${String(until)}`, async () => {
    expect(await call('DELETE', `/logs?${query}&remember=maybe`)).toMatchObject({ status: 400 });
    expect((await call('DELETE', `/logs?${query}`)).json).toMatchObject({ remembered_until: until });
  });
}

async function check(): Promise<Record<string, unknown>[]> {
  const text = await (await fetch(`${server.url}/check`, { method: 'POST' })).text();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a check of a server that runs: well, then with what is broken and where', async () => {
  expect((await check()).at(-1)).toMatchObject({ kind: 'done', problemCount: 0, rowCount: 90 });
  const days = join(folder, 'data/segments');
  const [day] = await readdir(days);
  const [name] = await readdir(join(days, day!));
  const path = join(days, day!, name!);
  const bytes = await readFile(path);
  bytes[50]! ^= 1;
  await writeFile(path, bytes);
  const events = await check();
  expect(events.at(-1)).toMatchObject({ kind: 'done', problemCount: 1 });
  expect(events.filter(({ kind }) => kind === 'finding')).toMatchObject([
    { finding: 'row-group', path: `segments/${day}/${name}`, offset: 4, rowCount: 90 },
  ]);
  expect((await readdir(join(folder, 'data/snapshots'))).some((each) => each.startsWith('.'))).toBe(false);
});

test('an erasure is forgotten on request, and lines of before may come back', async () => {
  const push = (): Promise<Response> => {
    const line = '{"time":"2026-01-01T00:00:00Z","user_id":"user-8","old":true}';
    return fetch(`${server.url}/ingest?app=old`, { method: 'POST', body: line });
  };
  const { id } = (await call('DELETE', '/logs?user_id=user-8&app=old')).json as { id: string };
  await expect.poll(async () => (await call('GET', `/erasures/${id}`)).json).toMatchObject({ state: 'done' });
  expect(await call('DELETE', `/erasures/${id}`)).toMatchObject({ status: 200, json: { id, remembered_until: null } });
  expect(await call('GET', `/erasures/${id}`)).toMatchObject({ json: { remembered_until: null, state: 'done' } });
  expect(await call('DELETE', '/erasures/none')).toMatchObject({ status: 404 });
  await push();
  expect(await count(server.url, 'user_id=user-8&old=true')).toBe(1);
  await call('DELETE', '/logs?app=old&remember=false');
  await expect.poll(() => count(server.url, 'app=old')).toBe(0);
});
