/**
 * The bench corpus: the logs of a small shop on a cluster of three nodes, the same for a seed on every machine, made
 * byte by byte into the caller's buffer at about two million lines a second, so that 100 M lines need no disk.
 *
 * | share | kind | what |
 * |---|---|---|
 * | 70 % | request | level, method, path, status, latency_ms, bytes, user_id, request_id, time, message; 4 % also an idempotency_key |
 * | 15 % | debug | four shapes by component (cache, db, auth, pool); a third names a recent request |
 * | 10 % | job | a worker's line: job, job_id, attempt, duration_ms, user_id |
 * | 3 % | error | a nested object, a stack as one escaped string, user_id, a recent request's id |
 * | 2 % | klog | text of a Kubernetes controller, on stderr |
 *
 * A line is 257 bytes on average in a CRI file, 41 of them its header and its newline. There are 0.83 UUIDs a line that
 * never occurred before (request_id, idempotency_key, job_id), and 0.08 that repeat a recent one.
 *
 * - **Users**: Zipf with exponent 1 over 50,000 ids: the busiest has 6 % of the lines, the 1,000th 0.009 %, and 30 %
 *   of the lines belong to users who have less than 0.005 % each.
 * - **Routes**: 40, by weight; half have a number in their path.
 * - **Latency**: milliseconds as zerolog's Float64 writes them (shortest form, microsecond steps: `12.345`, `12.3`,
 *   `12`), log-normal around 8 ms with σ = 0.9, times the route's slowness (0.05 to 40).
 * - **Status**: 93.5 % 2xx and 3xx, 5.8 % 4xx (level warn), 0.7 % 5xx (level error).
 * - **Time**: nanoseconds; the gaps are uniform between 0 and twice the mean, never 0, over all streams together.
 * - **Pods**: by default 12 on three nodes (9 api, 2 worker, 1 controller), equally busy within their kind.
 */
import type { Labels } from '../../shared/labels.ts';
import { NS_PER_DAY, NS_PER_SECOND } from '../../shared/time.ts';
import { type LineSource, putDebug, putError, putJob, putKlog, putRequest, RECENT_COUNT, userIdOf } from './lines.ts';
import { Random } from './random.ts';
import { literal, putBytes, putFraction, putUuid } from './text.ts';

export interface CorpusOptions {
  readonly seed?: number;
  /** Of log time, over all pods. */
  readonly linesPerSecond?: number;
  /** When the first line was logged, ms since 1970. */
  readonly startMs?: number;
  readonly userCount?: number;
  /** At least 3: one for each app. */
  readonly podCount?: number;
}

type App = 'api' | 'worker' | 'controller';

/** One pod with one container, which writes to one stream; its index in `Corpus.pods` is the stream's index. */
export interface CorpusPod {
  readonly app: App;
  readonly uid: string;
  readonly restart: number;
  readonly labels: Labels & { readonly namespace: string; readonly pod: string; readonly container: string };
}

/** No line, with header and newline, is longer; the caller of `nextLine` and `nextFragment` provides this much room. */
export const CORPUS_LINE_BYTES_MAX = 1024;

const REQUEST = 0;
const DEBUG = 1;
const JOB = 2;
const ERROR = 3;
const KLOG = 4;
type LineKind = typeof REQUEST | typeof DEBUG | typeof JOB | typeof ERROR | typeof KLOG;

const SHARE_REQUEST = 0.7;
const SHARE_DEBUG = 0.15;
const SHARE_JOB = 0.1;
const SHARE_ERROR = 0.03;
const NODES = ['node-a', 'node-b', 'node-c'];
const STDOUT_TAG = literal('Z stdout F ');
const STDERR_TAG = literal('Z stderr F ');

/** Owns the randomness and the clock; after `nextLine`, its fields say whose line it was and when. */
export class Corpus {
  readonly pods: readonly CorpusPod[];
  readonly userCount: number;
  /** Index in `pods` of the last line's stream. */
  stream = 0;
  /** UTC day of the last line. */
  day: number;
  /** Nanoseconds since the start of that day. */
  timeNs: number;
  lineCount = 0;

  readonly #source: LineSource;
  readonly #gapNsMax: number;
  readonly #apiCount: number;
  readonly #workerCount: number;
  #second = -1;
  #kind: LineKind = REQUEST;

  constructor(options: CorpusOptions = {}) {
    const { seed = 1, linesPerSecond = 500, startMs = Date.UTC(2026, 10, 2), podCount = 12 } = options;
    this.userCount = options.userCount ?? 50_000;
    const random = new Random(seed);
    this.#workerCount = Math.max(1, Math.floor(podCount / 6));
    this.#apiCount = podCount - this.#workerCount - 1;
    if (this.#apiCount < 1) throw new RangeError(`BUG: ${podCount} pods are too few for a corpus`);
    this.pods = Array.from({ length: podCount }, (_, index) => makePod(random, this.#appOf(index), index));
    this.#gapNsMax = (2 * NS_PER_SECOND) / linesPerSecond;
    this.day = Math.floor(startMs / 86_400_000);
    this.timeNs = (startMs - this.day * 86_400_000) * 1e6;
    const recent = Int32Array.from({ length: RECENT_COUNT * 4 }, () => random.bits());
    const seconds = new Uint8Array(19);
    this.#source = { random, userCount: this.userCount, seconds, fractionNs: 0, recent, requestCount: 0 };
  }

  /** The id of the `rank`th most active user, from 0. */
  userIdOf(rank: number): number {
    return userIdOf(rank, this.userCount);
  }

  /** Writes the next line, without header or newline, and returns where it ends. */
  nextLine(into: Uint8Array, at: number): number {
    this.#next();
    return this.#putLine(into, at);
  }

  /** Writes the next line as a CRI file has it, with header and newline, and returns where it ends. */
  nextFragment(into: Uint8Array, at: number): number {
    this.#next();
    at = putBytes(into, at, this.#source.seconds);
    at = putFraction(into, at, this.#source.fractionNs);
    at = putBytes(into, at, this.#kind === KLOG ? STDERR_TAG : STDOUT_TAG);
    at = this.#putLine(into, at);
    into[at] = 0x0a;
    return at + 1;
  }

  /** Moves the clock and chooses kind and stream of the next line. */
  #next(): void {
    const { random } = this.#source;
    this.lineCount++;
    this.timeNs += 1 + Math.floor(random.unit() * this.#gapNsMax);
    if (this.timeNs >= NS_PER_DAY) {
      this.timeNs -= NS_PER_DAY;
      this.day++;
      this.#second = -1;
    }
    const second = Math.floor(this.timeNs / NS_PER_SECOND);
    this.#source.fractionNs = this.timeNs - second * NS_PER_SECOND;
    if (second !== this.#second) {
      this.#second = second;
      const text = new Date((this.day * 86_400 + second) * 1000).toISOString();
      for (let i = 0; i < 19; i++) this.#source.seconds[i] = text.charCodeAt(i);
    }
    this.#choose(random.unit());
  }

  #choose(share: number): void {
    const { random } = this.#source;
    let rest = share - SHARE_REQUEST;
    if (rest < 0) this.#kind = REQUEST;
    else if ((rest -= SHARE_DEBUG) < 0) this.#kind = DEBUG;
    else if ((rest -= SHARE_JOB) < 0) this.#kind = JOB;
    else if ((rest -= SHARE_ERROR) < 0) this.#kind = ERROR;
    else this.#kind = KLOG;
    if (this.#kind === KLOG) this.stream = this.pods.length - 1;
    else if (this.#kind === JOB) this.stream = this.#apiCount + random.below(this.#workerCount);
    else this.stream = random.below(this.#apiCount);
  }

  #putLine(into: Uint8Array, at: number): number {
    const source = this.#source;
    switch (this.#kind) {
      case REQUEST:
        return putRequest(source, into, at);
      case DEBUG:
        return putDebug(source, into, at);
      case JOB:
        return putJob(source, into, at);
      case ERROR:
        return putError(source, into, at);
      case KLOG:
        return putKlog(source, into, at);
    }
  }

  #appOf(index: number): App {
    if (index < this.#apiCount) return 'api';
    return index < this.#apiCount + this.#workerCount ? 'worker' : 'controller';
  }
}

function makePod(random: Random, app: App, index: number): CorpusPod {
  const uuid = Buffer.alloc(36);
  putUuid(uuid, 0, random.bits(), random.bits(), random.bits(), random.bits());
  const uid = uuid.toString();
  const suffix = (random.bits() >>> 0).toString(36).padStart(7, '0').slice(-5);
  return {
    app,
    uid,
    restart: 0,
    labels: {
      namespace: app === 'controller' ? 'kube-system' : 'shop',
      pod: `${app}-${uid.slice(24, 33)}-${suffix}`,
      container: app,
      stream: app === 'controller' ? 'stderr' : 'stdout',
      node: NODES[index % NODES.length]!,
    },
  };
}
