/** How an import talks to a server: who it says it is, what it asks again, and what it does not. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Endpoint, RefusedError } from '../../../cli/import/endpoint.ts';

let folder: string;
let server: Server;
let url: string;
/** What the server answers with next; `lost` ends the connection. Then 200. */
let answers: (number | 'lost' | { readonly code: string })[];
let asked: IncomingHttpHeaders[];
let reports: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-endpoint-'));
  [answers, asked, reports] = [[], [], []];
  server = createServer((request, response) => {
    asked.push(request.headers);
    const next = answers.shift() ?? 200;
    if (next === 'lost') request.socket.destroy();
    else if (typeof next === 'object') response.writeHead(429, { 'podlog-error-code': next.code }).end('full');
    else response.writeHead(next).end(`answer ${next}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const stopping = new AbortController();

async function endpoint(
  token?: string,
  { signal } = stopping,
  report = (text: string): unknown => reports.push(text),
): Promise<Endpoint> {
  const tokenFile = token === undefined ? undefined : join(folder, 'token');
  if (tokenFile !== undefined) await writeFile(tokenFile, `${token}\n`);
  return new Endpoint({ name: 'Loki', url, tokenFile, tenant: 'shop', signal, report });
}

const ASK = { method: 'GET', path: '/ready' } as const;

test.each([
  [undefined, undefined],
  ['a-token', 'Bearer a-token'],
  ['me:secret', `Basic ${Buffer.from('me:secret').toString('base64')}`],
])('token %s', async (token, authorization) => {
  const loki = await endpoint(token);
  await loki.ask(ASK);
  loki.close();
  expect(asked).toMatchObject([{ 'x-scope-orgid': 'shop' }]);
  expect(asked[0]!.authorization).toBe(authorization);
});

test('a server that is away, busy or broken is asked again, and that is reported once', async () => {
  const loki = await endpoint();
  answers = [503, 'lost', 429];
  const reasons: string[] = [];
  const { body } = await loki.ask(ASK, undefined, (reason) => {
    reasons.push(reason);
    return ASK;
  });
  loki.close();
  expect(body.toString()).toBe('answer 200');
  expect(asked).toHaveLength(4);
  expect(reasons).toHaveLength(3);
  expect(reports).toEqual(['request to Loki failed; retrying: it answers with 503: answer 503']);
});

test.each([400, 401, 403, 404, 413])('%i is final', async (status) => {
  const loki = await endpoint();
  answers = [status];
  await expect(loki.ask(ASK)).rejects.toThrow(RefusedError);
  loki.close();
  expect(asked).toHaveLength(1);
});

test('what no waiting cures is final, whatever its status is', async () => {
  const podlog = await endpoint();
  answers = [{ code: 'PODLOG_TOO_MANY_REQUESTS' }, { code: 'PODLOG_TOO_MANY_TENANTS' }];
  await expect(podlog.ask(ASK)).rejects.toThrow(/answers with 429: full$/);
  podlog.close();
  expect(asked).toHaveLength(2);
});

test('it stops at once, even while it waits to ask again', async () => {
  const stop = new AbortController();
  const loki = await endpoint(undefined, stop, () => stop.abort());
  answers = Array.from({ length: 100 }, () => 503);
  const asking = loki.ask(ASK, undefined, () => expect.fail('it has waited to the end'));
  await expect(asking).rejects.toThrow(/abort/);
  loki.close();
  expect(asked).toHaveLength(1);
});
