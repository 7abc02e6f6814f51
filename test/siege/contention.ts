/**
 * Intake, agents, heavy queries and live tails at once, on a server within the memory of the manifests: how long pushes,
 * batches and probes take, how long a WAL file waits for its flush, and whether an acknowledged line is missing.
 * `node test/siege/contention.ts [--seconds 30] [--lines 2000000]` runs it alone; it fails where a figure misses its
 * target by more than TOLERANCE.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import { type Figure, figureTable, formatNumber, meetsTarget, quantile } from '../bench/figure.ts';
import { type Bench, inTempDir, waitFor } from '../bench/harness.ts';
import {
  fetchStats,
  fetchText,
  fillCompileCache,
  post,
  type ServerProcess,
  startServerProcess,
} from '../bench/podlog.ts';
import { type Sending, sendSpools } from '../bench/send.ts';
import { type Spool, spoolBatches } from '../bench/spool.ts';
import type { LoadCounts, LoadStart } from './contention-load.ts';
import { POD_MEMORY_BYTES } from '../../server/limits.ts';
import { limitMemory } from './memory-limit.ts';

export const HEAVY_QUERIES = 20;
export const TAILS = 200;

const TARGETS = {
  pushP99Ms: { kind: 'max', value: 500 },
  batchP99Ms: { kind: 'max', value: 500 },
  healthP99Ms: { kind: 'max', value: 100 },
  walWaitSeconds: { kind: 'max', value: 10 },
  lost: { kind: 'max', value: 0 },
  refused: { kind: 'max', value: 0 },
  memoryMegabytes: { kind: 'max', value: POD_MEMORY_BYTES / 1e6 },
} as const;

/** Machines differ, and others may work on this one: only what is this much worse than its target is a failure. */
const TOLERANCE = 3;

const LINES_PER_SECOND = 500;
const PUSH_LINES = 100;
const PUSH_PAUSE_MS = 100;
const BATCH_PAUSE_MS = 400;
const PROBE_PAUSE_MS = 50;
const WATCH_PAUSE_MS = 500;
const SETTLE_MS_MAX = 300_000;

export interface Contention {
  readonly seconds: number;
  readonly startMs: number;
  /** What the agents of a few nodes have left to send. */
  readonly spools: readonly Spool[];
  readonly heavyQueries?: number;
  readonly tails?: number;
}

/** Puts all load on a server that has lines already, and reports the figures. */
export async function contention(
  { url, child }: ServerProcess,
  { seconds, startMs, spools, heavyQueries = HEAVY_QUERIES, tails = TAILS }: Contention,
  { progress, report }: Pick<Bench, 'progress' | 'report'>,
): Promise<void> {
  const start: LoadStart = { url, heavyQueries, tails, since: new Date(startMs).toISOString() };
  const load = new Worker(new URL('./contention-load.ts', import.meta.url), { workerData: start });
  let counts: LoadCounts = {
    queries: 0,
    refusedQueries: 0,
    light: [],
    openTails: 0,
    tailLines: 0,
    endedTails: 0,
    problem: '',
  };
  load.on('message', (message: LoadCounts) => (counts = message));
  await waitFor(async () => counts.openTails + counts.endedTails >= tails, { what: 'the tails are open', child });
  progress(`contention: ${heavyQueries} heavy queries, ${counts.openTails} tails, pushes and batches, ${seconds} s`);

  const stop = new AbortController();
  const push = { samples: [] as number[], lines: 0, refused: 0 };
  const batch = { samples: [] as number[], lines: 0, refused: 0 };
  const probes: number[] = [];
  let failedProbes = 0;
  let walWaitSeconds = 0;
  const app = `contention-${randomUUID()}`;
  const repeat = async (pauseMs: number, once: () => Promise<void>): Promise<void> => {
    while (!stop.signal.aborted) {
      await once();
      await sleep(pauseMs);
    }
  };
  const work = [
    repeat(PUSH_PAUSE_MS, async () => {
      const body = pushBody(push.lines);
      const { status, ms } = await timed(() => post(`${url}/ingest?app=${app}`, 'text/plain', body).catch(noAnswer));
      push.samples.push(ms);
      if (status === 200) push.lines += PUSH_LINES;
      else push.refused++;
    }),
    ...spools.map((spool) =>
      repeat(BATCH_PAUSE_MS, async () => {
        const next = spool.next();
        if (next === undefined) return;
        const { status, text, ms } = await timed(() =>
          post(`${url}/agent/batch`, BATCH_CONTENT_TYPE, next).catch(noAnswer),
        );
        batch.samples.push(ms);
        if (status !== 200) return void batch.refused++;
        batch.lines += (JSON.parse(text) as { rows: number }).rows;
        spool.taken();
      }),
    ),
    repeat(PROBE_PAUSE_MS, async () => {
      const { status, ms } = await timed(() => fetchText(`${url}/healthz`).then(() => ({ status: 200 }), noAnswer));
      probes.push(ms);
      if (status !== 200) failedProbes++;
    }),
    repeat(WATCH_PAUSE_MS, async () => {
      const text = await fetchText(`${url}/metrics`).catch(() => undefined);
      if (text === undefined) return;
      const waited = /^podlog_wal_waiting_seconds (\S+)$/m.exec(text)?.[1] ?? 'NaN';
      walWaitSeconds = Math.max(walWaitSeconds, Number(waited));
    }),
  ];
  const before = counts;
  await Promise.race([sleep(seconds * 1000), ...work]);
  stop.abort();
  await Promise.all(work);
  const during = counts;
  await load.terminate();

  const name = `${heavyQueries} heavy queries and ${tails} tails`;
  report({ name: `${name}: the server has ended`, value: Number(!child.running), unit: '', target: TARGETS.refused });
  if (!child.running) {
    progress(`contention: the server has ended:\n${child.output}`);
    return;
  }
  const settling = { what: 'the pushed lines are counted', child, msMax: SETTLE_MS_MAX, pauseMs: 500 };
  const stored = await waitFor(() => countOf(url, app), settling);
  const ms = (what: string, samples: readonly number[], target: Figure['target']): void => {
    report({ name: `${name}: ${what} p50`, value: quantile(samples, 0.5), unit: 'ms' });
    report({ name: `${name}: ${what} p99`, value: quantile(samples, 0.99), unit: 'ms', target });
  };
  ms('POST /ingest', push.samples, TARGETS.pushP99Ms);
  ms('POST /agent/batch', batch.samples, TARGETS.batchP99Ms);
  ms('GET /healthz', probes, TARGETS.healthP99Ms);
  ms('a light query', during.light, undefined);
  report({ name: `${name}: pushes a second`, value: push.samples.length / seconds, unit: '' });
  report({ name: `${name}: agents' lines a second`, value: batch.lines / seconds, unit: 'lines' });
  report({ name: `${name}: heavy queries answered`, value: during.queries - before.queries, unit: '' });
  report({ name: `${name}: heavy queries refused`, value: during.refusedQueries, unit: '' });
  report({ name: `${name}: lines of tails`, value: during.tailLines - before.tailLines, unit: '' });
  report({ name: `${name}: probes that failed`, value: failedProbes, unit: '', target: TARGETS.refused });
  report({ name: `${name}: tails that ended`, value: during.endedTails, unit: '', target: TARGETS.refused });
  report({
    name: `${name}: pushes and batches refused`,
    value: push.refused + batch.refused,
    unit: '',
    target: TARGETS.refused,
  });
  report({
    name: `${name}: longest wait of a WAL file`,
    value: walWaitSeconds,
    unit: 's',
    target: TARGETS.walWaitSeconds,
  });
  report({
    name: `${name}: pushed lines lost or doubled`,
    value: Math.abs(stored - push.lines),
    unit: '',
    target: TARGETS.lost,
  });
  report({ name: `${name}: peak memory`, value: child.peakMegabytes(), unit: 'MB', target: TARGETS.memoryMegabytes });
  if (during.problem !== '') progress(`contention: ${during.problem}`);
}

function pushBody(from: number): Buffer {
  const lines = Array.from({ length: PUSH_LINES }, (_, i) =>
    JSON.stringify({ level: i % 10 === 0 ? 'error' : 'info', n: from + i, message: 'a pushed line' }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

/** Undefined while the server refuses to count: the queries before may not have ended. */
async function countOf(url: string, app: string): Promise<number | undefined> {
  const response = await fetch(`${url}/aggregate?by=app&app=${app}&since=1h`);
  const text = await response.text();
  if (!response.ok) return undefined;
  const { groups } = JSON.parse(text) as { groups: readonly { readonly rows: number }[] };
  return groups[0]?.rows ?? 0;
}

/** A request that failed is a figure, and no end of the siege. */
function noAnswer(): { status: number; text: string } {
  return { status: 0, text: '' };
}

async function timed<T>(work: () => Promise<T>): Promise<T extends object ? T & { ms: number } : { ms: number }> {
  const startMs = performance.now();
  const result = await work();
  const ms = performance.now() - startMs;
  return (typeof result === 'object' ? { ...result, ms } : { ms }) as never;
}

/** The same on a server of its own, filled first. */
export async function besiegeByContention(
  { storedLines, ...load }: Omit<Contention, 'startMs' | 'spools'> & { readonly storedLines: number },
  { dir, progress, report }: Pick<Bench, 'dir' | 'progress' | 'report'>,
): Promise<void> {
  const bench: Bench = { dir, lineCount: storedLines * 2, isLarge: false, progress, report };
  const spoolDir = join(dir, 'spool');
  mkdirSync(spoolDir);
  const startMs = Date.now() - (bench.lineCount / LINES_PER_SECOND) * 1000;
  const { spools } = await spoolBatches(bench, spoolDir, startMs, LINES_PER_SECOND);
  const server = await startServerProcess(join(dir, 'data'));
  const limit = limitMemory(server.child.pid);
  if (limit === undefined) progress('no cgroup can be made here: the server is not held to the memory of its pod');
  const sending: Sending = { acknowledgedRows: 0, waits: 0, stopped: false };
  const stopper = setInterval(() => (sending.stopped = sending.acknowledgedRows >= storedLines), 1);
  await sendSpools(spools, server.url, sending);
  clearInterval(stopper);
  await waitFor(async () => (await fetchStats(server.url)).walFiles <= 1, {
    what: 'the flushes are done',
    msMax: SETTLE_MS_MAX,
  });
  await contention(server, { ...load, startMs, spools }, bench);
  for (const spool of spools) spool.close();
  await server.child.stop();
  limit?.remove();
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      lines: { type: 'string', default: '2000000' },
      heavy: { type: 'string', default: String(HEAVY_QUERIES) },
      tails: { type: 'string', default: String(TAILS) },
    },
  });
  const storedLines = Number(values.lines);
  const begunMs = performance.now();
  const progress = (text: string): void => {
    process.stderr.write(`${((performance.now() - begunMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  };
  const figures: Figure[] = [];
  await fillCompileCache();
  const report = (figure: Figure): void => {
    figures.push(figure);
    progress(`  ${figure.name}: ${formatNumber(figure.value)} ${figure.unit}`);
  };
  const { heavy, tails, seconds } = values;
  const load = { seconds: Number(seconds), storedLines, heavyQueries: Number(heavy), tails: Number(tails) };
  await inTempDir(undefined, (dir) => besiegeByContention(load, { dir, progress, report }));
  process.stdout.write(`\n${figureTable(figures)}\n`);
  const missed = figures.filter(({ value, target }) => {
    return target !== undefined && !meetsTarget({ name: '', unit: '', value: value / TOLERANCE, target });
  });
  if (missed.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
