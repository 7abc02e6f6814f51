/** The agent from file to acknowledged: a folder of finished logs, and a server that acknowledges everything. */
import { join } from 'node:path';
import { Corpus } from '../corpus/corpus.ts';
import { writeTree } from '../corpus/tree.ts';
import { freePort } from '../free-port.ts';
import { type Bench, Child, waitFor } from './harness.ts';
import { fetchText, isUp, startAgentProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

export async function benchAgent({ dir, lineCount, progress, report }: Bench): Promise<void> {
  const podsDir = join(dir, 'pods');
  progress(`agent: writing ${lineCount} lines of 12 pods`);
  const { sizeBytes } = writeTree(podsDir, new Corpus(), { lineCount });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const sink = new Child(['test/bench/sink.ts', String(port)]);
  await waitFor(() => isUp(`${url}/rows`), { what: 'the sink listens', child: sink });

  progress('agent: shipping them');
  const startMs = performance.now();
  const agent = startAgentProcess(podsDir, url, 'bench');
  const everyLine = `{"rows":${lineCount}}`;
  await waitFor(async () => (await fetchText(`${url}/rows`)) === everyLine, {
    what: 'every line is acknowledged',
    child: agent,
    msMax: 60_000 + lineCount,
    pauseMs: 50,
  });
  const wallSeconds = (performance.now() - startMs) / 1e3;
  // Includes the start of the process, about 0.3 s of CPU time.
  const cpuSeconds = agent.cpuSeconds();
  const rate = lineCount / cpuSeconds;
  report({ name: 'agent: a CPU-second', value: rate, unit: 'lines', target: TARGETS.agentLinesPerCpuSecond });
  report({
    name: 'agent: log bytes a CPU-second',
    value: sizeBytes / cpuSeconds / 1e6,
    unit: 'MB',
    target: TARGETS.agentMegabytesPerCpuSecond,
  });
  report({ name: 'agent: speed', value: sizeBytes / wallSeconds / 1e6, unit: 'MB/s' });
  report({ name: 'agent: peak memory', value: agent.peakMegabytes(), unit: 'MB', target: TARGETS.agentMegabytesPeak });
  await agent.stop();
  await sink.stop();
}
