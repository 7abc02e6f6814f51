/** Comparisons and regular expressions as one writes them in a URL, counted against the lines themselves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

const LINES = Array.from({ length: 200 }, (_, n) => ({
  status: [200, 204, 404, 500, 503][n % 5]!,
  latency_ms: (n * 37) % 1000,
  took: `${n * 20}ms`,
  path: `/api/v${n % 3}/items/${n}`,
  message: n % 8 === 0 ? 'connection Timeout' : 'done',
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-conditions-'));
  server = await startQuietServer(join(folder, 'data'));
  const body = LINES.map((line) => JSON.stringify(line)).join('\n');
  expect((await fetch(`${server.url}/ingest?app=shop`, { method: 'POST', body })).status).toBe(200);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Sends the path as it is: `fetch` would escape what curl does not. */
async function get(path: string): Promise<{ status: number; text: string }> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode!, text })).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

test.each<[string, (line: (typeof LINES)[number]) => boolean]>([
  ['status>=500', ({ status }) => status >= 500],
  ['status<=204', ({ status }) => status <= 204],
  ['latency_ms>500', ({ latency_ms: ms }) => ms > 500],
  ['latency_ms>100&latency_ms<200', ({ latency_ms: ms }) => ms > 100 && ms < 200],
  ['took<1.5s', ({ took }) => Number.parseInt(took) < 1500],
  ['path=~^/api/v[12]/', ({ path }) => !path.startsWith('/api/v0')],
  ['path=~^/api/v\\d/items/1$', ({ path }) => path.endsWith('/1')],
  ['path=!~^/api/v[12]/', ({ path }) => path.startsWith('/api/v0')],
  ['q=~(?i)TIMEOUT"', ({ message }) => message.endsWith('Timeout')],
  ['q=!~v1.*done', ({ path, message }) => !path.startsWith('/api/v1') || message !== 'done'],
  ['q=timeout', () => false],
  ['q=timeout&ignore_case=true', ({ message }) => message.endsWith('Timeout')],
  ['message=CONN*&ignore_case=true', ({ message }) => message !== 'done'],
  ['status!=200', ({ status }) => status !== 200],
])('%s', async (query, isWanted) => {
  const want = LINES.filter(isWanted).map((line) => JSON.stringify(line));
  const { status, text } = await get(`/logs?format=raw&limit=1000&${query}`);
  expect(status, text).toBe(200);
  expect(text.split('\n').slice(0, -1).toSorted()).toEqual(want.toSorted());
  const counted = await get(`/aggregate?by=app&${query}`);
  expect(JSON.parse(counted.text)).toMatchObject({ groups: want.length === 0 ? [] : [{ rows: want.length }] });
});

test('labels are asked for by expressions, too', async () => {
  expect(await get('/labels/app/values?app=~^s.op$')).toMatchObject({ text: '{"values":["shop"]}' });
  expect(await get('/labels/app/values?app=!~^s.op$')).toMatchObject({
    text: expect.stringContaining('{"values":[],') as string,
  });
  expect(await get('/labels?q=~x')).toMatchObject({ status: 400 });
});

test('what is not understood is refused, with what is wrong and where', async () => {
  const { status, text } = await get('/logs?path=~x(*)');
  expect(status).toBe(400);
  expect(text).toContain('missing argument to repetition operator: \\"*\\" at character 3');
  expect(await get('/logs?status>=many')).toMatchObject({ status: 400 });
});
