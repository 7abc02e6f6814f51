/** The agent's token: read anew for each request, and what is said when the server does not take it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAgentMetrics } from '../../agent/agent-metrics.ts';
import { COMPLAINT_MS } from '../../agent/limits.ts';
import { Shipper } from '../../agent/send/ship.ts';
import { tokenFrom } from '../../agent/send/token-file.ts';

let folder: string;
let path: string;
let said: string[];
/** Authorization headers that came, and what they are answered with. */
let came: (string | undefined)[];
let statusOf: (request: IncomingMessage) => number;
let nowMs: number;
let shipper: Shipper;
const server = createServer((request, response) => {
  came.push(request.headers.authorization);
  request
    .resume()
    .on('end', () =>
      response.writeHead(statusOf(request), { 'content-type': 'application/json' }).end('{"positions":[]}'),
    );
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-token-'));
  path = join(folder, 'token');
  await writeFile(path, 'token-1\n');
  said = [];
  came = [];
  statusOf = () => 200;
  nowMs = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shipper = new Shipper({
    serverUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    node: 'n',
    log: pino({ level: 'warn' }, { write: (line: string) => said.push(line) }),
    metrics: createAgentMetrics(),
    token: tokenFrom(path),
    now: () => nowMs,
    backoffMsMax: 5,
  });
});
afterEach(async () => {
  shipper.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test('a token that was renewed is used from the next request on', async () => {
  await shipper.fetchPositions();
  await writeFile(path, 'token-2');
  await shipper.send(Buffer.from('x'));
  expect(came).toEqual(['Bearer token-1', 'Bearer token-2']);
});

test.for([401, 403])('%i: it is said once a minute with advice, and tried until it works', async (status) => {
  statusOf = ({ headers }) => {
    if (came.length === 5) nowMs = COMPLAINT_MS;
    return headers.authorization === 'Bearer token-2' ? 200 : status;
  };
  const sent = shipper.send(Buffer.from('x'));
  await expect.poll(() => came.length).toBeGreaterThan(8);
  await writeFile(path, 'token-2');
  expect(await sent).toEqual({ kind: 'stored' });
  expect(said).toHaveLength(2);
  for (const line of said) {
    expect(line).toMatch(/does not let this agent in.*--agent-accounts/);
    expect(line).not.toContain('token-1');
  }
});

test.for([
  ['missing', () => rm(path), /ENOENT/],
  ['empty', () => writeFile(path, '\n'), /is empty/],
  ['not a token', () => writeFile(path, 'two\nlines-sEcReT'), /more than a token/],
] as const)('a token file that is %s is waited for', async ([, breakIt, message]) => {
  await breakIt();
  const sent = shipper.send(Buffer.from('x'));
  await expect.poll(() => said.join('')).toMatch(message);
  expect(said.join('')).not.toContain('sEcReT');
  await writeFile(path, 'token-2');
  expect(await sent).toEqual({ kind: 'stored' });
  expect(came).toEqual(['Bearer token-2']);
});
