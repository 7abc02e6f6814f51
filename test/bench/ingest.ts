/** The server's side of ingest: batches as agents would have encoded them, made before the clock starts. */
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { BatchEncoder, nextChunks } from './batches.ts';
import { type Bench, waitFor } from './harness.ts';
import { fetchText, post, type ServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const BATCH_ROWS = 16 * 1024;
const ROUND_LINES = 200_000;

/** Batches ready to be sent, in order for each node, and something to ask for afterwards. */
export interface Prepared {
  readonly batchesOf: ReadonlyMap<string, Buffer[]>;
  /** Spread over the whole corpus, oldest first. */
  readonly requestIds: readonly string[];
}

export function prepareBatches(corpus: Corpus, lineCount: number): Prepared {
  const batchesOf = new Map<string, Buffer[]>();
  const encoders = new Map<string, BatchEncoder>();
  const requestIds: string[] = [];
  for (const { labels } of corpus.pods) {
    const node = labels['node']!;
    if (encoders.has(node)) continue;
    const batches: Buffer[] = [];
    batchesOf.set(node, batches);
    encoders.set(node, new BatchEncoder(node, corpus, BATCH_ROWS, (batch) => batches.push(batch)));
  }
  for (let done = 0; done < lineCount; done += ROUND_LINES) {
    const chunks = nextChunks(corpus, Math.min(ROUND_LINES, lineCount - done));
    for (const chunk of chunks) encoders.get(corpus.pods[chunk.pod]!.labels['node']!)!.add(chunk);
    const text = chunks[0]!.bytes.toString('latin1');
    for (const [, id] of text.matchAll(/"request_id":"([^"]+)"/g)) if (requestIds.push(id!) % 10 === 0) break;
  }
  for (const encoder of encoders.values()) encoder.finish();
  return { batchesOf, requestIds };
}

/** Sends every batch, the nodes at the same time, and waits until the store has flushed all but its newest WAL file. */
export async function benchBatches(
  { lineCount, progress, report }: Bench,
  { url, child }: ServerProcess,
  { batchesOf }: Prepared,
): Promise<void> {
  progress('ingest: sending the batches of three nodes');
  const cpuBefore = child.cpuSeconds();
  const startMs = performance.now();
  await Promise.all(
    [...batchesOf.values()].map(async (batches) => {
      for (const batch of batches) await post(`${url}/agent/batch`, BATCH_CONTENT_TYPE, batch);
    }),
  );
  const wallSeconds = (performance.now() - startMs) / 1e3;
  const name = 'server, batches';
  const { serverLinesPerSecond, serverLinesPerCpuSecond, serverMegabytesPeak } = TARGETS;
  report({
    name: `${name}: acknowledged a second`,
    value: lineCount / wallSeconds,
    unit: 'lines',
    target: serverLinesPerSecond,
  });

  progress('ingest: waiting for the flush');
  const isFlushed = async (): Promise<boolean> => /"walFiles":[01]\b/.test(await fetchText(`${url}/stats`));
  await waitFor(isFlushed, { what: 'the WAL is flushed', child, msMax: 600_000, pauseMs: 100 });
  const cpuSeconds = child.cpuSeconds() - cpuBefore;
  const rate = lineCount / cpuSeconds;
  report({
    name: `${name}: a CPU-second, flush included`,
    value: rate,
    unit: 'lines',
    target: serverLinesPerCpuSecond,
  });
  report({ name: `${name}: peak memory`, value: child.peakMegabytes(), unit: 'MB', target: serverMegabytesPeak });
}
