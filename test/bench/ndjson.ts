/** Lines as anyone may push them: NDJSON, which the server parses, shreds and encodes itself. */
import { join } from 'node:path';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import type { Bench } from './harness.ts';
import { post, startServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

const BODY_BYTES = 1_000_000;
const CLIENT_COUNT = 3;
/** The bodies are made beforehand and kept; a part of the lines says enough. */
const SHARE = 0.25;

export async function benchNdjson({ dir, lineCount, progress, report }: Bench): Promise<void> {
  const pushed = Math.ceil(lineCount * SHARE);
  const bodies = ndjsonBodies(new Corpus({ startMs: Date.now() - 3_600_000 }), pushed);
  const { child, url } = await startServerProcess(join(dir, 'data'));
  progress(`ndjson: pushing ${pushed} lines on ${CLIENT_COUNT} connections`);
  const cpuBefore = child.cpuSeconds();
  const startMs = performance.now();
  const clients = Array.from({ length: CLIENT_COUNT }, async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const { status, text } = await post(`${url}/ingest?app=bench`, 'application/x-ndjson', body);
      if (status !== 200) throw new Error(`/ingest answered ${status}: ${text}`);
    }
  });
  await Promise.all(clients);
  const rate = pushed / ((performance.now() - startMs) / 1e3);
  const cpuRate = pushed / (child.cpuSeconds() - cpuBefore);
  const name = 'server, NDJSON';
  const { ndjsonLinesPerSecond, serverMegabytesPeak } = TARGETS;
  report({ name: `${name}: acknowledged a second`, value: rate, unit: 'lines', target: ndjsonLinesPerSecond });
  report({ name: `${name}: a CPU-second`, value: cpuRate, unit: 'lines' });
  report({ name: `${name}: peak memory`, value: child.peakMegabytes(), unit: 'MB', target: serverMegabytesPeak });
  await child.stop();
}

function ndjsonBodies(corpus: Corpus, lineCount: number): Buffer[] {
  const bodies: Buffer[] = [];
  const buffer = Buffer.alloc(BODY_BYTES + CORPUS_LINE_BYTES_MAX);
  let at = 0;
  for (let done = 0; done < lineCount;) {
    const end = corpus.nextLine(buffer, at);
    // Controllers write klog text, which is no JSON.
    if (buffer[at] !== 0x7b) continue;
    done++;
    buffer[end] = 0x0a;
    at = end + 1;
    if (at < BODY_BYTES && done < lineCount) continue;
    bodies.push(Buffer.from(buffer.subarray(0, at)));
    at = 0;
  }
  return bodies;
}
