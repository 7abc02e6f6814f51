/** CSV is opened with spreadsheets, and its lines are anybody's. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-csv-'));
  server = await startQuietServer(join(folder, 'data'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(query: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/logs?${query}`);
  return { status: response.status, text: await response.text() };
}

let pushed = 0;

/** The line and its labels as a row of CSV, without the time. */
async function rowOf(line: string, parameters = '', labels = ''): Promise<string> {
  const app = `app${++pushed}`;
  await fetch(`${server.url}/ingest?app=${app}${labels}`, { method: 'POST', body: line });
  const { text } = await get(`app=${app}&format=csv${parameters}`);
  expect(text).toMatch(/^time,namespace,pod,container,stream,labels,line\n/);
  return text
    .slice(text.indexOf('\n') + 1)
    .replace(/^[^,]*,/, '')
    .replace(app, 'app')
    .trimEnd();
}

test.for([
  ['=1+1', "'=1+1"],
  ['=HYPERLINK("http://evil.example","x")', `"'=HYPERLINK(""http://evil.example"",""x"")"`],
  ['+cmd', "'+cmd"],
  ['+1+1', "'+1+1"],
  ['-2+3', "'-2+3"],
  ['--', "'--"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['＝1', "'＝1"],
  ['-', "'-"],
  ['-5', '-5'],
  ['+3.25e-7', '+3.25e-7'],
  ['-5 apples', "'-5 apples"],
  ['a=1', 'a=1'],
  [' =1', ' =1'],
  ["'=1", "'=1"],
  ['{"a":1}', '"{""a"":1}"'],
] as const)('%j', async ([line, want]) => {
  expect(await rowOf(line)).toBe(`,,,,app=app,${want}`);
  const exact = /[",\r\n]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
  expect(await rowOf(line, '&csv=exact')).toBe(`,,,,app=app,${exact}`);
});

test('labels are anybody’s, too', async () => {
  expect(await rowOf('x', '', `&pod=${encodeURIComponent('=1+1')}`)).toBe(",'=1+1,,,app=app,x");
  expect(await rowOf('x', '&csv=exact', `&pod=${encodeURIComponent('=1+1')}`)).toBe(',=1+1,,,app=app,x');
});

test.for([
  ['csv=exact', /^csv: given without format=csv; allowed: csv with format=csv/],
  ['format=json&csv=exact', /^csv: given without format=csv/],
  ['format=csv&csv=wild', /^csv: "wild" is unknown; allowed: harmless, exact/],
  ['format=csv-exact', /^format: "csv-exact" is unknown/],
] as const)('%s is refused', async ([query, message]) => {
  const { status, text } = await get(query);
  expect(status).toBe(400);
  expect((JSON.parse(text) as { error: { message: string } }).error.message).toMatch(message);
});
