/** CRI parse + shred + encode + compress, in this process: what an agent does between read and send. */
import { CriParser } from '../../shared/cri.ts';
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import type { Bench } from './harness.ts';
import { TARGETS } from './targets.ts';

/** An agent's batch and a segment's group. */
const BATCH_ROWS = 16 * 1024;
const GROUP_ROWS = 64 * 1024;
/** What an agent reads at once. */
const CHUNK_BYTES = 256 * 1024;
const ROUND_LINES = 200_000;

export function benchCodec({ lineCount, progress, report }: Bench): void {
  for (const [name, rowsMax, target] of [
    ['batches of 16 Ki rows', BATCH_ROWS, TARGETS.batchBytesPerLine],
    ['groups of 64 Ki rows', GROUP_ROWS, TARGETS.groupBytesPerLine],
  ] as const) {
    progress(`codec: ${lineCount} lines in ${name}`);
    const { cpuSeconds, wallSeconds, sizeBytes, encodedBytes } = measure(lineCount, rowsMax);
    const cpu = `codec, ${name}: lines a CPU-second`;
    report({ name: cpu, value: lineCount / cpuSeconds, unit: 'lines', target: TARGETS.codecLinesPerCpuSecond });
    const throughput = `codec, ${name}: throughput`;
    report({
      name: throughput,
      value: sizeBytes / wallSeconds / 1e6,
      unit: 'MB/s',
      target: TARGETS.codecMegabytesPerSecond,
    });
    report({ name: `codec, ${name}: size of a line`, value: encodedBytes / lineCount, unit: 'bytes', target });
  }
}

interface Chunk {
  readonly stream: number;
  readonly bytes: Buffer;
}

function measure(
  lineCount: number,
  rowsMax: number,
): { cpuSeconds: number; wallSeconds: number; sizeBytes: number; encodedBytes: number } {
  const corpus = new Corpus();
  const encoder = new Encoder(corpus, rowsMax);
  // The first round warms the compiler up and is not counted.
  for (const chunk of nextChunks(corpus, ROUND_LINES)) encoder.add(chunk);
  encoder.finish();
  encoder.encodedBytes = 0;
  let cpuMicros = 0;
  let wallMs = 0;
  let sizeBytes = 0;
  for (let done = 0; done < lineCount; done += ROUND_LINES) {
    const chunks = nextChunks(corpus, Math.min(ROUND_LINES, lineCount - done));
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (const chunk of chunks) encoder.add(chunk);
    if (done + ROUND_LINES >= lineCount) encoder.finish();
    wallMs += performance.now() - startMs;
    const { user, system } = process.cpuUsage(before);
    cpuMicros += user + system;
    for (const { bytes } of chunks) sizeBytes += bytes.length;
  }
  return { cpuSeconds: cpuMicros / 1e6, wallSeconds: wallMs / 1e3, sizeBytes, encodedBytes: encoder.encodedBytes };
}

/** The next lines as an agent meets them: a piece of one file after a piece of another. */
function nextChunks(corpus: Corpus, lineCount: number): Chunk[] {
  const open = corpus.pods.map(() => ({ bytes: Buffer.allocUnsafe(CHUNK_BYTES), used: 0 }));
  const scratch = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  const chunks: Chunk[] = [];
  const close = (stream: number): void => {
    const { bytes, used } = open[stream]!;
    if (used > 0) chunks.push({ stream, bytes: bytes.subarray(0, used) });
    open[stream] = { bytes: Buffer.allocUnsafe(CHUNK_BYTES), used: 0 };
  };
  for (let i = 0; i < lineCount; i++) {
    const end = corpus.nextFragment(scratch, 0);
    if (open[corpus.stream]!.used + end > CHUNK_BYTES) close(corpus.stream);
    const into = open[corpus.stream]!;
    into.bytes.set(scratch.subarray(0, end), into.used);
    into.used += end;
  }
  for (const stream of open.keys()) close(stream);
  return chunks;
}

/** Owns a builder and the codes of its streams. */
class Encoder {
  encodedBytes = 0;
  readonly #corpus: Corpus;
  readonly #rowsMax: number;
  readonly #builder = new RowGroupBuilder();
  readonly #parser = new CriParser();
  #codes: number[] = [];

  constructor(corpus: Corpus, rowsMax: number) {
    this.#corpus = corpus;
    this.#rowsMax = rowsMax;
    this.#openStreams();
  }

  add({ stream, bytes }: Chunk): void {
    let base = this.#builder.append(bytes, 0, bytes.length);
    for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
      end = bytes.indexOf(0x0a, at);
      if (!this.#parser.parse(bytes, at, end)) throw new Error('BUG: the corpus wrote a line that is not CRI');
      const { day, timeNs, messageStart } = this.#parser;
      this.#builder.add(this.#codes[stream]!, day, timeNs, 0, base + messageStart, base + end);
      if (this.#builder.rowCount < this.#rowsMax) continue;
      this.finish();
      // What is left of the chunk moves to the next group's arena.
      base = this.#builder.append(bytes, end + 1, bytes.length) - (end + 1);
    }
  }

  finish(): void {
    if (this.#builder.rowCount > 0) this.encodedBytes += this.#builder.finish().length;
    this.#openStreams();
  }

  #openStreams(): void {
    this.#codes = this.#corpus.pods.map(({ labels }) => this.#builder.stream(labels));
  }
}
