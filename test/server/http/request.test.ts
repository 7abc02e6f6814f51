/** What the HTTP layer refuses before a route sees it: one JSON error, with a sentence. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { HEADERS_BYTES_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { HOOK_MS_MAX } from '../../deadline.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';
import { RawClient } from './raw-client.ts';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-request-'));
  server = await startQuietServer(join(folder, 'data'));
}, HOOK_MS_MAX);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
}, HOOK_MS_MAX);

const get = (...headers: string[]): string =>
  ['GET /logs HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n');
const post = (headers: readonly string[], body: string): string =>
  ['POST /ingest?app=x HTTP/1.1', 'Host: localhost', ...headers, '', body].join('\r\n');
const chunked = (body: string): string => post(['Transfer-Encoding: chunked'], body);

const REFUSED: readonly [string, string | Buffer, number, RegExp][] = [
  ['no request line', 'hello\r\n\r\n', 400, /not a valid HTTP\/1\.1 request/],
  ['TLS', Buffer.from('16030102000100 01fc'.replace(' ', ''), 'hex'), 400, /not a valid HTTP\/1\.1 request/],
  ['letters beyond ASCII', 'GET /logs?q=über HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, /percent-encoded/],
  ['an unknown method', 'FOO /logs HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, /not a valid HTTP\/1\.1 request/],
  ['no host', 'GET /logs HTTP/1.1\r\n\r\n', 400, /^host: missing; /],
  [
    'an expectation',
    get('Expect: 200-maybe'),
    417,
    /^expect: "200-maybe" is not supported; allowed: 100-continue, none$/,
  ],
  [
    'a header that is too long',
    get(`X: ${'a'.repeat(2 * HEADERS_BYTES_MAX)}`),
    431,
    /headers are too long: send a shorter request/,
  ],
  ['a size of a chunk that is no number', chunked('zz\r\nabc\r\n'), 400, /the body has a malformed chunk: /],
  ['a chunk that is longer than it says', chunked('3\r\nabcdef\r\n'), 400, /the body has a malformed chunk: /],
  ['a length that is no number', post(['Content-Length: abc'], 'abc'), 400, /^content-length: must be the size/],
  ['a coding that is not undone', post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), 501, /allowed: chunked; /],
  ['a coding without chunks', post(['Transfer-Encoding: gzip'], 'abc'), 400, /^transfer-encoding: must be chunked/],
  [
    'a path that cannot be decoded',
    get().replace('/logs', '/labels/%E0%A4%A/values'),
    400,
    /^the path has a "%" that is not followed by/,
  ],
  [
    'a type that is none',
    post(['Content-Type: lines', 'Content-Length: 2'], 'a\n'),
    415,
    /^content-type: not a valid media type; example/,
  ],
  [
    'CONNECT',
    'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n',
    405,
    /not a proxy: send requests to its own address/,
  ],
];

test.each(REFUSED)('%s', async (_, bytes, status, message) => {
  const client = new RawClient(Number(new URL(server.url).port));
  onTestFinished(() => client.close());
  client.send(bytes);
  const { body, sizeBytes } = await eventually(() => {
    expect(client.statuses).toEqual([status]);
    const text = client.text.slice(client.text.indexOf('\r\n\r\n') + 4);
    return { body: JSON.parse(text) as { error: { code: string; message: string } }, sizeBytes: text.length };
  });
  expect(/^content-length: (\d+)\r$/im.exec(client.text)?.[1]).toBe(String(sizeBytes));
  expect(client.text).toMatch(/content-type: application\/json; charset=utf-8/i);
  expect(body).toEqual({
    error: { code: expect.stringMatching(/^PODLOG_/) as string, message: expect.stringMatching(message) as string },
  });
});

test('a broken request behind one that is not answered yet takes no answer from it', async () => {
  const client = new RawClient(Number(new URL(server.url).port));
  onTestFinished(() => client.close());
  client.send(`${get()}hello\r\n\r\n`);
  await eventually(() => expect(client.isClosed).toBe(true));
  expect(client.statuses.filter((status) => status !== 200)).toEqual([]);
});
