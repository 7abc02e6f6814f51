/**
 * What an agent costs a node where nothing happens: 200 files that nobody writes to, over a minute, so that what comes every
 * few seconds (a listing of everything, a question for rules, a garbage collection) counts as often as it is.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Corpus } from '../corpus/corpus.ts';
import { freePort } from '../free-port.ts';
import { type Bench, Child, waitFor } from './harness.ts';
import { LogWriter } from './log-writer.ts';
import { fetchText, isUp, startAgentProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const FILE_COUNT = 200;
const LINE_COUNT = 20_000;
/** Until the files that were read are left alone, memory is given back, and compilations are done. */
const SETTLE_MS = 20_000;
const MEASURE_MS = 60_000;

export async function benchIdle({ dir, progress, report }: Bench): Promise<void> {
  const podsDir = join(dir, 'pods');
  const writer = new LogWriter(podsDir, new Corpus({ podCount: FILE_COUNT }));
  writer.write(LINE_COUNT);
  writer.stop();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const sink = new Child(['test/bench/sink.ts', String(port)]);
  await waitFor(() => isUp(`${url}/rows`), { what: 'the sink listens', child: sink });
  const agent = startAgentProcess(podsDir, url, 'bench');
  const everyLine = `{"rows":${LINE_COUNT}}`;
  await waitFor(async () => (await fetchText(`${url}/rows`)) === everyLine, {
    what: 'every line is acknowledged',
    child: agent,
  });
  progress(`idle: ${FILE_COUNT} files for ${MEASURE_MS / 1000} s`);
  await sleep(SETTLE_MS);
  const before = agent.cpuSeconds();
  await sleep(MEASURE_MS);
  const percent = ((agent.cpuSeconds() - before) / (MEASURE_MS / 1000)) * 100;
  const name = `agent, ${FILE_COUNT} idle files`;
  report({ name: `${name}: of a core`, value: percent, unit: '%', target: TARGETS.agentIdleCorePercent });
  report({ name: `${name}: memory`, value: agent.megabytes(), unit: 'MB', target: TARGETS.agentIdleMegabytes });
  await agent.stop();
  await sink.stop();
}
