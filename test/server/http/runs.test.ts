/** Which run of a container wrote a line, as its file's name says: answers against a count over the files of a node. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

const READ = 'read-token-0123456789';
const SHOP = 'shop-token-0123456789';
const NODE = 'node-token-0123456789';
const ADMIN = 'admin-token-0123456789';

interface FileLine {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly restart: number;
  readonly text: string;
}

let folder: string;
let server: Server;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-runs-'));
  const tokens = [
    { name: 'read', token: READ, scopes: ['read', 'ingest'] },
    { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
    { name: 'node', token: NODE, scopes: ['agent'], nodes: ['node-1'] },
    { name: 'admin', token: ADMIN, scopes: ['admin'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(tokens));
  for (const [path, lines] of FILES) write(path, lines);
  server = await openServer();
  agent = await openAgent();
  await stored();
});
afterAll(async () => {
  await agent.stop();
  await server.close();
  await rm(folder, { recursive: true });
});

function openServer(data = join(folder, 'data')): Promise<Server> {
  return startQuietServer(data, { access: { tokensFile: join(folder, 'tokens.yaml') } });
}

function openAgent(): Promise<Agent> {
  return startAgent({
    podsDir: join(folder, 'pods'),
    serverUrl: server.url,
    node: 'node-1',
    token: () => NODE,
    log: pino({ level: 'silent' }),
    tickMs: 10,
    quietMs: 30,
  });
}

/** Every line of a file has one time, which the last line of the run before it has, too. */
function linesAt(second: number, name: string, count: number): string {
  const time = (n: number): string =>
    `2026-11-23T15:00:${String(n < count - 1 ? second : second + 1).padStart(2, '0')}Z`;
  return Array.from({ length: count }, (_, n) => {
    const level = n % 4 === 0 ? 'error' : 'info';
    return `${time(n)} ${n % 3 === 0 ? 'stderr' : 'stdout'} F {"level":"${level}","restart":"a field","n":${n},"message":"${name}"}\n`;
  }).join('');
}

const FILES: readonly (readonly [path: string, text: string])[] = [
  // A container that was restarted twice, and whose first run was rotated twice.
  ['shop_api-1_uid-a/api/0.log.20261123-150000.gz', linesAt(0, 'a rotated file', 9)],
  ['shop_api-1_uid-a/api/0.log.20261123-150001', linesAt(1, 'the next one', 8)],
  ['shop_api-1_uid-a/api/0.log', linesAt(2, 'the first run', 7)],
  ['shop_api-1_uid-a/api/1.log', linesAt(3, 'the second run', 6)],
  ['shop_api-1_uid-a/api/2.log', linesAt(4, 'the third run', 5)],
  // Its sidecar was not.
  ['shop_api-1_uid-a/proxy/0.log', linesAt(3, 'proxy', 4)],
  ['shop_web-1_uid-b/web/0.log', linesAt(3, 'web', 3)],
  // A pod of a StatefulSet, and the one that has its name now.
  ['shop_db-0_uid-c/db/0.log', linesAt(0, 'an old pod', 11)],
  ['shop_db-0_uid-c/db/1.log', linesAt(1, 'an old pod, restarted', 12)],
  ['shop_db-0_uid-d/db/0.log', linesAt(5, 'a new pod', 13)],
  // The kubelet has deleted what the runs before had written.
  ['bank_api-1_uid-e/api/14.log', linesAt(2, 'bank', 2)],
  ['bank_api-1_uid-e/api/15.log', linesAt(4, 'bank, restarted', 3)],
];

function write(path: string, text: string): void {
  const file = join(folder, 'pods', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, path.endsWith('.gz') ? gzipSync(text) : text);
}

/** All lines, by the names of their files. */
function linesOfFiles(): FileLine[] {
  const pods = join(folder, 'pods');
  return readdirSync(pods, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.log/.test(path))
    .flatMap((path) => {
      const [directory, container] = path.split('/') as [string, string];
      const [namespace, pod, uid] = directory.split('_') as [string, string, string];
      const bytes = readFileSync(join(pods, path));
      const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
      const restart = Number.parseInt(basename(path));
      const lines = text.split('\n').slice(0, -1);
      return lines.map((line) => ({ namespace, pod, uid, container, restart, text: line.slice(line.indexOf('{')) }));
    });
}

/** Of each container, the run before the newest of which there is a file. */
function previousIn(all: readonly FileLine[]): (line: FileLine) => boolean {
  const container = (line: FileLine): string => `${line.uid}/${line.container}`;
  return (line) => {
    const runs = all.filter((each) => container(each) === container(line)).map(({ restart }) => restart);
    return line.restart === Math.max(...runs) - 1;
  };
}

async function get(path: string, token = READ, method = 'GET'): Promise<{ status: number; text: string }> {
  const response = await fetch(server.url + path, { method, headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text() };
}

async function linesOf(query: string, token = READ): Promise<string[]> {
  const { status, text } = await get(`/logs?format=raw&limit=1000&stream=!podlog&${query}`, token);
  expect(status, text).toBe(200);
  return text.split('\n').slice(0, -1).toSorted();
}

/** Resolves when what the files have is stored. */
async function stored(): Promise<void> {
  const want = linesOfFiles().length;
  await eventually(async () => expect(await linesOf('')).toHaveLength(want));
}

function expected(is: (line: FileLine) => boolean): string[] {
  return linesOfFiles()
    .filter(is)
    .map(({ text }) => text)
    .toSorted();
}

const isError = ({ text }: FileLine): boolean => text.includes('"level":"error"');

const QUESTIONS: readonly (readonly [query: string, is: (line: FileLine, isPrevious: boolean) => boolean])[] = [
  ['restart=0', ({ restart }) => restart === 0],
  ['restart=1&pod=api-1', ({ restart, pod }) => restart === 1 && pod === 'api-1'],
  ['restart=0&restart=2', ({ restart }) => restart === 0 || restart === 2],
  ['restart>=1', ({ restart }) => restart >= 1],
  ['restart=!0', ({ restart }) => restart !== 0],
  ['restart=1*', ({ restart }) => String(restart).startsWith('1')],
  ['search=restart>1 -level:error', (line) => line.restart > 1 && !isError(line)],
  ['line.run=uid-c/db/1', ({ uid, restart }) => uid === 'uid-c' && restart === 1],
  ['line.container=uid-c/db', ({ uid }) => uid === 'uid-c'],
  ['field.restart=a field', () => true],
  ['previous=true', (_, isPrevious) => isPrevious],
  ['previous', (_, isPrevious) => isPrevious],
  ['previous=false', () => true],
  ['previous=true&pod=api-1&namespace=shop', ({ uid }, isPrevious) => isPrevious && uid === 'uid-a'],
  ['previous=true&pod=db-0', ({ uid }, isPrevious) => isPrevious && uid === 'uid-c'],
  // The newest run is the newest of all lines, not of those that match.
  ['previous=true&level=error', (line, isPrevious) => isPrevious && isError(line)],
  ['previous=true&pod=web-1', () => false],
];

describe('answers are those of the files', () => {
  test.each(QUESTIONS)('%s', async (query, is) => {
    const isPrevious = previousIn(linesOfFiles());
    expect(await linesOf(query)).toEqual(expected((line) => is(line, isPrevious(line))));
  });

  test('of a token of one namespace', async () => {
    const isPrevious = previousIn(linesOfFiles());
    const isShop = (line: FileLine): boolean => line.namespace === 'shop';
    expect(await linesOf('previous=true', SHOP)).toEqual(expected((line) => isShop(line) && isPrevious(line)));
    expect(await linesOf('restart>=1', SHOP)).toEqual(expected((line) => isShop(line) && line.restart >= 1));
    expect(await linesOf('line.run=uid-e/api/14', SHOP)).toEqual([]);
  });

  test('counted by run', async () => {
    const { groups } = JSON.parse((await get('/aggregate?by=restart&stream=!podlog')).text) as {
      groups: { by: { restart: string }; rows: number }[];
    };
    const counted = Map.groupBy(linesOfFiles(), ({ restart }) => String(restart));
    const want = new Map([...counted].map(([restart, lines]) => [restart, lines.length]));
    expect(new Map(groups.map(({ by, rows }) => [by.restart, rows]))).toEqual(want);
  });

  test.each(['/histogram?step=1h', '/aggregate?', '/fields?name=n', '/patterns?'])(
    '%s of previous runs',
    async (path) => {
      const rows = expected(previousIn(linesOfFiles())).length;
      const range = 'since=2026-11-23T15:00:00Z&until=2026-11-23T16:00:00Z&stream=!podlog&previous=true';
      const { status, text } = await get(`${path}&${range}`);
      expect(status, text).toBe(200);
      expect(text).toMatch(new RegExp(`"(?:rows|lines|total)":${rows}\\b`));
    },
  );

  test('rows say it', async () => {
    const { text } = await get('/logs?pod=db-0&limit=1000&stream=!podlog');
    const rows = text.split('\n').slice(0, -1);
    const parsed = rows.map((row) => JSON.parse(row) as { restart: number; line: string });
    const want = linesOfFiles().filter(({ pod }) => pod === 'db-0');
    const key = (restart: number, line: string): string => `${restart} ${line}`;
    expect(parsed.map(({ restart, line }) => key(restart, line)).toSorted()).toEqual(
      want.map(({ restart, text: line }) => key(restart, line)).toSorted(),
    );
    const columns = await get('/logs?pod=db-0&message=a new pod&limit=1&columns=restart,line.run');
    expect(columns.text).toBe('{"restart":0,"line.run":"uid-d/db/0"}\n');
    const csv = await get('/logs?pod=db-0&restart=1&limit=1&columns=restart,pod&format=csv');
    expect(csv.text).toBe('restart,pod\n1,db-0\n');
  });
});

test('a run that has begun and printed nothing is the newest, too', async () => {
  expect(await linesOf('previous=true&pod=web-1')).toEqual([]);
  write('shop_web-1_uid-b/web/1.log', '');
  const want = expected(({ pod, restart }) => pod === 'web-1' && restart === 0);
  await eventually(async () => expect(await linesOf('previous=true&pod=web-1')).toEqual(want));
  expect(await linesOf('previous=true&pod=web-1', SHOP)).toEqual(want);
});

test('a pushed line has no run, unless one asks for its label or field', async () => {
  const headers = { authorization: `Bearer ${READ}` };
  const body = '{"message":"pushed","restart":3}';
  await fetch(`${server.url}/ingest?app=pushed`, { method: 'POST', headers, body });
  await eventually(async () => expect(await linesOf('app=pushed')).toHaveLength(1));
  expect(await linesOf('app=pushed&restart=3')).toEqual([]);
  expect(await linesOf('app=pushed&restart=!3')).toHaveLength(1);
  expect(await linesOf('app=pushed&field.restart=3')).toHaveLength(1);
  expect((await get('/logs?app=pushed')).text).not.toContain('"message":"pushed","restart":3},"restart"');
  const { status } = await get('/logs?app=pushed&all=true', ADMIN, 'DELETE');
  expect(status).toBe(202);
  await eventually(async () => expect(await linesOf('app=pushed')).toEqual([]));
});

test('what cannot be asked is refused', async () => {
  expect((await get('/logs?previous=true&follow=true')).text).toContain('a run that has ended writes nothing more');
  expect((await get('/logs?previous=perhaps')).status).toBe(400);
  expect((await get('/labels?previous=true')).status).toBe(400);
  expect((await get('/labels?restart=1')).status).toBe(400);
  expect((await get('/logs?previous=true&pod=api-1', ADMIN, 'DELETE')).text).toContain('next restart');
});

test('restarts of container, agent and server move what is previous, and lose nothing', async () => {
  appendFileSync(join(folder, 'pods', 'shop_api-1_uid-a/api/2.log'), linesAt(9, 'its last words', 2));
  await agent.stop();
  write('shop_api-1_uid-a/api/3.log', linesAt(10, 'the fourth run', 4));
  rmSync(join(folder, 'pods', 'shop_db-0_uid-c'), { recursive: true });
  await server.close();
  server = await openServer();
  agent = await openAgent();
  await eventually(async () =>
    expect(await linesOf('pod=api-1&namespace=shop')).toEqual(expected(({ uid }) => uid === 'uid-a')),
  );
  expect(await linesOf('previous=true&container=api&namespace=shop')).toEqual(
    expected(({ uid, restart }) => uid === 'uid-a' && restart === 2),
  );
  // Its files are gone.
  expect(await linesOf('previous=true&pod=db-0')).toHaveLength(11);
  expect(await linesOf('restart=0&container=api')).toEqual(
    expected(({ container, restart }) => container === 'api' && restart === 0),
  );
});

test('a backup has the runs, in segments, too; and an erasure by run takes the lines of that run alone', async () => {
  const questions = [
    'restart=0',
    'restart>=2',
    'previous=true',
    'line.container=uid-a/api',
    'previous=true&level=error',
  ];
  const answers = (): Promise<string[][]> => Promise.all(questions.map((query) => linesOf(query)));
  const before = await answers();
  expect(before.every(({ length }) => length > 0)).toBe(true);
  const { path, segments } = JSON.parse((await get('/snapshots?name=runs', ADMIN, 'POST')).text) as {
    path: string;
    segments: number;
  };
  expect(segments).toBeGreaterThan(0);
  // The snapshot has flushed everything.
  expect(await answers()).toEqual(before);
  const kept = (await linesOf('restart=!1&container=api')).length;
  const erased = await get('/logs?restart=1&container=api', ADMIN, 'DELETE');
  expect(erased.status, erased.text).toBe(202);
  await eventually(async () => expect(await linesOf('restart=1&container=api')).toEqual([]));
  expect(await linesOf('container=api')).toHaveLength(kept);
  const after = await answers();
  await agent.stop();
  await server.close();
  await cp(path, join(folder, 'restored'), { recursive: true });
  server = await openServer(join(folder, 'restored'));
  // An erasure is done in backups, too.
  expect(await answers()).toEqual(after);
});
