/** `podlog import loki` as a process, from one podlog, which speaks Loki, to another: every line once, whatever happens between. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Server } from '../../server/main.ts';
import { jsonOf, type SentStream } from '../server/ingest/loki/push-bodies.ts';
import { startQuietServer } from '../server/quiet-server.ts';

const command = fileURLToPath(new URL('../../cli/podlog.js', import.meta.url));
const START = BigInt(Math.floor(Date.now() / 1000 - 20 * 86_400)) * 1_000_000_000n;
const ONE_TIME = START + 5_000_000n;

const REFUSED = { 'podlog-refused-lines': '3' };

type ProxyAnswer = number | 'kill' | 'refuse';

let folder: string;
let source: Server;
let target: Server;
let proxy: { readonly url: string; readonly server: HttpServer; readonly answers: ProxyAnswer[] };
let child: ChildProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-import-'));
  source = await startQuietServer(join(folder, 'source'));
  target = await startQuietServer(join(folder, 'target'));
  proxy = await startProxy();
});
afterEach(async () => {
  proxy.server.close();
  await Promise.all([source.close(), target.close()]);
  await rm(folder, { recursive: true });
});

/** Passes pushes on; then answers as `answers` says, or ends the importing process before the answer. */
async function startProxy(): Promise<typeof proxy> {
  const answers: ProxyAnswer[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const headers = { 'content-type': 'application/json', 'podlog-import': String(request.headers['podlog-import']) };
      const next = answers.shift();
      const stored = await fetch(target.url + request.url!, { method: 'POST', headers, body: new Uint8Array(body) });
      if (next === 'kill') child.kill('SIGKILL');
      else if (next === 'refuse') response.writeHead(400, REFUSED).end('3 errors like: too long');
      else response.writeHead(next ?? stored.status, Object.fromEntries(stored.headers)).end(await stored.text());
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, server, answers };
}

async function podlogImport(...flags: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const all = ['--from', source.url, '--server', proxy.url, '--state', join(folder, 'state.json'), ...flags];
  child = spawn(process.execPath, [command, 'import', 'loki', ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code, out, err };
}

async function push(url: string, streams: readonly SentStream[], headers = {}): Promise<number> {
  const body = jsonOf(streams);
  const { status } = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return status;
}

/** All lines of a server, as its own API has them: without what a podlog adds by Loki's API. */
async function linesIn(url: string): Promise<string[]> {
  const answer = await text((await fetch(`${url}/logs?limit=all&order=oldest&since=30d`)).body!);
  return answer
    .trim()
    .split('\n')
    .map((json) => {
      const { time, labels, line, metadata } = JSON.parse(json) as Row;
      return JSON.stringify([time, labels, line, metadata]);
    })
    .toSorted();
}

interface Row {
  readonly time: string;
  readonly labels: Record<string, string>;
  readonly line: string;
  readonly metadata?: Record<string, string>;
}

async function answerOf(url: string, query: string): Promise<unknown> {
  const end = START + 60_000_000_000n;
  const parameters = new URLSearchParams({ query, start: String(START), end: String(end), limit: '5000' });
  const response = await fetch(`${url}/loki/api/v1/query_range?${parameters.toString()}`);
  const { data } = (await response.json()) as { data: { result: unknown } };
  return data.result;
}

/** Streams with 6,000 lines of one time, more than a page, among 12,000 others, some with structured metadata. */
function manyLines(): SentStream[] {
  const streams = ['a', 'b', 'c'].map((app) => ({
    labels: { app, ...(app === 'c' && { zone: 'z' }) },
    entries: Array.from({ length: 6000 }, (_, n) => ({
      ns: n % 3 === 0 ? ONE_TIME : START + BigInt(n) * 1000n,
      line: `{"level":"info","n":${n}}`,
      ...(n % 2 === 0 && { metadata: { trace_id: `t${n}` } }),
    })),
  }));
  return [...streams, { labels: { app: 'a', zone: 'z' }, entries: [{ ns: ONE_TIME, line: 'another stream' }] }];
}

const OLD = { 'podlog-import': 'true' };

test('all lines come once, with their times, labels and metadata, and queries have equal answers', async () => {
  const streams = manyLines();
  expect(await push(source.url, streams)).toBe(400);
  expect(await push(source.url, streams, OLD)).toBe(204);
  proxy.answers.push(204, 503, 204, 429);
  const { code, out } = await podlogImport();
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^imported 18,001 lines .*; 0 refused\n$/) as string,
  });
  const lines = await linesIn(target.url);
  expect(lines.length).toBe(18_001);
  expect(lines).toEqual(await linesIn(source.url));
  for (const query of [
    '{app="c"} |= "9"',
    '{app="a"} | trace_id="t600"',
    'sum by (app) (count_over_time({app=~".+"}[1m]))',
  ]) {
    expect(await answerOf(target.url, query)).toEqual(await answerOf(source.url, query));
  }
});

test('what a podlog makes is not stored, also where it selects the lines; what was pushed to it is', async () => {
  const metadata = { detected_level: 'warn' };
  const streams = [
    { labels: { app: 'made' }, entries: [{ ns: START, line: '{"level":"error"}' }] },
    { labels: { app: 'made', service_name: 'own' }, entries: [{ ns: START, line: 'own', metadata }] },
  ];
  await push(source.url, streams, OLD);
  expect((await podlogImport('--selector', '{service_name="made"}')).out).toContain('imported 1 line ');
  expect((await linesIn(target.url)).map((row) => (JSON.parse(row) as unknown[]).slice(1))).toEqual([
    [{ app: 'made' }, '{"level":"error"}', null],
  ]);
  expect((await podlogImport('--selector', '{service_name="own"}', '--state', join(folder, 'b.json'))).code).toBe(0);
  expect(await linesIn(target.url)).toEqual(await linesIn(source.url));
});

test('a server that has no room for another tenant ends it at once', async () => {
  await push(source.url, manyLines().slice(3), OLD);
  const full = await startQuietServer(join(folder, 'full'), { tenantsMax: 1 });
  expect(await push(full.url, manyLines().slice(3), { 'x-scope-orgid': 'first', ...OLD })).toBe(204);
  const { code, err } = await podlogImport('--server', full.url, '--to-tenant', 'second');
  await full.close();
  expect(code).toBe(1);
  expect(err).toMatch(/^podlog: podlog at .* answers with 429: this server has 1 tenants.*--tenants/m);
});

test('refused lines are counted, their reason is printed once, and the exit code says it', async () => {
  await push(source.url, manyLines(), OLD);
  proxy.answers.push('refuse', 204, 'refuse');
  const { code, out, err } = await podlogImport();
  expect({ code, out }).toEqual({
    code: 1,
    out: expect.stringMatching(/^imported 17,995 lines .*; 6 refused\n$/) as string,
  });
  expect(err.match(/lines were refused: 3 errors like: too long/g)).toHaveLength(1);
});

test('killed between a push and its answer, it goes on: each line is stored once', async () => {
  await push(source.url, manyLines(), OLD);
  proxy.answers.push(204, 204, 'kill');
  expect(await podlogImport()).toMatchObject({ out: '' });
  const { pushing } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as { pushing?: string };
  expect(pushing).toMatch(/^\d+n$/);
  const { code, err } = await podlogImport();
  expect(code).toBe(0);
  expect(err).toContain('going on from');
  expect(await linesIn(target.url)).toEqual(await linesIn(source.url));
});

test('a second import takes what is newer; another one needs another state file', async () => {
  const ns = BigInt(Date.now() - 60_000) * 1_000_000n;
  const lines = (first: bigint): SentStream[] => [{ labels: { app: 'a' }, entries: [{ ns: first, line: `${first}` }] }];
  await push(source.url, lines(ns));
  expect((await podlogImport()).out).toContain('imported 1 line ');
  await push(source.url, lines(BigInt(Date.now()) * 1_000_000n));
  const { out, err } = await podlogImport();
  expect(err).toContain('importing newer ones');
  expect(out).toContain('imported 1 line ');
  expect((await linesIn(target.url)).length).toBe(2);
  const older = await podlogImport('--since', '2010-01-01T00:00:00Z');
  expect(older.code).toBe(1);
  expect(older.err).toMatch(
    /--since asks for lines from 2010-01-01T00:00:00.*: import the older ones with --until .* and another --state/,
  );
  const other = await podlogImport('--selector', '{app="a"}');
  expect(other.code).toBe(1);
  expect(other.err).toMatch(/is of another import .*--state/);
});

test('more lines of one stream and time than Loki gives, and streams that it does not take, are errors', async () => {
  const entries = Array.from({ length: 5000 }, (_, n) => ({ ns: START, line: `${n}` }));
  await push(source.url, [{ labels: { app: 'a' }, entries }], OLD);
  const { code, err } = await podlogImport('--since', '21d');
  expect(code).toBe(1);
  expect(err).toMatch(/^podlog: the stream \{app="a".*\} has 5000 lines or more at .*--selector\n$/m);
  const wrong = await podlogImport('--selector', '{app=}', '--state', join(folder, 'b.json'));
  expect(wrong).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^podlog: Loki at .* answers with 400: parse error/) as string,
  });
});

test('flags that cannot work', async () => {
  expect(await podlogImport('--server', source.url)).toMatchObject({
    code: 2,
    err: `podlog: --from and --server are both ${source.url}: its lines would be there twice\n`,
  });
  const withUser = await podlogImport('--from', 'http://me:secret@loki:3100');
  expect(withUser).toMatchObject({
    code: 2,
    err: 'podlog: --from has a user in its URL: put it into --from-token-file\n',
  });
  expect((await podlogImport('--until', '40d')).err).toMatch(/there is nothing to import: .*--since/);
  expect((await podlogImport('--since', 'lunch')).err).toMatch(/--since "lunch" must be an age/);
});
