/**
 * From a container's write to the answer that has the line: server and agent as they are, twelve pods that log at a
 * moderate rate, and a marker line now and then, which is asked for until it is there.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import { logPath, writeTree } from '../corpus/tree.ts';
import { quantile } from './figure.ts';
import { type Bench, waitFor } from './harness.ts';
import { fetchText, startAgentProcess, startServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const LINES_PER_SECOND = 1000;
const TICK_MS = 20;
const MARKER_COUNT = 100;
const MARKER_GAP_MS_MAX = 150;
/** The answer is asked for this often, which the figure includes. */
const POLL_MS = 3;

export async function benchFreshness({ dir, progress, report }: Bench): Promise<void> {
  const podsDir = join(dir, 'pods');
  const corpus = new Corpus({ startMs: Date.now() - 1000, linesPerSecond: LINES_PER_SECOND });
  writeTree(podsDir, corpus, { lineCount: LINES_PER_SECOND });
  const server = await startServerProcess(join(dir, 'data'));
  const agent = startAgentProcess(podsDir, server.url, 'bench');
  const path = logPath(podsDir, corpus.pods[0]!);
  await writeMarker(path, server.url);

  progress(`freshness: ${MARKER_COUNT} markers among ${LINES_PER_SECOND} lines a second`);
  const load = setInterval(() => appendLines(podsDir, corpus, (LINES_PER_SECOND * TICK_MS) / 1000), TICK_MS);
  const samples: number[] = [];
  for (let i = 0; i < MARKER_COUNT; i++) {
    samples.push(await writeMarker(path, server.url));
    await sleep(Math.random() * MARKER_GAP_MS_MAX);
  }
  clearInterval(load);
  report({ name: 'freshness: p50', value: quantile(samples, 0.5), unit: 'ms' });
  report({ name: 'freshness: p99', value: quantile(samples, 0.99), unit: 'ms', target: TARGETS.freshnessP99Ms });
  const load1000 = `at ${LINES_PER_SECOND} lines a second`;
  report({
    name: `agent, ${load1000}: memory`,
    value: agent.megabytes(),
    unit: 'MB',
    target: TARGETS.agentMegabytesPeak,
  });
  report({
    name: `server, ${load1000}: memory`,
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

function appendLines(podsDir: string, corpus: Corpus, lineCount: number): void {
  const scratch = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  for (let i = 0; i < lineCount; i++) {
    const end = corpus.nextFragment(scratch, 0);
    appendFileSync(logPath(podsDir, corpus.pods[corpus.stream]!), scratch.subarray(0, end));
  }
}
