/** Answers are compressed for clients that ask for it, and are the same then. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { fastify } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codingOf, compressAnswers } from '../../../server/http/compressed-answers.ts';
import { ANSWERS_COMPRESSED_AT_ONCE_MAX, COMPRESSED_ANSWER_BYTES_MIN } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

const LINES = 20_000;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-compressed-'));
  server = await startQuietServer(join(folder, 'data'));
  const lines = Array.from({ length: LINES }, (_, n) => `{"n":${n},"message":"request completed"}`);
  await fetch(`${server.url}/ingest?app=x`, { method: 'POST', body: lines.join('\n') });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Got {
  readonly coding: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly sizeBytes: number;
  readonly text: string;
}

/** As it is sent: fetch would decompress it. */
async function get(path: string, accepts?: string): Promise<Got> {
  const headers = accepts === undefined ? {} : { 'accept-encoding': accepts };
  const asked = request(`${server.url}${path}`, { headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
  const coding = response.headers['content-encoding'];
  const text = coding === 'gzip' ? gunzipSync(bytes) : coding === 'zstd' ? zstdDecompressSync(bytes) : bytes;
  return { coding, headers: response.headers, sizeBytes: bytes.length, text: text.toString() };
}

test.each([
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['zstd', 'zstd'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip;q=1.0, zstd;q=0.5', 'gzip'],
  ['gzip;q=0.5,zstd;q=0.501', 'zstd'],
  ['gzip;q=0, zstd;q=0', undefined],
  ['br', undefined],
  ['br, gzip', 'gzip'],
  ['*', 'zstd'],
  ['*, zstd;q=0', 'gzip'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['identity;q=0.9, gzip;q=0.1', undefined],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['gzip;q=lunch', undefined],
  ['gzip ; q=0.3 , zstd ; q=0.2', 'gzip'],
])('Accept-Encoding: %s → %s', (header, want) => expect(codingOf(header)).toBe(want));

const QUERIES = ['limit=100000', 'limit=all&format=raw', 'limit=all&format=json', 'limit=5000&format=csv'];

test.each(QUERIES.flatMap((query) => ['gzip', 'zstd'].map((coding) => [query, coding] as const)))(
  '/logs?%s is the same with %s, and smaller',
  async (query, coding) => {
    const plain = await get(`/logs?order=oldest&${query}`);
    const got = await get(`/logs?order=oldest&${query}`, coding);
    expect([plain.coding, got.coding]).toEqual([undefined, coding]);
    expect(got.text === plain.text).toBe(true);
    expect(got.sizeBytes).toBeLessThan(plain.sizeBytes / 3);
    for (const name of ['content-type', 'podlog-more', 'link', 'vary'])
      expect(got.headers[name]).toBe(plain.headers[name]);
    expect(got.headers['vary']).toBe('accept-encoding');
  },
);

test.each(['gzip', 'zstd'])('an answer in one piece is compressed if it is worth it: %s', async (coding) => {
  const path = `/aggregate?by=n&n=*&limit=1000`;
  const plain = await get(path);
  const got = await get(path, coding);
  expect(got).toMatchObject({ coding, text: plain.text });
  expect(got.headers['content-length']).toBe(String(got.sizeBytes));
  const small = await get('/healthz', coding);
  expect(small.sizeBytes).toBeLessThan(COMPRESSED_ANSWER_BYTES_MIN);
  expect(small.coding).toBeUndefined();
});

test('an error is an error, compressed or not', async () => {
  const { text } = await get(`/logs?limit=${'x'.repeat(2000)}`, 'gzip');
  expect(text).toMatch(/^\{"error":\{/);
});

test('a live tail is not compressed: its lines would wait', async () => {
  const stop = new AbortController();
  const response = await fetch(`${server.url}/logs?follow=true&limit=1`, {
    headers: { 'accept-encoding': 'gzip' },
    signal: stop.signal,
  });
  expect(response.headers.get('content-encoding')).toBeNull();
  stop.abort();
});

test('beyond the limit of compressed answers, others are sent as they are; one that ends makes room', async () => {
  const app = fastify();
  compressAnswers(app);
  // So much that it does not wait in a window.
  const noise = randomBytes(1 << 20);
  app.get('/endless', (_request, reply) => {
    const answer = new Readable({ read: () => {} });
    answer.push(noise);
    return reply.send(answer);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  // A response that nothing refers to is cancelled when it is collected.
  const open: Response[] = [];
  const ask = async (stop: AbortController): Promise<string | null> => {
    const headers = { 'accept-encoding': 'gzip' };
    const response = await fetch(`${url}/endless`, { headers, signal: stop.signal });
    open.push(response);
    return response.headers.get('content-encoding');
  };
  const stops = Array.from({ length: ANSWERS_COMPRESSED_AT_ONCE_MAX + 1 }, () => new AbortController());
  for (const [i, stop] of stops.entries()) {
    expect(await ask(stop)).toBe(i < ANSWERS_COMPRESSED_AT_ONCE_MAX ? 'gzip' : null);
  }
  stops[0]!.abort();
  const last = new AbortController();
  await eventually(async () => expect(await ask(last)).toBe('gzip'));
  expect(open.every(({ ok }) => ok)).toBe(true);
  for (const stop of [...stops, last]) stop.abort();
  await app.close();
});
