/** Tenants: kept apart on disk and in every answer, chosen by header or token; several at once by Loki's API. */
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Server } from '../../../server/main.ts';
import { batchOf, numberedLines } from '../engines/embedded/batches.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;
const token = (name: string): string => `${name}-sEcReT-0123456789`;
const TENANTS_MAX = 5;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-tenants-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'all', token: token('all'), scopes: ['admin'] },
    { name: 'shop', token: token('shop'), scopes: ['admin'], tenants: ['shop'] },
    { name: 'two', token: token('two'), scopes: ['read'], tenants: ['shop', 'bank'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  server = await startQuietServer(join(folder, 'data'), { tenantsMax: TENANTS_MAX, access: { tokensFile } });
  await push('shop', 'of the shop');
  await push('bank', 'of the bank');
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function call(
  method: string,
  path: string,
  name: string,
  tenant?: string,
  body?: string,
): Promise<{ status: number; text: string; type: string | null }> {
  const headers = {
    authorization: `Bearer ${token(name)}`,
    ...(tenant !== undefined && { 'X-Scope-OrgID': tenant }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const response = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
}

async function push(tenant: string, line: string): Promise<void> {
  const values = [[`${Date.now()}000000`, line]];
  const body = JSON.stringify({ streams: [{ stream: { app: 'same' }, values }] });
  expect(await call('POST', '/loki/api/v1/push', 'all', tenant, body)).toMatchObject({ status: 204 });
}

const QUERY = `query=${encodeURIComponent('{app="same"} | drop detected_level, service_name')}`;

/** Labels and lines of an answer. */
async function lines(tenant: string, query = QUERY): Promise<string[]> {
  const { status, text } = await call('GET', `/loki/api/v1/query_range?${query}`, 'all', tenant);
  expect([status, text]).toEqual([200, expect.anything()]);
  const { data } = JSON.parse(text) as { data: { result: { stream: object; values: [string, string][] }[] } };
  return data.result.flatMap(({ stream, values }) => values.map(([, line]) => `${JSON.stringify(stream)} ${line}`));
}

test('log records of OpenTelemetry are of the tenant that is named, with their metadata', async () => {
  const logRecords = [{ body: { stringValue: 'paid' }, traceId: 'a'.repeat(32) }];
  const attributes = [{ key: 'service.name', value: { stringValue: 'till' } }];
  const body = JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] });
  const refusal = { type: 'application/octet-stream' };
  expect(await call('POST', '/otlp/v1/logs', 'all', undefined, body)).toMatchObject({ status: 401, ...refusal });
  expect(await call('POST', '/otlp/v1/logs', 'shop', 'bank', body)).toMatchObject({ status: 403, ...refusal });
  expect(await call('POST', '/otlp/v1/logs', 'all', 'shop', body)).toMatchObject({ status: 204 });
  const query = `query=${encodeURIComponent(`{service_name="till"} | trace_id="${'a'.repeat(32)}" | keep trace_id`)}`;
  const found = [`{"trace_id":"${'a'.repeat(32)}"} paid`];
  expect(await lines('shop', query)).toEqual(found);
  expect(await lines('bank', query)).toEqual([]);
  expect(await lines('shop|bank', query)).toEqual(found);
});

const PATHS = [
  `/loki/api/v1/query_range?${QUERY}`,
  `/loki/api/v1/query_range?step=1m&query=${encodeURIComponent('sum by (line) (count_over_time({app="same"} | pattern "<line>" [1h]))')}`,
  '/logs?limit=all',
  '/logs?limit=5',
  '/fields',
  '/aggregate?by=line',
  '/loki/api/v1/detected_fields?query={app="same"}',
  '/loki/api/v1/patterns?query={app="same"}',
  '/histogram',
  '/patterns',
];

test.each(PATHS)('%s has the lines of the tenant alone', async (path) => {
  const [shop, bank] = await Promise.all(['shop', 'bank'].map((tenant) => call('GET', path, 'all', tenant)));
  expect([shop!.status, bank!.status]).toEqual([200, 200]);
  expect(shop!.text).not.toContain('bank');
  expect(bank!.text).not.toContain('shop');
});

test('each has a folder of its own', async () => {
  const of = async (tenant: string): Promise<string> => {
    const wal = join(folder, 'data/tenants', tenant, 'wal');
    const files = await Promise.all((await readdir(wal)).map((name) => readFile(join(wal, name), 'latin1')));
    return files.join('');
  };
  expect(await of('shop')).not.toContain('bank');
  expect(await of('bank')).not.toContain('shop');
  expect((await of('bank')).length).toBeGreaterThan(100);
});

test.each([
  ['GET', '/loki/api/v1/labels', undefined, 401, 'no org id'],
  ['GET', '/logs', undefined, 401, 'send the header X-Scope-OrgID'],
  ['GET', '/logs', '', 401, 'send the header X-Scope-OrgID'],
  ['GET', '/logs', 'a/b', 400, 'is not valid'],
  ['GET', '/logs', '..', 400, 'is not valid'],
  ['GET', '/logs', 'shop|', 400, 'is not valid'],
  ['GET', '/logs', 'none', 404, 'there is no tenant'],
  ['GET', '/logs', 'shop|bank', 400, 'cannot be asked of several tenants'],
  ['POST', '/loki/api/v1/push', 'shop|bank', 400, 'cannot be asked of several tenants'],
  ['GET', '/loki/api/v1/tail?query={app="same"}', 'shop|bank', 400, 'cannot be asked of several tenants'],
  ['DELETE', '/logs?app=same', 'shop|bank', 400, 'cannot be asked of several tenants'],
] as const)('%s %s of %j: %i', async (method, path, tenant, status, text) => {
  expect(await call(method, path, 'all', tenant)).toMatchObject({ status, text: expect.stringContaining(text) });
});

test('clients of Loki read errors as text, and nothing of a tenant that is not there', async () => {
  expect(await call('GET', '/loki/api/v1/labels', 'all')).toMatchObject({
    type: 'text/plain; charset=utf-8',
    text: 'no org id',
  });
  expect(await call('GET', '/loki/api/v1/labels', 'all', 'none')).toMatchObject({ text: '{"status":"success"}' });
  await expect(access(join(folder, 'data/tenants/none'))).rejects.toThrow();
});

test('what is about no tenant needs none', async () => {
  for (const path of ['/healthz', '/ready', '/metrics', '/session', '/'])
    expect(await call('GET', path, 'all')).toMatchObject({ status: 200 });
});

test('several at once: every line, with its tenant, which can be asked for', async () => {
  const shop = '{"__tenant_id__":"shop","app":"same"} of the shop';
  const bank = '{"__tenant_id__":"bank","app":"same"} of the bank';
  expect((await lines('shop|bank')).toSorted()).toEqual([bank, shop]);
  expect((await lines('shop|none|shop')).toSorted()).toEqual([shop]);
  const chosen = (matcher: string): string =>
    QUERY.replace(encodeURIComponent('app="same"'), encodeURIComponent(matcher));
  expect(await lines('shop|bank', chosen('app="same", __tenant_id__="bank"'))).toEqual([bank]);
  expect(await lines('shop|bank', chosen('app="same", __tenant_id__=~"sh.+"'))).toEqual([shop]);
  expect(await lines('shop|bank', chosen('app="same", __tenant_id__!="bank"'))).toEqual([shop]);
  const values = await call('GET', '/loki/api/v1/label/__tenant_id__/values', 'all', 'bank|shop');
  expect(JSON.parse(values.text)).toEqual({ status: 'success', data: ['bank', 'shop'] });
  const number = async (query: string): Promise<unknown> => {
    const { text } = await call('GET', `/loki/api/v1/query?query=${encodeURIComponent(query)}`, 'all', 'bank|shop');
    const { data } = JSON.parse(text) as { data: { result: { metric: object; value: [number, string] }[] } };
    return data.result.map(({ metric, value }) => [metric, value[1]]);
  };
  expect(await number('sum(count_over_time({app="same"}[1h]))')).toEqual([[{}, '2']]);
  expect(await number('sum by (__tenant_id__) (bytes_over_time({app="same"}[1h]))')).toEqual([
    [{ __tenant_id__: 'bank' }, '11'],
    [{ __tenant_id__: 'shop' }, '11'],
  ]);
  const stats = await call('GET', '/loki/api/v1/index/stats?query={app="same"}', 'all', 'bank|shop');
  expect(JSON.parse(stats.text)).toMatchObject({ streams: 2, entries: 2, bytes: 22 });
});

test.each([
  // The step divides the hour, so that the last point is now.
  'query_range?step=1m&query=sum by (__tenant_id__, app) (count_over_time({app="same"} | pattern "of <_> <who>" [1h]))',
  'query?query=quantile_over_time(0.5, {app="same"} | pattern "<_> <_> <n>" | __error__="" | unwrap n | __error__="" [1h])',
  'labels?',
  'label?',
  'label/app/values?',
  'series?match={app="same"}',
  'index/stats?query={app="same"}',
  'index/volume?query={app="same"}&targetLabels=__tenant_id__',
  'index/volume_range?query={app="same"}&step=1m',
  'index/shards?query={app="same"}',
  'patterns?query={app="same"}&step=1d',
  'detected_labels?',
  'detected_fields?query={app="same"}',
  'detected_field/detected_level/values?query={app="same"}',
  'format_query?query={app="same"}',
  'drilldown-limits?',
  'status/buildinfo?',
])('several at once: %s', async (path) => {
  const answer = await call('GET', `/loki/api/v1/${encodeURI(path)}`, 'all', 'shop|bank');
  expect(answer).toMatchObject({ status: 200 });
  if (/__tenant_id__/.test(path)) expect(answer.text).toMatch(/shop[^]*bank|bank[^]*shop/);
  if (path.startsWith('patterns')) expect(answer.text).toContain('of the');
});

test('the lines of several are in the order of their times, as many as are wanted', async () => {
  for (let n = 0; n < 6; n++) await push(n % 2 === 0 ? 'shop' : 'bank', `turn ${n}`);
  const asked = (more: string): string => `query=${encodeURIComponent('{app="same"} |= "turn"')}${more}`;
  const turns = async (more: string): Promise<string[]> => {
    const { text } = await call('GET', `/loki/api/v1/query_range?${asked(more)}`, 'all', 'shop|bank');
    const { data } = JSON.parse(text) as { data: { result: { values: [string, string][] }[] } };
    return data.result
      .flatMap(({ values }) => values)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, line]) => line);
  };
  expect(await turns('')).toEqual([0, 1, 2, 3, 4, 5].map((n) => `turn ${n}`));
  expect(await turns('&limit=3')).toEqual([3, 4, 5].map((n) => `turn ${n}`));
  expect(await turns('&limit=4&direction=forward')).toEqual([0, 1, 2, 3].map((n) => `turn ${n}`));
});

test('metrics of a tenant are for its tokens; those of the server for tokens of no tenant', async () => {
  const rowsIn = async (name: string, tenant?: string): Promise<string | undefined> => {
    const { text } = await call('GET', '/metrics', name, tenant);
    return /^podlog_appended_rows_total (\d+)$/m.exec(text)?.[1];
  };
  const ofShop = await rowsIn('all', 'shop');
  expect(ofShop).toBeDefined();
  expect(await rowsIn('shop')).toBe(ofShop);
  expect(await rowsIn('all')).not.toBe(ofShop);
  expect(await call('GET', '/metrics', 'two')).toMatchObject({ status: 401 });
});

test('a question makes no tenant, whatever its route', async () => {
  expect(await call('GET', '/loki/api/v1/push', 'all', 'asked')).toMatchObject({ status: 404 });
  expect(await call('GET', '/otlp/v1/logs', 'all', 'asked')).toMatchObject({ status: 404 });
  await expect(access(join(folder, 'data/tenants/asked'))).rejects.toThrow();
});

const OLD = JSON.stringify({ streams: [{ stream: { app: 'same' }, values: [['1', 'too old']] }] });

test.each([
  ['/loki/api/v1/push', '{"streams":[{', 400],
  ['/loki/api/v1/push', '{}', 422],
  ['/loki/api/v1/push', OLD, 400],
  ['/otlp/v1/logs', '{"resourceLogs":7}', 400],
  ['/ingest?app=same&level', '', 400],
])('a first push that is refused makes no tenant: %s %s', async (path, body, status) => {
  expect(await call('POST', path, 'all', 'garbage', body)).toMatchObject({ status });
  await expect(access(join(folder, 'data/tenants/garbage'))).rejects.toThrow();
  expect(await lines('garbage')).toEqual([]);
});

test('first pushes at once make one tenant, and each line is stored once', async () => {
  const values = Array.from({ length: 3 }, (_, n) => [`${Date.now()}00000${n}`, `first ${n}`]);
  const body = (some: string[][]): string => JSON.stringify({ streams: [{ stream: { app: 'same' }, values: some }] });
  const pushAll = async (some: string[][]): Promise<void> => {
    const { status } = await call('POST', '/loki/api/v1/push', 'all', 'first', body(some));
    // A repeat that arrives while the first is being stored is asked to come again.
    if (status === 503) await pushAll(some);
    else expect(status).toBe(204);
  };
  await Promise.all([pushAll(values), pushAll(values.slice(0, 1)), pushAll(values)]);
  // Loki's answers have a text of a stream and an instant once; podlog's have each line that is stored.
  expect((await lines('first')).toSorted()).toEqual(values.map(([, line]) => `{"app":"same"} ${line}`));
  const stored = (await call('GET', '/logs?app=same&format=raw', 'all', 'first')).text.trimEnd().split('\n');
  expect(stored.toSorted()).toEqual(['first 0', 'first 0', 'first 1', 'first 2']);
  await access(join(folder, 'data/tenants/first'));
});

test('an export of several is recorded in the store of the data folder', async () => {
  const recorded = async (): Promise<string> =>
    (await call('GET', '/logs?source=audit&q=exported', 'all', 'podlog')).text;
  expect(await recorded()).toBe('');
  await call('GET', `/loki/api/v1/query_range?${QUERY}&limit=5000`, 'all', 'shop|bank');
  expect(await recorded()).toContain('lines exported');
});

test('a token is bound to its tenants', async () => {
  const path = `/loki/api/v1/query_range?${QUERY}`;
  expect(await call('GET', path, 'shop')).toMatchObject({ status: 200, text: expect.stringContaining('of the shop') });
  expect(await call('GET', path, 'shop', 'bank')).toMatchObject({ status: 403 });
  expect(await call('GET', path, 'shop', 'shop|bank')).toMatchObject({ status: 403 });
  expect(await call('GET', path, 'shop', 'podlog')).toMatchObject({ status: 403 });
  expect(await call('GET', path, 'two')).toMatchObject({ status: 401 });
  expect(await call('GET', path, 'two', 'shop|bank')).toMatchObject({ status: 200 });
});

test('the page names no tenant: it shows the first of the token that signed in, or that of the folder itself', async () => {
  for (const name of ['home', 'shop', 'bank']) {
    const tenant = name === 'home' ? 'podlog' : name;
    expect(await call('POST', '/ingest?app=page', 'all', tenant, `{"of":"${name}"}`)).toMatchObject({ status: 200 });
  }
  const seen = async (name: string): Promise<string> => {
    const authorization = `Bearer ${token(name)}`;
    const opened = await fetch(`${server.url}/session`, { method: 'POST', headers: { authorization } });
    const cookie = opened.headers.getSetCookie()[0]!.split(';')[0]!;
    return (await fetch(`${server.url}/logs?app=page&format=raw`, { headers: { cookie } })).text();
  };
  expect(await seen('all')).toBe('{"of":"home"}\n');
  expect(await seen('shop')).toBe('{"of":"shop"}\n');
  expect(await seen('two')).toBe('{"of":"shop"}\n');
});

test('the folder itself is a tenant, too', async () => {
  expect(await call('POST', '/ingest?app=home', 'all', 'podlog', '{"a":1}')).toMatchObject({ status: 200 });
  expect((await call('GET', '/logs?app=home', 'all', 'podlog')).text).toContain('"a":1');
  expect((await call('GET', '/logs?app=home', 'all', 'shop')).text).toBe('');
});

test('live tails, erasures and views are of a tenant', async () => {
  const url = `${server.url.replace('http:', 'ws:')}/loki/api/v1/tail?query=${encodeURIComponent('{app="live"}')}`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token('all')}`, 'X-Scope-OrgID': 'shop' } });
  await once(socket, 'open');
  const send = (tenant: string, line: string): Promise<unknown> =>
    call('POST', '/ingest?app=live', 'all', tenant, line);
  const message = once(socket, 'message');
  await send('bank', '"of the bank"');
  await send('shop', '"of the shop"');
  expect(String((await message)[0])).toContain('of the shop');
  socket.terminate();
  const { text } = await call('DELETE', '/logs?app=live', 'all', 'bank');
  const { id } = JSON.parse(text) as { id: string };
  expect(await call('GET', `/erasures/${id}`, 'all', 'shop')).toMatchObject({ status: 404 });
  await expect.poll(async () => (await call('GET', '/logs?app=live', 'all', 'bank')).text).toBe('');
  expect((await call('GET', '/logs?app=live', 'all', 'shop')).text).toContain('of the shop');
});

test('there are no more than allowed, and they are there after a restart', async () => {
  await push('third', 'x');
  await push('fourth', 'x');
  const body = JSON.stringify({ streams: [{ stream: { app: 'x' }, values: [[`${Date.now()}000000`, 'x']] }] });
  expect(await call('POST', '/loki/api/v1/push', 'all', 'fifth', body)).toMatchObject({
    status: 429,
    text: expect.stringContaining(`${TENANTS_MAX} tenants`),
  });
  await server.close();
  server = await startQuietServer(join(folder, 'data'), {
    tenantsMax: TENANTS_MAX,
    access: { tokensFile: join(folder, 'tokens.yaml') },
  });
  expect((await lines('shop')).at(-1)).toContain('of the shop');
});

test('metrics are those of the process, or of a tenant', async () => {
  const [home, shop] = [await call('GET', '/metrics', 'all'), await call('GET', '/metrics', 'all', 'shop')];
  expect([home.status, shop.status]).toEqual([200, 200]);
  expect(home.text).toContain('podlog_workers_busy');
  expect(shop.text).not.toContain('podlog_workers_busy');
});

test('more tenants than allowed keep the server from starting', async () => {
  await server.close();
  const options = { tenantsMax: 2, access: { tokensFile: join(folder, 'tokens.yaml') } };
  await expect(startQuietServer(join(folder, 'data'), options)).rejects.toThrow(
    /has 5 tenants, and --tenants allows 2/,
  );
  server = await startQuietServer(join(folder, 'data'), { ...options, tenantsMax: TENANTS_MAX });
});

test('without tokens the header is wanted all the same, but of agents; without tenants it is ignored', async () => {
  const data = join(folder, 'open');
  for (const tenantsMax of [1, 0]) {
    const open = await startQuietServer(data, { tenantsMax });
    const batch = batchOf({ lines: numberedLines('x', 0, 1), node: `node-${tenantsMax}` });
    const sent = await fetch(`${open.url}/agent/batch`, { method: 'POST', body: new Uint8Array(batch) });
    expect(sent.status).toBe(200);
    const named = await fetch(`${open.url}/agent/batch`, {
      method: 'POST',
      headers: { 'X-Scope-OrgID': 'agents' },
      body: new Uint8Array(batchOf({ lines: numberedLines('y', 0, 1), node: `node-${tenantsMax}` })),
    });
    expect(named.status).toBe(200);
    expect(await access(join(data, 'tenants/agents')).then(() => true)).toBe(true);
    const get = async (headers: Record<string, string>): Promise<[number, number]> => {
      const response = await fetch(`${open.url}/logs?name=x`, { headers });
      return [response.status, (await response.text()).split('\n').length - 1];
    };
    expect(await get({})).toEqual(tenantsMax === 1 ? [401, 0] : [200, 2]);
    expect(await get({ 'X-Scope-OrgID': 'podlog' })).toEqual([200, 2 - tenantsMax]);
    expect(await get({ 'X-Scope-OrgID': 'other' })).toEqual(tenantsMax === 1 ? [404, 0] : [200, 2]);
    await open.close();
  }
});

test('a server that closes ends the answers of tenants', async () => {
  const headers = { authorization: `Bearer ${token('all')}`, 'X-Scope-OrgID': 'shop' };
  const response = await fetch(`${server.url}/logs?follow=true&limit=0&format=raw`, { headers });
  await server.close();
  expect(await response.text()).toBe('');
});
