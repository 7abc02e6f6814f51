/**
 * Makes batches as the agents of three nodes would, in a process of its own, so that neither their making nor their
 * memory is the server's or the sender's.
 * `node generate.ts <folder> <seed> <start, epoch ms> <lines a second> <lines>` writes a spool for each node, and at the
 * end `<seed>.ids`, some request ids spread over all of it. The last line on stdout is how many lines are done.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Corpus } from '../corpus/corpus.ts';
import { BatchEncoder, nextChunks } from './batches.ts';
import { idsPath, spoolPath, writeBatch } from './spool.ts';

const BATCH_ROWS = 16 * 1024;
const ROUND_LINES = 200_000;
const IDS_PER_ROUND = 10;

const [dir = '', ...numbers] = process.argv.slice(2);
const [seed = 0, startMs = 0, linesPerSecond = 0, lineCount = 0] = numbers.map(Number);
const corpus = new Corpus({ seed, startMs, linesPerSecond });
const encoders = new Map<string, BatchEncoder>();
const files: number[] = [];
for (const { labels } of corpus.pods) {
  const node = labels['node']!;
  if (encoders.has(node)) continue;
  const file = openSync(spoolPath(dir, seed, node), 'w');
  files.push(file);
  encoders.set(node, new BatchEncoder(node, corpus, BATCH_ROWS, (batch) => writeBatch(file, batch)));
}
const requestIds: string[] = [];
for (let done = 0; done < lineCount; done += ROUND_LINES) {
  const chunks = nextChunks(corpus, Math.min(ROUND_LINES, lineCount - done));
  for (const chunk of chunks) encoders.get(corpus.pods[chunk.pod]!.labels['node']!)!.add(chunk);
  const ids = chunks[0]!.bytes.toString('latin1').matchAll(/"request_id":"([^"]+)"/g);
  requestIds.push(...ids.take(IDS_PER_ROUND).map(([, id]) => id!));
  process.stdout.write(`${corpus.lineCount}\n`);
}
for (const encoder of encoders.values()) encoder.finish();
for (const file of files) closeSync(file);
writeFileSync(idsPath(dir, seed), requestIds.join('\n'));
