/**
 * From a container's write to the answer that has the line: server and agent as they are, pods that log at a
 * moderate and at a high rate, and a marker line now and then, which is asked for until it is there.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Corpus } from '../corpus/corpus.ts';
import { logPath } from '../corpus/tree.ts';
import { formatNumber, quantile } from './figure.ts';
import { type Bench, waitFor } from './harness.ts';
import { LogWriter } from './log-writer.ts';
import { fetchText, startAgentProcess, startServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const LOADS = [
  { linesPerSecond: 1000, podCount: 12 },
  { linesPerSecond: 20_000, podCount: 200 },
];
const MARKER_COUNT = 100;
const MARKER_GAP_MS_MAX = 150;
/** The answer is asked for this often, which the figure includes. */
const POLL_MS = 3;

type Load = (typeof LOADS)[number];

export async function benchFreshness(bench: Bench): Promise<void> {
  for (const load of LOADS) await measure(bench, load);
}

async function measure({ dir, progress, report }: Bench, { linesPerSecond, podCount }: Load): Promise<void> {
  const podsDir = join(dir, `pods-${podCount}`);
  const corpus = new Corpus({ startMs: Date.now() - 1000, linesPerSecond, podCount });
  const writer = new LogWriter(podsDir, corpus);
  writer.write(linesPerSecond);
  const server = await startServerProcess(join(dir, `data-${podCount}`));
  const agent = startAgentProcess(podsDir, server.url, 'bench');
  const path = logPath(podsDir, corpus.pods[0]!);
  await writeMarker(path, server.url);

  const rate = formatNumber(linesPerSecond);
  progress(`freshness: ${MARKER_COUNT} markers among ${rate} lines a second in ${podCount} files`);
  writer.start(linesPerSecond);
  const samples: number[] = [];
  for (let i = 0; i < MARKER_COUNT; i++) {
    samples.push(await writeMarker(path, server.url));
    await sleep(Math.random() * MARKER_GAP_MS_MAX);
  }
  writer.stop();
  const name = `freshness, ${rate} lines a second`;
  report({ name: `${name}: p50`, value: quantile(samples, 0.5), unit: 'ms' });
  report({ name: `${name}: p99`, value: quantile(samples, 0.99), unit: 'ms', target: TARGETS.freshnessP99Ms });
  report({ name: `${name}: agent`, value: agent.megabytes(), unit: 'MB', target: TARGETS.agentMegabytesPeak });
  report({
    name: `${name}: server`,
    value: server.child.megabytes(),
    unit: 'MB',
    target: TARGETS.serverMegabytesPeak,
  });
  await agent.stop();
  await server.child.stop();
}

/** Appends a line that occurs once, and returns how many ms later `/logs` has it. */
async function writeMarker(path: string, url: string): Promise<number> {
  const id = randomUUID();
  const time = new Date().toISOString();
  const startMs = performance.now();
  appendFileSync(path, `${time} stdout F {"level":"info","request_id":"${id}","time":"${time}","message":"marker"}\n`);
  const address = `${url}/logs?request_id=${id}&since=1h`;
  await waitFor(async () => (await fetchText(address)).includes(id), { what: 'the marker is found', pauseMs: POLL_MS });
  return performance.now() - startMs;
}
