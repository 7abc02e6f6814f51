/** Samples of CPU and memory are lines that a question may leave out: they come each minute, and say nothing about a fault. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-samples-'));
  server = await startQuietServer(folder);
  for (const [labels, line] of [
    ['namespace=shop&app=api', '{"message":"of a container","source":"a field"}'],
    ['namespace=shop&source=changes', 'of a deploy'],
    ['namespace=shop&source=metrics', '{"level":"trace","kind":"Pod","cpu_cores":0.04}'],
  ]) {
    const response = await fetch(`${server.url}/ingest?${labels}`, { method: 'POST', body: line! });
    expect(response.status).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

test.each([
  ['', 3],
  ['samples=true', 3],
  ['samples=false', 2],
  ['samples=false&namespace=shop&q=o', 2],
  // Whoever names the source means it.
  ['samples=false&source=metrics', 1],
  ['samples=false&label.source=*', 2],
  ['samples=false&search=source:metrics+or+app:api', 2],
  ['samples=false&source=!changes', 2],
  // A field of that name is of the line, and so is meant.
  ['samples=false&field.source=a field', 1],
])('%s: %i', async (parameters, count) => {
  const answer = await fetch(`${server.url}/aggregate?${parameters}`);
  expect(await answer.json()).toMatchObject({ groups: [{ rows: count }] });
  const text = await (await fetch(`${server.url}/logs?${parameters}&format=raw`)).text();
  expect(text.match(/\n/g)).toHaveLength(count);
});

test('something else is refused with what is allowed', async () => {
  const answer = await fetch(`${server.url}/logs?samples=5`);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('samples: \\"5\\" is not a boolean');
});

test('where only samples are left, nothing else is said about a name that nobody wrote', async () => {
  const answer = await fetch(`${server.url}/logs?samples=false&app=api&q=nothing`);
  expect(answer.headers.get('podlog-hint')).toBe('without q=nothing: 1 line');
});
