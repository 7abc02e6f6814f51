/** A client that leaves ends the work for its query at once, whatever it asked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { quantile } from '../../bench/figure.ts';
import { Random } from '../../corpus/random.ts';
import { WAIT_MS_MAX } from '../../deadline.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

/** What is allowed in the median. */
const END_MS_MAX = 100;
/** The same as a part of the time of the whole query, about a second on a quiet machine: a busy one takes longer for both. */
const END_PART_MAX = 0.2;
const TRIES = 9;
const IDLE = { queries: 0, waitingTasks: 0, busyWorkers: 0 };
const LINES = 400_000;
const LINES_AT_ONCE = 50_000;

const logged: string[] = [];
let dataDir: string;
let server: Server;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'podlog-leaving-'));
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });
  server = await startQuietServer(dataDir, { log });
  const random = new Random(1);
  const lines = Array.from({ length: LINES }, (_, n) =>
    JSON.stringify({ n, text: `${random.below(1e9)} ${random.below(1e9)} ${random.below(1e9)} ${random.below(1e9)}` }),
  );
  for (let from = 0; from < LINES; from += LINES_AT_ONCE) {
    const body = lines.slice(from, from + LINES_AT_ONCE).join('\n');
    const response = await fetch(`${server.url}/ingest?app=x`, { method: 'POST', body });
    expect(response.status).toBe(200);
  }
});

afterAll(async () => {
  await server.close();
  expect(logged).toEqual([]);
  await rm(dataDir, { recursive: true, force: true });
});

/** So that each takes about a second: an expression without a literal, over lines of which none has what it wants. */
const EXPRESSION = '(\\d+ ){3}\\d+x[a-z]\\d|(\\d\\d ){9}';
const SLOW = `q=${encodeURIComponent(`~${EXPRESSION}`)}`;
/** In workers; and in slices of the main thread, which runs what the store cannot. */
const SLOW_LOGQL = [
  `{app="x"} |~ "${EXPRESSION.replaceAll('\\', '\\\\')}"`,
  '{app="x"} | json | n=~"x.*" | line_format "{{.text}}"',
];

test.each([
  ...['/logs?', '/logs?limit=all&', '/aggregate?by=n&', '/histogram?by=n&', '/fields?', '/stats?by=n&'].map(
    (path) => path + SLOW,
  ),
  ...SLOW_LOGQL.flatMap((query) => [
    `/loki/api/v1/query_range?query=${encodeURIComponent(query)}`,
    `/loki/api/v1/query?query=${encodeURIComponent(`sum(count_over_time(${query} [1h]))`)}`,
  ]),
])('%s', async (path) => {
  const times: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // Flushes and the try before must have ended: their work keeps workers busy, too.
    await eventually(async () => expect(await readLoad()).toEqual(IDLE));
    const gone = new AbortController();
    const outcome = fetch(`${server.url}${path}`, { signal: gone.signal }).then(
      () => 'answered',
      () => 'gone',
    );
    await eventually(async () => {
      const { queries, busyWorkers } = await readLoad();
      expect([queries, busyWorkers > 0]).toEqual([1, true]);
    });
    const leftMs = performance.now();
    gone.abort();
    await vi.waitUntil(async () => isDeepStrictEqual(await readLoad(), IDLE), { timeout: WAIT_MS_MAX, interval: 1 });
    times.push(performance.now() - leftMs);
    expect(await outcome).toBe('gone');
  }
  const begunMs = performance.now();
  await (await fetch(server.url + path)).arrayBuffer();
  const wholeMs = performance.now() - begunMs;
  expect(quantile(times, 0.5)).toBeLessThan(Math.max(END_MS_MAX, END_PART_MAX * wholeMs));
});

test('a server that closes says so to who waits for an answer', async () => {
  const asked = fetch(`${server.url}/logs?${SLOW}`);
  await eventually(async () => expect((await readLoad()).queries).toBe(1));
  await server.close();
  const response = await asked;
  server = await startQuietServer(dataDir);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('the server is shutting down');
});

/** What the server is at, by its metrics. A query's place is free as soon as its client has left; its tasks end later. */
async function readLoad(): Promise<typeof IDLE> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const gauge = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)![1]);
  return {
    queries: gauge('podlog_queries_running'),
    waitingTasks: gauge('podlog_worker_queue'),
    busyWorkers: gauge('podlog_workers_busy'),
  };
}
