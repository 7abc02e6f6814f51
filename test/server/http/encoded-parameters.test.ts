/** Parameters that cannot be decoded are refused on every route: taken as they are written, they would ask something else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { HOOK_MS_MAX } from '../../deadline.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-encoded-'));
  server = await startQuietServer(join(folder, 'data'));
}, HOOK_MS_MAX);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
}, HOOK_MS_MAX);

const DECODED = /cannot be decoded; allowed: UTF-8, percent-encoded, in which %25 is a percent sign/;

test('every route refuses what is not UTF-8', async () => {
  const unknown = (await (await fetch(`${server.url}/nowhere`)).json()) as { error: { message: string } };
  const routes = unknown.error.message.replace(/^.*; available: /, '').split(', ');
  expect(routes.length).toBeGreaterThan(90);
  for (const route of routes) {
    const [method, path] = route.split(' ') as [string, string];
    const answer = await fetch(`${server.url}${path.replaceAll(/:\w+/g, 'x')}?since=1h&q=%21%ff`, { method });
    expect([route, answer.status, await answer.text()]).toEqual([route, 400, expect.stringMatching(DECODED)]);
  }
}, 60_000);

test.each([
  ['q=%21%ff', 'q: "%21%ff" cannot'],
  ['search=level:error%20%C3', 'search: "level:error%20%C3" cannot'],
  ['since=1h&q=%ED%A0%80', 'q: "%ED%A0%80" cannot'],
  ['q=%F8%88%80%80%80', 'q: "%F8%88%80%80%80" cannot'],
  ['q=100%25&q=100%', 'q: "100%" cannot'],
  ['pod=%zz', 'pod: "%zz" cannot'],
  ['%ff=1', 'parameters: "%ff" cannot'],
  ['user%5Fid=%f', 'user_id: "%f" cannot'],
  ['status>=%', 'status>: "%" cannot'],
  ['latency_ms>5%', 'parameters: "latency_ms%3E5%" cannot'],
  [`q=${'%ff'.repeat(50)}`, `q: "${'%ff'.repeat(33)}%" cannot`],
])('%s', async (query, message) => {
  const answer = await fetch(`${server.url}/logs?${query}`);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect([answer.status, error.code]).toEqual([400, 'PODLOG_BAD_PARAMETER']);
  expect(error.message.startsWith(message)).toBe(true);
  expect(error.message).toMatch(DECODED);
});

test('what can be decoded is taken', async () => {
  for (const query of ['q=%25', 'q=%C3%A9', 'q=%F0%9F%98%80', 'q=%00', 'q=a+b', 'q=%EF%BF%BD', 'caf%C3%A9=1', '']) {
    expect([query, (await fetch(`${server.url}/logs?${query}`)).status]).toEqual([query, 200]);
  }
});

test.each([
  ['in an escape', Buffer.from('query=%7Ba%3D%22%ff%22%7D'), /^query: "%7Ba%3D%22%ff%22%7D" cannot be decoded/],
  [
    'as bytes',
    Buffer.from([...Buffer.from('query={a="'), 0xff, ...Buffer.from('"}')]),
    /^parameters: the form is not UTF-8/,
  ],
])('a form of Loki that is not UTF-8, %s', async (_, body, message) => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(`${server.url}/loki/api/v1/query_range`, { method: 'POST', headers, body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(message)]);
});
