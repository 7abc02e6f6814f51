/**
 * Batches on disk, made before the clock starts: so many lines do not fit in memory, and making them while the server
 * works would take the cores from it. A spool is what the agent of one node would send, in order: u32 size and batch,
 * back to back.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, Child, waitFor } from './harness.ts';

/** Each makes its share of the lines as 12 pods of its own on the same three nodes. */
const GENERATOR_COUNT = 2;
const PROGRESS_MS = 5_000;
const SUFFIX = '.spool';

export function spoolPath(dir: string, seed: number, node: string): string {
  return join(dir, `${seed}-${node}${SUFFIX}`);
}

export function idsPath(dir: string, seed: number): string {
  return join(dir, `${seed}.ids`);
}

export function writeBatch(file: number, batch: Buffer): void {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(batch.length);
  writeSync(file, size);
  writeSync(file, batch);
}

/** Owns a file; holds the batch that is to be sent next until it is told that it was. */
export class Spool {
  readonly #file: number;
  readonly #sizeBytes: number;
  #at = 0;
  #next: Buffer | undefined;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.#sizeBytes = fstatSync(this.#file).size;
  }

  /** How much of it was taken, 0 to 1; and this plus `batches` more of the size of the next one. */
  share(batches = 0): number {
    return (this.#at + batches * (this.#next?.length ?? 0)) / this.#sizeBytes;
  }

  /** Undefined at the end. */
  next(): Buffer | undefined {
    if (this.#next !== undefined) return this.#next;
    const size = Buffer.alloc(4);
    if (readSync(this.#file, size, 0, 4, this.#at) < 4) return undefined;
    this.#next = Buffer.allocUnsafe(size.readUInt32LE());
    readSync(this.#file, this.#next, 0, this.#next.length, this.#at + 4);
    return this.#next;
  }

  taken(): void {
    this.#at += 4 + this.#next!.length;
    this.#next = undefined;
  }

  close(): void {
    closeSync(this.#file);
  }
}

export interface Spooled {
  readonly spools: readonly Spool[];
  /** Spread over all lines. */
  readonly requestIds: readonly string[];
}

/** @param dir  exists and is empty */
export async function spoolBatches(
  { lineCount, progress }: Bench,
  dir: string,
  startMs: number,
  linesPerSecond: number,
): Promise<Spooled> {
  const seeds = Array.from({ length: GENERATOR_COUNT }, (_, index) => index + 1);
  const share = Math.ceil(lineCount / GENERATOR_COUNT);
  const generators = seeds.map((seed, index) => {
    const own = Math.min(share, lineCount - share * index);
    const numbers = [seed, startMs, linesPerSecond / GENERATOR_COUNT, own];
    return new Child(['test/bench/generate.ts', dir, ...numbers.map(String)]);
  });
  const timer = setInterval(() => {
    const done = generators.map(({ output }) => Number(output.trimEnd().split('\n').at(-1)));
    progress(`  ${done.reduce((sum, each) => sum + each, 0)} lines`);
  }, PROGRESS_MS);
  try {
    for (const generator of generators) await finished(generator);
  } finally {
    clearInterval(timer);
  }
  return {
    spools: readdirSync(dir)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => new Spool(join(dir, name))),
    requestIds: seeds.flatMap((seed) => readFileSync(idsPath(dir, seed), 'utf8').split('\n')),
  };
}

async function finished(generator: Child): Promise<void> {
  await waitFor(async () => !generator.running, { what: 'the batches are made', msMax: Infinity, pauseMs: 50 });
  if (!generator.succeeded) throw new Error(`the generator failed:\n${generator.output}`);
}
