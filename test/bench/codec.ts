/** CRI parse + shred + encode + compress, in this process: what an agent does between read and send. */
import { Corpus } from '../corpus/corpus.ts';
import { BatchEncoder, nextChunks } from './batches.ts';
import type { Bench } from './harness.ts';
import { TARGETS } from './targets.ts';

/** An agent's batch, and a segment's group. */
const SIZES = [
  { name: 'batches of 16 Ki rows', rowsMax: 16 * 1024 },
  { name: 'groups of 64 Ki rows', rowsMax: 64 * 1024 },
];
/** Lines that are made, then encoded, before the next are made: 50 MB. */
const ROUND_LINES = 200_000;

export function benchCodec({ lineCount, progress, report }: Bench): void {
  for (const { name, rowsMax } of SIZES) {
    progress(`codec: ${lineCount} lines in ${name}`);
    const { cpuSeconds, wallSeconds, lineBytes, encodedBytes } = measure(lineCount, rowsMax);
    const rate = lineCount / cpuSeconds;
    report({
      name: `codec, ${name}: a CPU-second`,
      value: rate,
      unit: 'lines',
      target: TARGETS.codecLinesPerCpuSecond,
    });
    const speed = lineBytes / wallSeconds / 1e6;
    report({ name: `codec, ${name}: speed`, value: speed, unit: 'MB/s' });
    report({ name: `codec, ${name}: size`, value: encodedBytes / lineCount, unit: 'bytes/line' });
  }
}

function measure(lineCount: number, rowsMax: number) {
  const corpus = new Corpus();
  let encodedBytes = 0;
  const encoder = new BatchEncoder('bench', corpus, rowsMax, (batch) => (encodedBytes += batch.length));
  // The first round warms the compiler up and is not counted.
  for (const chunk of nextChunks(corpus, ROUND_LINES)) encoder.add(chunk);
  encoder.finish();
  encodedBytes = 0;
  let cpuMicros = 0;
  let wallMs = 0;
  let lineBytes = 0;
  for (let done = 0; done < lineCount; done += ROUND_LINES) {
    const chunks = nextChunks(corpus, Math.min(ROUND_LINES, lineCount - done));
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (const chunk of chunks) encoder.add(chunk);
    if (done + ROUND_LINES >= lineCount) encoder.finish();
    wallMs += performance.now() - startMs;
    const { user, system } = process.cpuUsage(before);
    cpuMicros += user + system;
    for (const { bytes } of chunks) lineBytes += bytes.length;
  }
  return { cpuSeconds: cpuMicros / 1e6, wallSeconds: wallMs / 1e3, lineBytes, encodedBytes };
}
