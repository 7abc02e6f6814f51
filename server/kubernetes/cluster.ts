/**
 * The server's connection to the Kubernetes API: a watch of all pods, for the labels of lines and the terminations of
 * containers, and one of all events; both also show which containers ran unnoticed by an agent. Loaded only by a server
 * that has a cluster.
 */
import type { Logger } from 'pino';
import { UsageError } from '../../shared/errors.ts';
import type { Counter, Gauge, Metrics } from '../../shared/metrics.ts';
import type { PodFacts } from '../../shared/rules/rule-set.ts';
import type { Batch } from '../../shared/wire.ts';
import type { StoredPositions } from '../store/positions.ts';
import { UNSEEN_SWEEP_MS, USAGE_SAMPLE_MS } from '../limits.ts';
import { ApiClient } from './api-client.ts';
import { BatchLabeller } from './batch-labeller.ts';
import { connect, type Connection } from './connection.ts';
import { EventLog } from './events.ts';
import { Follower, type Listener } from './follower.ts';
import type { ApiObject, EventObject, PodObject } from './objects.ts';
import { PodWatch } from './pod-watch.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';
import { WorkloadChanges } from './workload-changes.ts';
import { UnseenRuns, type UnseenRunsOptions } from './unseen-runs.ts';
import { UsageSampler } from './usage-samples.ts';

export interface KubernetesOptions {
  /**
   * `auto` (in a pod that has a token), `in-cluster`, the URL of an API server, or a connection, e.g. from a
   * kubeconfig.
   */
  readonly api: string | Connection;
  /** Keys of pod labels that become labels of lines. */
  readonly podLabels: readonly string[];
  /** Whether the metrics API is sampled. */
  readonly isSampled?: boolean;
  readonly unseen?: UnseenTimes;
  /** Overrides USAGE_SAMPLE_MS in tests. */
  readonly sampleMs?: number;
}

/** Override UNSEEN_GRACE_MS and UNSEEN_SWEEP_MS in tests. */
interface UnseenTimes {
  readonly graceMs: number;
  readonly sweepMs: number;
}

export interface ClusterOptions {
  readonly connection: Connection;
  readonly podLabels: readonly string[];
  readonly isSampled: boolean;
  readonly unseen?: UnseenTimes | undefined;
  readonly sampleMs?: number | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * @returns undefined when `auto` finds no API server
 * @throws UsageError
 */
export async function openCluster(
  { api, podLabels, isSampled = true, unseen, sampleMs }: KubernetesOptions,
  parts: Pick<ClusterOptions, 'log' | 'metrics' | 'now'>,
): Promise<Cluster | undefined> {
  try {
    return new Cluster({
      connection: typeof api === 'string' ? await connect(api, process.env) : api,
      podLabels,
      isSampled,
      unseen,
      sampleMs,
      ...parts,
    });
  } catch (err) {
    if (api !== 'auto' || !(err instanceof UsageError)) throw err;
    parts.log.warn({ err }, 'no access to the Kubernetes API; lines get only the labels from their paths');
    return undefined;
  }
}

/** Owns the two watches. Batches may be labelled before `start`, but the API is not used until then. */
class Cluster {
  readonly #options: ClusterOptions;
  readonly #client: ApiClient;
  readonly #labeller: BatchLabeller;
  #started: Started | undefined;

  constructor(options: ClusterOptions) {
    const { connection, podLabels: chosen, now } = options;
    this.#options = options;
    this.#client = new ApiClient(connection);
    this.#labeller = new BatchLabeller({
      chosen,
      isWatching: () => this.#started?.pods.isWatching ?? false,
      now,
    });
  }

  /** Adds the labels of its pods to a batch. */
  readonly label = (batch: Batch): Promise<Batch> => this.#labeller.label(batch);

  /**
   * Refuses a batch of one node with files or streams of pods of another.
   * @throws ForbiddenError
   */
  readonly assertOwnPods = (batch: Batch): Promise<void> => this.#labeller.assertOwnPods(batch);

  /** Returns the facts that rules may depend on, about the pods of a node. */
  readonly podsOn = (node: string, labelKeys: ReadonlySet<string>): PodFacts[] =>
    this.#labeller.pods.factsOn(node, labelKeys);

  /** Nodes with pods, as far as they are known. */
  readonly nodes = (): ReadonlySet<string> => this.#labeller.pods.nodes();

  /** Begins to follow the cluster, and to record events and terminations. */
  start({ acceptor, positions, rules }: StartOptions): void {
    const { log, metrics, now, unseen, isSampled, sampleMs: periodMs = USAGE_SAMPLE_MS } = this.#options;
    const { pods } = this.#labeller;
    const recorder = new Recorder({ acceptor, positions, log });
    const client = this.#client;
    const api = apiMetrics(metrics);
    const follow = { client, log, now, random: Math.random, lists: api.lists, failures: api.failures };
    const changes = new WorkloadChanges({ recorder, now });
    const counters = { kept: api.samples, dropped: api.droppedSamples };
    const sampler = new UsageSampler({ client, pods, recorder, log, ...counters, now, periodMs });
    const onListed = (): void => {
      this.#labeller.listed();
      if (isSampled) sampler.start();
    };
    const podWatch = new PodWatch({ pods, recorder, changes, log, onListed, now });
    const eventLog = new EventLog({ recorder, log, now, dropped: api.dropped });
    const isFollowing = (): boolean => started.pods.isWatching && started.events.isWatching;
    const { graceMs, sweepMs = UNSEEN_SWEEP_MS } = unseen ?? {};
    const unseenRuns = new UnseenRuns({ positions, pods, recorder, rules, isFollowing, now, graceMs });
    const started: Started = {
      recorder,
      sampler,
      pods: new Follower({ ...follow, path: '/api/v1/pods', listener: noting(podWatch, unseenRuns.notePod) }),
      events: new Follower({ ...follow, path: '/api/v1/events', listener: noting(eventLog, unseenRuns.noteEvent) }),
      sweeps: setInterval(() => void unseenRuns.sweep(), sweepMs),
    };
    this.#started = started;
    api.pods.readFrom(() => pods.size);
    api.watching.readFrom(() => Number(started.pods.isWatching) + Number(started.events.isWatching));
  }

  /** Ends what `start` began. Entries that are not stored are learned again after the next start. */
  async stop(): Promise<void> {
    if (this.#started === undefined) return;
    const { recorder, sampler, pods, events, sweeps } = this.#started;
    clearInterval(sweeps);
    await Promise.all([pods.stop(), events.stop(), sampler.stop(), recorder.close()]);
  }

  /** Aborts the remaining requests. `stop` must have been called. */
  async close(): Promise<void> {
    await this.#client.close();
  }
}

type StartOptions = Pick<RecorderOptions, 'acceptor'> &
  Pick<UnseenRunsOptions, 'rules'> & { positions: StoredPositions };

/** Returns a listener that passes each object to `note` after the wrapped one has handled it. */
function noting<T extends ApiObject>(listener: Listener<T>, note: (object: T) => void): Listener<T> {
  return {
    begin: () => listener.begin(),
    page: async (objects) => {
      await listener.page(objects);
      objects.forEach(note);
    },
    listed: (resourceVersion) => listener.listed(resourceVersion),
    changed: async (object) => {
      await listener.changed(object);
      note(object);
    },
    deleted: async (object) => {
      await listener.deleted(object);
      note(object);
    },
  };
}

interface Started {
  readonly recorder: Recorder;
  readonly sampler: UsageSampler;
  readonly pods: Follower<PodObject>;
  readonly events: Follower<EventObject>;
  readonly sweeps: NodeJS.Timeout;
}

interface ApiMetrics {
  readonly lists: Counter;
  readonly failures: Counter;
  readonly dropped: Counter;
  readonly samples: Counter;
  readonly droppedSamples: Counter;
  readonly pods: Gauge;
  readonly watching: Gauge;
}

function apiMetrics(metrics: Metrics): ApiMetrics {
  return {
    pods: metrics.gauge('podlog_kubernetes_pods', 'Pods of the cluster that the server knows.'),
    watching: metrics.gauge('podlog_kubernetes_watches', 'Watches of the Kubernetes API that are open, of two.'),
    lists: metrics.counter('podlog_kubernetes_lists_total', 'Lists that the Kubernetes API has answered, by path.'),
    failures: metrics.counter(
      'podlog_kubernetes_failures_total',
      'Lists and watches of the Kubernetes API that failed, by path.',
    ),
    dropped: metrics.counter(
      'podlog_kubernetes_dropped_events_total',
      'Kubernetes events that were not stored: one list had too many.',
    ),
    samples: metrics.counter(
      'podlog_kubernetes_samples_total',
      'Samples of what pods and nodes use that the metrics API has given.',
    ),
    droppedSamples: metrics.counter(
      'podlog_kubernetes_dropped_samples_total',
      'Samples that were not stored: there were too many at once.',
    ),
  };
}
