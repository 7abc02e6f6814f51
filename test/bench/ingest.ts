/** The server's side of ingest: batches as agents would have encoded them, and NDJSON as anyone may push it. */
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import { BatchEncoder, nextChunks } from './batches.ts';
import type { Bench } from './harness.ts';
import { post, type ServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const BATCH_ROWS = 16 * 1024;
const ROUND_LINES = 200_000;
const NDJSON_BODY_BYTES = 1_000_000;
/** NDJSON is slower; a part of the lines says enough. */
const NDJSON_SHARE = 0.25;

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

/** Sends every batch, the nodes at the same time. */
export async function benchBatches({ lineCount, progress, report }: Bench, server: ServerProcess, prepared: Prepared) {
  progress('ingest: sending the batches of three nodes');
  const cpuBefore = server.child.cpuSeconds();
  const startMs = performance.now();
  await Promise.all(
    [...prepared.batchesOf.values()].map(async (batches) => {
      for (const batch of batches) await post(`${server.url}/agent/batch`, BATCH_CONTENT_TYPE, batch);
    }),
  );
  const wallSeconds = (performance.now() - startMs) / 1e3;
  report({
    name: 'server, batches: acknowledged a second',
    value: lineCount / wallSeconds,
    unit: 'lines',
    target: TARGETS.serverLinesPerSecond,
  });
  return { cpuBefore };
}

/** Pushes lines as text, one request after another on each of three connections. */
export async function benchNdjson({ lineCount, progress, report }: Bench, server: ServerProcess): Promise<void> {
  const pushed = Math.ceil(lineCount * NDJSON_SHARE);
  progress(`ingest: pushing ${pushed} lines of NDJSON`);
  const bodies = ndjsonBodies(new Corpus(), pushed);
  const cpuBefore = server.child.cpuSeconds();
  const startMs = performance.now();
  const clients = Array.from({ length: 3 }, async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      await post(`${server.url}/ingest?app=bench`, 'application/x-ndjson', body);
    }
  });
  await Promise.all(clients);
  const wallSeconds = (performance.now() - startMs) / 1e3;
  const cpuSeconds = server.child.cpuSeconds() - cpuBefore;
  report({
    name: 'server, NDJSON: acknowledged a second',
    value: pushed / wallSeconds,
    unit: 'lines',
    target: TARGETS.ndjsonLinesPerSecond,
  });
  report({ name: 'server, NDJSON: a CPU-second', value: pushed / cpuSeconds, unit: 'lines' });
}

function ndjsonBodies(corpus: Corpus, lineCount: number): Buffer[] {
  const bodies: Buffer[] = [];
  const buffer = Buffer.alloc(NDJSON_BODY_BYTES + CORPUS_LINE_BYTES_MAX);
  let at = 0;
  for (let done = 0; done < lineCount;) {
    const end = corpus.nextLine(buffer, at);
    // Controllers write klog text, which is no JSON.
    if (buffer[at] !== 0x7b) continue;
    done++;
    buffer[end] = 0x0a;
    at = end + 1;
    if (at < NDJSON_BODY_BYTES && done < lineCount) continue;
    bodies.push(Buffer.from(buffer.subarray(0, at)));
    at = 0;
  }
  return bodies;
}
