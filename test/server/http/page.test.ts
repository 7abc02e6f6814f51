import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

const TOKEN = 'a-token-of-a-test-1234';
let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-page-'));
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, `- name: reader\n  token: '${TOKEN}'\n  scopes: [read]\n`);
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Unlike fetch, leaves bodies as they were sent. */
function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) });
      });
    })
      .on('error', reject)
      .end();
  });
}

test.each([
  '/',
  '/live',
  '/endpoints',
  '/endpoints/GET/%2Fapi%2F%7Bid%7D',
  '/cluster',
  '/request/f14c',
  '/user/12345',
  '/?q=level:error',
])('%s is the page, without a token and with a strict policy', async (path) => {
  const { status, headers, body } = await get(path);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|data:/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['cache-control']).toBe('no-cache');
  expect(body.toString()).toContain('<div id="page">');
});

test('files are compressed as the browser takes them, and are the same', async () => {
  const index = (await get('/')).body.toString();
  const [, script] = /src="([^"]*)"/.exec(index)!;
  const plain = await get(script!);
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8');
  const brotli = await get(script!, { 'accept-encoding': 'gzip, deflate, br, zstd' });
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(brotli.headers['vary']).toBe('accept-encoding');
  expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
  const gzip = await get(script!, { 'accept-encoding': 'gzip, br;q=0' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
});

test('a page that has not changed is not sent again', async () => {
  const { headers } = await get('/');
  const again = await get('/', { 'if-none-match': String(headers['etag']) });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  expect((await get('/', { 'if-none-match': 'W/"other"' })).status).toBe(200);
});

test.each(['/assets/none.js', '/assets/..%2Findex.html', '/assets/%2e%2e%2f%2e%2e%2fpackage.json', '/assets/'])(
  '%s is not a file of the page',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);

test('data are never open', async () => {
  for (const path of ['/logs', '/histogram', '/fields', '/session', '/patterns', '/requests/x', '/users/x']) {
    expect((await get(path)).status, path).toBe(401);
  }
  const challenges = async (headers = {}) => (await get('/session', headers)).headers['www-authenticate'];
  expect(await challenges()).toContain('Basic');
  // The page has its own login, over which a browser must not lay one.
  expect(await challenges({ 'podlog-client': 'page' })).toBe('Bearer realm="podlog"');
  expect((await get('/session', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
});
