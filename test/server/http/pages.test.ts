/** Pages of `GET /logs`: by the Link header as a client follows it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

const TIME = '2026-11-23T12:00:00Z';
/** Of one time, in one stream: beyond what one answer may have. */
const TIED = 250_000;
const PAGE = 20_000;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-pages-'));
  server = await startQuietServer(join(folder, 'data'));
  await push(
    'tied',
    Array.from({ length: TIED }, (_, n) => `{"time":"${TIME}","n":${n}}`),
  );
  await push(
    'few',
    Array.from({ length: 50 }, (_, n) => `{"time":"${TIME}","n":${n},"odd":${n % 2}}`),
  );
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function push(app: string, lines: readonly string[]): Promise<void> {
  const response = await fetch(`${server.url}/ingest?app=${app}`, { method: 'POST', body: lines.join('\n') });
  expect(response.status).toBe(200);
}

interface Page {
  readonly status: number;
  readonly text: string;
  readonly more: string | null;
  readonly next: string | undefined;
}

async function pageAt(path: string): Promise<Page> {
  const { status, headers, ...response } = await fetch(`${server.url}${path}`).then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    text: await answer.text(),
  }));
  const [, next] = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
  return { status, ...response, more: headers.get('podlog-more'), next };
}

async function* pagesFrom(path: string): AsyncGenerator<Page> {
  for (let at: string | undefined = path; at !== undefined;) {
    const page: Page = await pageAt(at);
    expect(page.status).toBe(200);
    expect(page.more).toBe(String(page.next !== undefined));
    yield page;
    at = page.next;
  }
}

const numbersIn = (text: string): number[] => Array.from(text.matchAll(/"n":(\d+)/g), ([, n]) => Number(n));

test.each(['oldest', 'newest'])('250,000 lines of one time come once each, in order: %s', async (order) => {
  const got: number[] = [];
  for await (const { text } of pagesFrom(`/logs?app=tied&order=${order}&limit=${PAGE}&format=raw`)) {
    got.push(...numbersIn(text));
  }
  expect(got.length).toBe(TIED);
  const wrong = got.findIndex((n, i) => n !== (order === 'oldest' ? i : TIED - 1 - i));
  expect(wrong).toBe(-1);
});

test.each(['oldest', 'newest'])('limit=all has every line, in order: %s', async (order) => {
  const { text, more } = await pageAt(`/logs?app=tied&order=${order}&limit=all&format=raw`);
  const got = numbersIn(text);
  expect([got.length, more]).toEqual([TIED, 'false']);
  expect(got.findIndex((n, i) => n !== (order === 'oldest' ? i : TIED - 1 - i))).toBe(-1);
});

test.each(['ndjson', 'json', 'csv', 'raw'])('limit=all has the form of any other answer: %s', async (format) => {
  const path = `/logs?app=few&odd=1&order=oldest&format=${format}`;
  const all = await pageAt(`${path}&limit=all`);
  expect(all).toEqual(await pageAt(`${path}&limit=100`));
  expect(await pageAt(`/logs?app=none&format=${format}&limit=all`)).toEqual(
    await pageAt(`/logs?app=none&format=${format}`),
  );
});

test('limit=all goes on after a cursor, where an answer was cut off', async () => {
  const first = await pageAt('/logs?app=tied&order=oldest&limit=1000&format=raw');
  const { text } = await pageAt(first.next!.replace('limit=1000', 'limit=all'));
  expect([...numbersIn(first.text), ...numbersIn(text)].findIndex((n, i) => n !== i)).toBe(-1);
  expect(numbersIn(text).length).toBe(TIED - 1000);
});

test('a live tail has no end, and so not all lines', async () => {
  const { status, text } = await pageAt('/logs?follow=true&limit=all');
  expect([status, text]).toEqual([400, expect.stringContaining('limit: ')]);
});

test.each(['ndjson', 'json', 'csv', 'raw'])('the next page has all parameters of this one: %s', async (format) => {
  const got: number[] = [];
  // Objects have the line, and its fields beside it.
  const numbers = /json/.test(format) ? /\\"n\\":(\d+)/g : /"n"?":(\d+)/g;
  for await (const { text } of pagesFrom(
    `/logs?since=2026-11-23&app=few&odd>=1&limit=7&q=time&order=oldest&format=${format}`,
  )) {
    got.push(...Array.from(text.matchAll(numbers), ([, n]) => Number(n)));
  }
  expect(got).toEqual(Array.from({ length: 25 }, (_, i) => 2 * i + 1));
});

test('times of the next page are those of this one, whenever it is asked for', async () => {
  const { next } = await pageAt('/logs?app=few&since=400d&until=now&limit=1');
  expect(next).toMatch(
    /^\/logs\?app=few&since=2\d{3}-[\d-]*T[\d:.]*Z&until=2\d{3}-[\d-]*T[\d:.]*Z&limit=1&cursor=[\w-]+$/,
  );
});

test('a parameter may have any name', async () => {
  const { next } = await pageAt('/logs?constructor=!x&__proto__=!y&app=few&limit=1');
  expect(next).toMatch(/^\/logs\?constructor=!x&__proto__=!y&app=few&limit=1&cursor=[\w-]+$/);
});

test('an answer that is complete says so', async () => {
  for (const query of ['app=few&limit=50', 'app=none']) {
    expect(await pageAt(`/logs?${query}`)).toMatchObject({ status: 200, more: 'false', next: undefined });
  }
});

test.for([
  ['cursor=lunch', /^cursor: "lunch" is not a cursor/],
  ['cursor=', /^cursor: "" is not a cursor/],
  ['cursor=a&cursor=b', /^cursor: given more than once/],
] as const)('%s is refused', async ([query, message]) => {
  const { status, text } = await pageAt(`/logs?${query}`);
  expect(status).toBe(400);
  expect((JSON.parse(text) as { error: { message: string } }).error.message).toMatch(message);
});

test('the last lines of each, and no page after them', async () => {
  const { text, more, next } = await pageAt('/logs?per=app&limit=3&format=raw&since=2026-11-01');
  expect([numbersIn(text), more, next]).toEqual([[49, 48, 47, TIED - 1, TIED - 2, TIED - 3], null, undefined]);
  for (const query of ['per=app&follow=true', 'per=app&cursor=x', 'per=']) {
    expect(await pageAt(`/logs?${query}`)).toMatchObject({
      status: 400,
      text: expect.stringContaining('per=container'),
    });
  }
});

test('other routes refuse a cursor', async () => {
  for (const route of ['/histogram', '/fields', '/aggregate?by=app']) {
    const { status, text } = await pageAt(`${route}${route.includes('?') ? '&' : '?'}cursor=x`);
    expect([status, text]).toEqual([400, expect.stringContaining('not a parameter of this route')]);
  }
});
