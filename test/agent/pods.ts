/** A pods directory as the kubelet and containerd leave it, and an agent over it. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { startAgent, type Agent, type AgentOptions } from '../../agent/agent.ts';
import { WAIT_MS_MAX } from '../deadline.ts';
import { Sink } from './sink.ts';

export const GRACE_MS = 250;
/** What a container writes to in its first run. */
export const LIVE = '0.log';
/** The directory of a pod, unless another is named. */
export const POD = 'ns_pod_uid';
const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });

let clockNs = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;

/** A timestamp that no other fragment has. */
export function timestamp(): string {
  clockNs += 1_000_003n;
  const seconds = clockNs / 1_000_000_000n;
  const fraction = String(clockNs % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** One CRI fragment with its newline. Text is Latin-1: a character a byte. */
export function cri(text: string, tag = 'F', stream = 'stdout'): string {
  return `${timestamp()} ${stream} ${tag} ${text}\n`;
}

/** Whole lines, each of a length that depends on its text alone. */
export function criLines(texts: readonly string[]): string {
  return texts.map((text) => cri(text)).join('');
}

/** What the kubelet renames LIVE to, the n-th time. */
export function rotated(n: number): string {
  return `${LIVE}.20260101-${String(n).padStart(6, '0')}`;
}

/** A world that is new for each test of a file. */
export function worldOfEachTest(): World {
  const world = new World();
  beforeEach(() => world.open());
  afterEach(() => world.close());
  return world;
}

/** The pods directory, the sink and the agents of one test; from `open` to `close`, and then of the next. */
export class World {
  root = '';
  podsDir = '';
  sink = new Sink();
  url = '';
  #agent: Agent | undefined;

  async open(): Promise<void> {
    this.root = mkdtempSync(join(tmpdir(), 'podlog-agent-'));
    this.podsDir = join(this.root, 'pods');
    mkdirSync(this.podsDir);
    this.sink = new Sink();
    this.url = await this.sink.listen();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.sink.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string, container = 'app', pod = POD): string {
    return join(this.podsDir, pod, container, name);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, Buffer.from(text, 'latin1'));
  }

  /** As the container `app` does. */
  live(text: string): void {
    this.write(this.path(LIVE), text);
  }

  /** Whole lines of a container's stdout. */
  writeLines(texts: readonly string[], container?: string, pod?: string): void {
    this.write(this.path(LIVE, container, pod), criLines(texts));
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  /** As the kubelet does: under a temporary name first. */
  gzip(path: string, keepPlain = false): void {
    writeFileSync(`${path}.tmp`, gzipSync(readFileSync(path)));
    renameSync(`${path}.tmp`, `${path}.gz`);
    if (!keepPlain) rmSync(path);
  }

  remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  async start(options: Partial<AgentOptions> = {}): Promise<Agent> {
    this.#agent = await startAgent({
      podsDir: this.podsDir,
      serverUrl: this.url,
      node: 'node-1',
      log,
      tickMs: 10,
      rescanMs: 200,
      graceMs: GRACE_MS,
      quietMs: 30,
      goneMs: 300,
      backoffMsMax: 50,
      ...options,
    });
    return this.#agent;
  }

  /** As `kill` would, unless it may drain. */
  async stop(drainMsMax = 0): Promise<void> {
    await this.#agent?.stop({ drainMsMax });
    this.#agent = undefined;
  }

  /** Has an agent read `a`, then `b` after a rotation, and removes the rotated file when the agent is gone. */
  async readRotatedThenRemove(): Promise<void> {
    this.writeLines(['a']);
    await this.start();
    await this.expectLines(['a']);
    this.rename(this.path(LIVE), this.path(rotated(1)));
    this.writeLines(['b']);
    await this.expectLines(['a', 'b']);
    await this.settled();
    await this.stop();
    this.remove(this.path(rotated(1)));
  }

  /** A new agent takes over from one that has come to rest, and comes to rest itself. */
  async restart(): Promise<void> {
    await this.settled();
    await this.stop();
    await this.start();
    await this.settled();
  }

  /** A metric's value, summed over its labels unless they are given; 0 when it is absent. */
  metric(name: string): number {
    const lines = this.#agent?.metrics().split('\n') ?? [];
    const own = lines.filter((text) => /^[{ ]/.test(text.slice(`podlog_agent_${name}`.length)));
    const named = own.filter((text) => text.startsWith(`podlog_agent_${name}`));
    return named.reduce((sum, text) => sum + Number(text.split(' ').at(-1)), 0);
  }

  /** How often something was lost in a container, and how many bytes of its files are known to be. */
  losses(reason: string, container = 'app', pod = 'pod'): { readonly times: number; readonly bytes: number } {
    const labels = `{namespace="ns",pod="${pod}",container="${container}",reason="${reason}"}`;
    return { times: this.metric(`losses_total${labels}`), bytes: this.metric(`lost_bytes_total${labels}`) };
  }

  /** The markers that are stored, in order. */
  markers(): string[] {
    return this.sink.texts('podlog');
  }

  /** Waits for a loss that is counted, and for its only marker, and that neither comes again with another agent. */
  async expectOnlyMarker(reason: string, text: string, container = 'app', pod = 'pod'): Promise<void> {
    const problem = (what: string): string => `${what}: ${JSON.stringify(this.markers())}`;
    await until(
      () => this.losses(reason, container, pod).times === 1,
      () => problem('not counted'),
    );
    const isOnly = (): boolean => this.markers().length === 1 && this.markers()[0] === text;
    if (!isOnly()) throw new Error(problem('other markers'));
    await this.restart();
    if (!isOnly()) throw new Error(problem('other markers after a restart'));
  }

  /** Waits until the sink has each of these lines, which must be in this order for each stream, and nothing else. */
  async expectLines(want: readonly string[], stream?: string): Promise<void> {
    await this.#untilAllAreThere(want, stream);
    const got = this.sink.texts(stream);
    if (got.length === want.length && got.every((text, i) => text === want[i])) return;
    const show = (text: string | undefined): string => JSON.stringify(text?.slice(0, 80));
    const first = got.findIndex((text, i) => text !== want[i]);
    const difference = `line ${first} is ${show(got[first])}, want ${show(want[first])}`;
    throw new Error(`${difference}\n${this.#difference(want, stream)}`);
  }

  /** Waits until the sink has each of these lines, and demands that there is nothing else. */
  async expectInAnyOrder(want: readonly string[]): Promise<void> {
    await this.#untilAllAreThere(want);
    if (this.sink.lines.length !== want.length) throw new Error(this.#difference(want));
  }

  /** Markers and repeats add to the number of lines: only the lines themselves say that all have come. */
  async #untilAllAreThere(want: readonly string[], stream?: string): Promise<void> {
    await until(
      () => {
        const got = this.sink.texts(stream);
        return got.length >= want.length && without(want, got).length === 0;
      },
      () => this.#difference(want, stream),
    );
  }

  #difference(want: readonly string[], stream?: string): string {
    const got = this.sink.texts(stream);
    const list = (texts: readonly string[]): string =>
      `${texts.length} ${JSON.stringify(texts.slice(0, 20).map((text) => text.slice(0, 80)))}`;
    return [
      `${got.length} lines, want ${want.length}`,
      `missing: ${list(without(want, got))}`,
      `surplus: ${list(without(got, want))}`,
      `markers: ${list(this.markers())}`,
    ].join('\n');
  }

  /** Waits until a metric stands still. */
  async unmoved(name: string): Promise<void> {
    let quiet = 0;
    let before = Number.NaN;
    await until(
      () => {
        const now = this.metric(name);
        quiet = now === before ? quiet + 1 : 0;
        before = now;
        return quiet >= 15;
      },
      () => `${name} does not come to rest`,
    );
  }

  /** Waits until the agent holds the file of this name open. */
  async seen(name: string, container = 'app'): Promise<void> {
    const { ino } = statSync(this.path(name, container));
    await until(
      () => openInodes().has(ino),
      () => `${name} is not opened`,
    );
  }

  /** Waits until nothing is unread or unacknowledged. */
  async settled(): Promise<void> {
    let quiet = 0;
    let before = '';
    await until(
      () => {
        const now = `${this.sink.lines.length} ${this.sink.batches} ${this.sink.requests}`;
        quiet = now === before ? quiet + 1 : 0;
        before = now;
        return quiet >= 15;
      },
      () => 'the agent does not come to rest',
    );
  }
}

/** What is left of these texts when each of the others has taken one that is equal to it. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of others) counts.set(text, (counts.get(text) ?? 0) + 1);
  return texts.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

/** Inodes of the files that this process, and so the agent in it, holds open. */
export function openInodes(): ReadonlySet<number> {
  const inodes = new Set<number>();
  for (const fd of readdirSync('/proc/self/fd')) {
    const stats = statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false });
    if (stats?.isFile() === true) inodes.add(stats.ino);
  }
  return inodes;
}

/** Polls for a condition. */
export async function until(condition: () => boolean, problem: () => string): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${problem()}`);
    await sleep(5);
  }
}

/** `prefix-0` … `prefix-(n-1)`. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}

/** Long enough for the clock of file times to move on; the agent, in this process, can do nothing meanwhile. */
export function halt(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
}
