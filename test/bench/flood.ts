/** One container that writes 50 MB/s beside 200 that write a line now and then: how late the quiet ones' lines are. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import { freePort } from '../free-port.ts';
import { quantile } from './figure.ts';
import { type Bench, Child, waitFor } from './harness.ts';
import { fetchText, isUp, startAgentProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const QUIET_COUNT = 200;
const FLOOD_BYTES_PER_SECOND = 50e6;
const SECONDS = 20;
const TICK_MS = 20;
const BLOCK_LINES = 4000;

export async function benchFlood({ dir, progress, report }: Bench): Promise<void> {
  const podsDir = join(dir, 'pods');
  const quiet = Array.from({ length: QUIET_COUNT }, (_, i) => join(podsDir, `quiet_pod-${i}_uid-${i}`, 'app', '0.log'));
  const flood = join(podsDir, 'loud_flood_uid-flood', 'app', '0.log');
  for (const path of [...quiet, flood]) mkdirSync(dirname(path), { recursive: true });
  const block = corpusBlock();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const sink = new Child(['test/bench/sink.ts', String(port)]);
  await waitFor(() => isUp(`${url}/rows`), { what: 'the sink listens', child: sink });
  const agent = startAgentProcess(podsDir, url, 'bench');
  const lags = async (): Promise<number[]> => JSON.parse(await fetchText(`${url}/lags`)) as number[];
  appendFileSync(quiet[0]!, quietLine());
  await waitFor(async () => (await lags()).length === 1, { what: 'the first line', child: agent });

  progress(`flood: 50 MB/s in one file beside ${QUIET_COUNT} quiet ones, ${SECONDS} s`);
  const cpuSecondsBefore = agent.cpuSeconds();
  const startMs = performance.now();
  let writtenBytes = 0;
  let quietLines = 0;
  for (let elapsedMs = 0; elapsedMs < SECONDS * 1000; elapsedMs = performance.now() - startMs) {
    for (; writtenBytes < (elapsedMs / 1000) * FLOOD_BYTES_PER_SECOND; writtenBytes += block.length) {
      appendFileSync(flood, block);
    }
    appendFileSync(quiet[quietLines++ % QUIET_COUNT]!, quietLine());
    await sleep(TICK_MS);
  }
  const cpuSeconds = agent.cpuSeconds() - cpuSecondsBefore;
  const seconds = (performance.now() - startMs) / 1000;
  await waitFor(async () => (await lags()).length === quietLines + 1, { what: 'the quiet lines', child: agent });
  const samples = (await lags()).slice(1);
  const name = `flood, ${Math.round(writtenBytes / seconds / 1e6)} MB/s`;
  report({ name: `${name}: quiet lines p50`, value: quantile(samples, 0.5), unit: 'ms' });
  report({
    name: `${name}: quiet lines p99`,
    value: quantile(samples, 0.99),
    unit: 'ms',
    target: TARGETS.floodQuietLagP99Ms,
  });
  report({ name: `${name}: agent of a core`, value: (cpuSeconds / seconds) * 100, unit: '%' });
  report({
    name: `${name}: agent's peak memory`,
    value: agent.peakMegabytes(),
    unit: 'MB',
    target: TARGETS.agentMegabytesPeak,
  });
  await agent.stop('SIGKILL');
  await sink.stop();
}

/** About a megabyte of the corpus, so that making lines costs no time of its own. */
function corpusBlock(): Buffer {
  const corpus = new Corpus();
  const bytes = Buffer.alloc(BLOCK_LINES * CORPUS_LINE_BYTES_MAX);
  let end = 0;
  for (let i = 0; i < BLOCK_LINES; i++) end = corpus.nextFragment(bytes, end);
  return bytes.subarray(0, end);
}

function quietLine(): string {
  return `${new Date().toISOString()} stdout F {"level":"info","message":"quiet"}\n`;
}
