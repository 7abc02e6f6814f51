/** The forms of lines over HTTP: as a person reads them, as columns, in a time zone, and live. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

const TIME = '2026-11-23T23:30:00.123456789Z';
const LINES = [
  `{"time":"${TIME}","level":"error","method":"POST","path":"/api/checkout","status":502,"latency_ms":1523.4,"id":12345678901234567890}`,
  `time=${TIME} level=warn msg="took long" took=1.5s`,
];
const ALL = 'namespace=shop&order=oldest';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-forms-'));
  server = await startQuietServer(join(folder, 'data'));
  for (const line of LINES) await push(line);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function push(line: string): Promise<void> {
  const labels = 'namespace=shop&pod=api-6b8f9c7d5-2mjqt&container=api';
  await fetch(`${server.url}/ingest?${labels}`, { method: 'POST', body: line });
}

async function get(query: string): Promise<string> {
  const response = await fetch(`${server.url}/logs?${query}`);
  expect(response.headers.get('content-type')).toContain('charset=utf-8');
  return response.text();
}

test('text: time, level, pod and what a line says', async () => {
  expect(await get(`${ALL}&format=text`)).toBe(
    '2026-11-23 23:30:00.123 error api·2mjqt POST /api/checkout 502 1.52 s id=12345678901234567890\n' +
      '2026-11-23 23:30:00.123 warn  api·2mjqt took long took 1.5 s\n',
  );
  expect(await get('order=oldest&limit=1&format=text&tz=Europe/Berlin')).toMatch(
    /^2026-11-24 00:30:00\.123 error shop\/api·2mjqt POST /,
  );
  const colored = await get(`${ALL}&limit=1&format=text&color=always`);
  expect(colored).toContain('\u001b[31merror\u001b[0m');
});

test('columns: a header and cells in CSV, members in objects', async () => {
  expect(await get(`${ALL}&columns=time,pod,level,path,status,message,took&format=csv&tz=%2B01:00`)).toBe(
    'time,pod,level,path,status,message,took\n' +
      '2026-11-24T00:30:00.123456789+01:00,api-6b8f9c7d5-2mjqt,error,/api/checkout,502,,\n' +
      '2026-11-24T00:30:00.123456789+01:00,api-6b8f9c7d5-2mjqt,warn,,,took long,1.5s\n',
  );
  expect(await get(`${ALL}&columns=id,level,message`)).toBe(
    '{"id":12345678901234567890,"level":"error","message":null}\n{"id":null,"level":"warn","message":"took long"}\n',
  );
  expect(JSON.parse(await get(`${ALL}&columns=status&format=json`))).toEqual([{ status: 502 }, { status: null }]);
  expect(await get(`${ALL}&columns=level,took&format=text`)).toBe('error\t-\nwarn\t1.5s\n');
});

test('columns that no line has are empty, and the header is there without lines, too', async () => {
  expect(await get('namespace=none&columns=a,"b"&format=csv')).toBe('a,"""b"""\n');
  expect(await get(`${ALL}&columns=a,"b"&format=csv`)).toBe('a,"""b"""\n,\n,\n');
});

test('a live tail is readable, too', async () => {
  const gone = new AbortController();
  const response = await fetch(`${server.url}/logs?${ALL}&follow=true&limit=0&format=text`, { signal: gone.signal });
  const reader = response.body!.getReader();
  await push('{"level":"info","message":"live"}');
  expect(Buffer.from((await reader.read()).value ?? '').toString()).toMatch(
    /^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3} info  api·2mjqt live\n$/,
  );
  gone.abort();
});

test('an object has level, fields and cursor beside the line to the byte', async () => {
  const [first] = (await get(`${ALL}&limit=1`)).split('\n');
  expect(JSON.parse(first!)).toMatchObject({
    level: 'error',
    line: LINES[0],
    fields: { status: 502, latency_ms: 1523.4 },
  });
  expect(first).toContain(`"fields":${LINES[0]},"cursor":"`);
  const { cursor } = JSON.parse(first!) as { cursor: string };
  expect(await get(`${ALL}&cursor=${cursor}&limit=1&columns=message`)).toBe('{"message":"took long"}\n');
});
