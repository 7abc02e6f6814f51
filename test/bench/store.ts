/** The server from batches to answers: ingest, what is on disk afterwards, start, queries. */
import { join } from 'node:path';
import { Corpus } from '../corpus/corpus.ts';
import { type Bench, Child, folderBytes, waitFor } from './harness.ts';
import { benchBatches, prepareBatches } from './ingest.ts';
import { startServerProcess } from './podlog.ts';
import { benchQueries } from './queries.ts';
import { TARGETS } from './targets.ts';

const LINES_PER_SECOND = 500;

export async function benchStore(bench: Bench): Promise<void> {
  const { dir, lineCount, progress, report } = bench;
  const dataDir = join(dir, 'data');
  const startMs = Date.now() - (lineCount / LINES_PER_SECOND) * 1000;
  const corpus = new Corpus({ startMs, linesPerSecond: LINES_PER_SECOND });
  progress(`store: encoding the batches of ${lineCount} lines`);
  const prepared = prepareBatches(corpus, lineCount);

  const writer = await startServerProcess(dataDir);
  await benchBatches(bench, writer, prepared);
  await writer.child.stop();
  const flusher = new Child(['test/bench/flush-all.ts', dataDir]);
  await waitFor(async () => !flusher.running, { what: 'the rest of the WAL is flushed', msMax: 600_000 });
  const sizeBytes = folderBytes(dataDir);
  report({ name: 'store: size', value: sizeBytes / lineCount, unit: 'bytes/line', target: TARGETS.diskBytesPerLine });

  const reader = await startServerProcess(dataDir);
  report({ name: 'store: start', value: reader.startMs, unit: 'ms', target: TARGETS.startMs });
  const since = new Date(startMs - 60_000).toISOString();
  await benchQueries(bench, reader.url, since, corpus, prepared.requestIds);
  report({
    name: 'server, queries: peak memory',
    value: reader.child.peakMegabytes(),
    unit: 'MB',
    target: TARGETS.serverMegabytesPeak,
  });
  await reader.child.stop();
}
