/**
 * What the measurements share: a folder that is removed at the end, child processes whose CPU time and memory are read
 * from /proc, and waiting for a condition.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, formatNumber } from './figure.ts';

/** What every measurement is given. */
export interface Bench {
  /** A folder of its own, removed afterwards. */
  readonly dir: string;
  /** Lines for the measurements of throughput and for the store that is queried. */
  readonly lineCount: number;
  /** So many lines that the server may take somewhat more memory. */
  readonly isLarge: boolean;
  /** Says what is going on, on stderr. */
  readonly progress: (text: string) => void;
  /** Takes a figure as soon as it is known. */
  readonly report: (figure: Figure) => void;
}

export interface Report extends Pick<Bench, 'progress' | 'report'> {
  /** Those that were reported, in order. */
  readonly figures: readonly Figure[];
}

/** Begins a run: progress is timed from here. */
export function startReport(): Report {
  const startMs = performance.now();
  const figures: Figure[] = [];
  const progress = (text: string): void => {
    process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  };
  const report = (figure: Figure): void => {
    figures.push(figure);
    progress(`  ${figure.name}: ${formatNumber(figure.value)} ${figure.unit}`);
  };
  return { figures, progress, report };
}

/** Runs `measure` in a new folder below `parent`, which is removed even when it fails. */
export async function inTempDir<T>(parent: string | undefined, measure: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(parent ?? tmpdir(), 'podlog-bench-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  try {
    return await measure(dir);
  } finally {
    // What a failed measurement left running would go on writing there.
    await killChildren();
    process.off('exit', remove);
    remove();
  }
}

const CLOCK_TICKS_PER_SECOND = 100;
/** /proc counts in KiB; the figures are in MB, as 10^6 bytes. */
const KIB_PER_MEGABYTE = 976.5625;
const SAMPLE_MS = 20;

/** Owns a child process of this Node, and the last that was known of its CPU time and memory. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #cpuSeconds = 0;
  #peakMegabytes = 0;
  #output = '';

  /** @param args  what follows `node`, from the repository's root */
  constructor(args: readonly string[]) {
    const root = new URL('../..', import.meta.url).pathname;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PODLOG_')));
    this.#process = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4000)));
    }
    this.#exited = once(this.#process, 'exit');
    children.add(this);
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the child process did not start');
    return pid;
  }

  /** The last 4000 characters that it wrote. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** It has ended, and without an error. */
  get succeeded(): boolean {
    return this.#process.exitCode === 0;
  }

  /** User and system time of all its threads so far. */
  cpuSeconds(): number {
    this.#sample();
    return this.#cpuSeconds;
  }

  /** Largest resident memory so far. */
  peakMegabytes(): number {
    this.#sample();
    return this.#peakMegabytes;
  }

  /** Resident memory now. */
  megabytes(): number {
    return statusKib(this.pid, 'VmRSS') / KIB_PER_MEGABYTE;
  }

  /** Ends it in order; CPU time and peak memory are those at its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#process.kill(signal);
    while (this.running) {
      this.#sample();
      await Promise.race([this.#exited, sleep(SAMPLE_MS)]);
    }
    children.delete(this);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  #sample(): void {
    try {
      // Field 2 is the command in parentheses, which may hold spaces; utime and stime are fields 14 and 15.
      const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
      const ticks = Number(fields[11]) + Number(fields[12]);
      // A process that is being reaped shows nothing any more.
      if (ticks > 0) this.#cpuSeconds = ticks / CLOCK_TICKS_PER_SECOND;
      this.#peakMegabytes = Math.max(this.#peakMegabytes, statusKib(this.pid, 'VmHWM') / KIB_PER_MEGABYTE);
    } catch (error) {
      if (this.running) throw error;
    }
  }
}

const children = new Set<Child>();

async function killChildren(): Promise<void> {
  await Promise.all([...children].map((child) => child.kill()));
  children.clear();
}

// An interrupted bench cleans up, too: 'exit' listeners run in order, so the children's end comes before the folders'.
process.on('exit', () => void killChildren());
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

/** One number of /proc/<pid>/status; 0 when it is not there. */
function statusKib(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1] ?? 0);
}

export interface WaitOptions {
  /** What is waited for, for the error. */
  readonly what: string;
  readonly child?: Child;
  readonly msMax?: number;
  readonly pauseMs?: number;
}

/** Waits until `condition` gives a value other than undefined or false, and returns it. */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false>,
  { what, child, msMax = 60_000, pauseMs = 10 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (child?.running === false) throw new Error(`${what}: the process ended:\n${child.output}`);
    if (performance.now() > deadline) throw new Error(`${what}: not within ${msMax} ms\n${child?.output ?? ''}`);
    await sleep(pauseMs);
  }
}

/** Bytes of all files below a folder, as their lengths and not as disk blocks. */
export function folderBytes(dir: string): number {
  let sizeBytes = 0;
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sizeBytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sizeBytes;
}
