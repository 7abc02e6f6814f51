/**
 * Samples what pods and nodes use, as the metrics API (metrics.k8s.io) says it, and keeps each sample as a line of the source
 * `metrics`:
 *
 *     {"level":"trace","kind":"Pod","namespace":"shop","name":"api-7d9f-x2x","workload":"api","cpu_cores":0.041,"memory_bytes":…,"memory_limit_bytes":…}
 *
 * The level is that of the least of lines, so that searches by level leave samples out. A cluster may have no metrics API: it is
 * asked again from time to time. Source: https://github.com/kubernetes/metrics, pkg/apis/metrics/v1beta1/types.go
 */
import type { Logger } from 'pino';
import type { Labels } from '../../shared/labels.ts';
import type { Counter } from '../../shared/metrics.ts';
import {
  EVENT_LEAD_MS_MAX,
  USAGE_ABSENT_RETRY_MS,
  USAGE_AGE_MS_MAX,
  USAGE_LINES_MAX,
  USAGE_NODES_MS,
} from '../limits.ts';
import { type ApiClient, ApiStatusError } from './api-client.ts';
import { epochMsOf } from './objects.ts';
import type { KnownPod, PodTable } from './pod-table.ts';
import { amountOf } from './quantity.ts';
import type { Recorder } from './recorder.ts';

const PATH = '/apis/metrics.k8s.io/v1beta1';
const FILE = 'kubernetes/metrics';
/** Samples that begin within it are one. Offsets of its lines fit into a float64 until the year 7000. */
const TICK_MS = 100;
/** Status codes of a cluster without a metrics API, or one that refuses access to it. */
const ABSENT: readonly number[] = [403, 404];

interface Usage {
  readonly cpu?: string;
  readonly memory?: string;
}

interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  /** The end of the interval that was measured. */
  readonly timestamp?: string | null;
  readonly containers?: readonly { readonly name: string; readonly usage?: Usage }[];
}

interface NodeMetrics {
  readonly metadata: { readonly name: string };
  readonly timestamp?: string | null;
  readonly usage?: Usage;
}

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly capacity?: Usage };
}

interface List<Item> {
  readonly items: readonly Item[] | null;
}

export interface UsageSamplerOptions {
  readonly client: Pick<ApiClient, 'get'>;
  readonly pods: Pick<PodTable, 'byName'>;
  readonly recorder: Pick<Recorder, 'add'>;
  readonly log: Logger;
  /** Lines that were kept, and those beyond USAGE_LINES_MAX. */
  readonly kept: Counter;
  readonly dropped: Counter;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly periodMs: number;
}

/** A line before it has a place. */
interface Sample {
  readonly labels: Labels;
  readonly timestamp: string | null | undefined;
  readonly line: string;
}

export class UsageSampler {
  readonly #options: UsageSamplerOptions;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;
  #retryMs = 0;
  /** Why there is no sample, as it was logged. */
  #problem = '';
  #nodes = new Map<string, Usage>();
  #nodesMs = 0;

  constructor(options: UsageSamplerOptions) {
    this.#options = options;
  }

  /** Takes the first sample, once: the pods must be known by now. */
  start(): void {
    if (this.#timer !== undefined || this.#stopped.signal.aborted) return;
    this.#timer = setInterval(() => this.#tick(), this.#options.periodMs).unref();
    this.#tick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await this.#sampling;
  }

  /** A sample that takes longer than a period is not overtaken by the next. */
  #tick(): void {
    if (this.#sampling !== undefined || this.#options.now() < this.#retryMs) return;
    this.#sampling = this.#sample().finally(() => (this.#sampling = undefined));
  }

  async #sample(): Promise<void> {
    try {
      const [pods, nodes] = await Promise.all([
        this.#list<PodMetrics>(`${PATH}/pods`),
        this.#list<NodeMetrics>(`${PATH}/nodes`),
      ]);
      await this.#learnNodes();
      const known = this.#options.pods.byName();
      await this.#keep([
        ...nodes.map((node) => this.#nodeSample(node)),
        ...pods.map((pod) => podSample(pod, known.get(`${pod.metadata.namespace}/${pod.metadata.name}`))),
      ]);
      this.#report('');
    } catch (err) {
      if (this.#stopped.signal.aborted) return;
      const isAbsent = err instanceof ApiStatusError && ABSENT.includes(err.status);
      if (isAbsent) this.#retryMs = this.#options.now() + USAGE_ABSENT_RETRY_MS;
      this.#report(isAbsent ? 'the cluster has no metrics API, or it may not be read' : 'sampling usage failed', err);
    }
  }

  async #list<Item>(path: string): Promise<readonly Item[]> {
    const { items } = await this.#options.client.get<List<Item>>({ path, signal: this.#stopped.signal });
    return items ?? [];
  }

  /** Nodes rarely get another size; samples without it are better than none. */
  async #learnNodes(): Promise<void> {
    const { now } = this.#options;
    if (now() < this.#nodesMs) return;
    this.#nodesMs = now() + USAGE_NODES_MS;
    try {
      const nodes = await this.#list<NodeObject>('/api/v1/nodes');
      this.#nodes = new Map(
        nodes.map(({ metadata: { name }, status: { capacity: { cpu, memory } = {} } = {} }) => [
          name,
          { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) },
        ]),
      );
    } catch (err) {
      if (!(err instanceof ApiStatusError)) throw err;
    }
  }

  #nodeSample({ metadata: { name }, timestamp, usage = {} }: NodeMetrics): Sample {
    const capacity = this.#nodes.get(name);
    const line = lineOf({
      kind: 'Node',
      name,
      cpu: amountOf(usage.cpu),
      memory: amountOf(usage.memory),
      cpuLimit: amountOf(capacity?.cpu),
      memoryLimit: amountOf(capacity?.memory),
    });
    return { labels: { source: 'metrics' }, timestamp, line };
  }

  async #keep(samples: readonly Sample[]): Promise<void> {
    const { recorder, now, kept, dropped } = this.#options;
    const nowMs = now();
    const first = Math.floor(nowMs / TICK_MS) * USAGE_LINES_MAX;
    const own = samples.slice(0, USAGE_LINES_MAX);
    for (const [i, { labels, timestamp, line }] of own.entries()) {
      await recorder.add({ file: FILE, offset: first + i, labels, epochMs: timeOf(timestamp, nowMs), line });
    }
    kept.add(own.length);
    dropped.add(samples.length - own.length);
  }

  /** Once, until it is another one. */
  #report(problem: string, err?: unknown): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem !== '') this.#options.log.warn({ err }, `${problem}; retrying`);
  }
}

function podSample({ metadata, timestamp, containers = [] }: PodMetrics, pod: KnownPod | undefined): Sample {
  const { namespace = '', name } = metadata;
  const sum = (read: (usage: Usage) => string | undefined): number | undefined => {
    const amounts = containers.flatMap(({ usage = {} }) => amountOf(read(usage)) ?? []);
    return amounts.length === 0 ? undefined : amounts.reduce((all, each) => all + each, 0);
  };
  const line = lineOf({
    kind: 'Pod',
    namespace,
    name,
    workload: pod?.labels['owner']?.split('/')[1],
    cpu: sum(({ cpu }) => cpu),
    memory: sum(({ memory }) => memory),
    cpuLimit: pod?.limits.cpuCores,
    memoryLimit: pod?.limits.memoryBytes,
  });
  // As those of events: few, and searches for the lines of a pod do not find its samples.
  return { labels: { source: 'metrics', ...(namespace !== '' && { namespace }) }, timestamp, line };
}

interface Measured {
  readonly kind: 'Pod' | 'Node';
  readonly namespace?: string;
  readonly name: string;
  readonly workload?: string | undefined;
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly cpuLimit: number | undefined;
  readonly memoryLimit: number | undefined;
}

/** Returns a JSON line whose fields are always in the same order. Unknown values are left out. */
function lineOf({ kind, namespace, name, workload, cpu, memory, cpuLimit, memoryLimit }: Measured): string {
  return JSON.stringify({
    level: 'trace',
    kind,
    namespace: namespace === '' ? undefined : namespace,
    name,
    workload,
    cpu_cores: cpu === undefined ? undefined : Math.round(cpu * 1e6) / 1e6,
    cpu_limit_cores: cpuLimit,
    memory_bytes: memory === undefined ? undefined : Math.round(memory),
    memory_limit_bytes: memoryLimit,
  });
}

function timeOf(timestamp: string | null | undefined, nowMs: number): number {
  const epochMs = epochMsOf(timestamp) ?? nowMs;
  return epochMs < nowMs - USAGE_AGE_MS_MAX || epochMs > nowMs + EVENT_LEAD_MS_MAX ? nowMs : epochMs;
}
