/** Writes corpus lines as a busy node does: every file open, some lines of each at a time, at a steady rate. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Corpus, CORPUS_LINE_BYTES_MAX } from '../corpus/corpus.ts';
import { logPath } from '../corpus/tree.ts';

const TICK_MS = 20;

/** Owns the descriptors of the corpus's files and the timer. */
export class LogWriter {
  readonly #corpus: Corpus;
  readonly #descriptors: readonly number[];
  readonly #scratch = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  #timer: NodeJS.Timeout | undefined;
  lineCount = 0;
  sizeBytes = 0;

  constructor(podsDir: string, corpus: Corpus) {
    this.#corpus = corpus;
    this.#descriptors = corpus.pods.map((pod) => {
      const path = logPath(podsDir, pod);
      mkdirSync(dirname(path), { recursive: true });
      return openSync(path, 'a');
    });
  }

  /** Catches up after a tick that came late, so that the rate holds. */
  start(linesPerSecond: number): void {
    const startMs = performance.now();
    const startCount = this.lineCount;
    this.#timer = setInterval(() => {
      const due = startCount + ((performance.now() - startMs) * linesPerSecond) / 1000;
      this.write(Math.floor(due) - this.lineCount);
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }

  write(lineCount: number): void {
    const parts = this.#descriptors.map((): Buffer[] => []);
    for (let i = 0; i < lineCount; i++) {
      const end = this.#corpus.nextFragment(this.#scratch, 0);
      parts[this.#corpus.stream]!.push(Buffer.from(this.#scratch.subarray(0, end)));
      this.sizeBytes += end;
    }
    this.lineCount += lineCount;
    for (const [i, lines] of parts.entries()) {
      if (lines.length > 0) writeSync(this.#descriptors[i]!, Buffer.concat(lines));
    }
  }
}
