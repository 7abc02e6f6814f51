/**
 * The runs of containers that Kubernetes shows: in the statuses of existing pods and, for deleted ones, in the
 * kubelet's events, which outlive a pod by up to an hour.
 */
import { UNSEEN_AGE_MS_MAX, UNSEEN_CONTAINERS_MAX } from '../limits.ts';
import { endedRunsOf } from './terminations.ts';
import { containerOf } from './events.ts';
import { epochMsOf, type EventObject, type PodObject } from './objects.ts';

/** Reasons of the kubelet's events. `Created` is of no use, since a container that cannot be started has no log. */
const STARTED = 'Started';
const KILLING = 'Killing';

export interface ContainerRuns {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  /** The API's uid, under which a pod is listed while it exists. */
  readonly podUid: string;
  /** The uid in the path of its log files. */
  readonly pathUid: string;
  readonly container: string;
  /** Uid of an event → the number of starts that it counts. */
  readonly starts: Map<string, number>;
  /** From the pod's status: all runs below this number have ended. */
  endedRuns: number;
  /** Epoch milliseconds; the first and the last start, and the last sign of the last run. */
  firstStartMs: number;
  lastStartMs: number;
  lastMs: number;
}

type Identity = Pick<ContainerRuns, 'node' | 'namespace' | 'pod' | 'podUid' | 'pathUid' | 'container'>;

export interface KnownRunsOptions {
  /** Returns the uid in the name of a pod's log folder, from the API's uid. */
  readonly pathUidOf: (podUid: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Owns the runs that are known and not judged yet, oldest first. */
export class KnownRuns {
  readonly #options: KnownRunsOptions;
  readonly #runs = new Map<string, ContainerRuns>();

  constructor(options: KnownRunsOptions) {
    this.#options = options;
  }

  all(): Iterable<ContainerRuns> {
    return this.#runs.values();
  }

  delete({ pathUid, container }: ContainerRuns): void {
    this.#runs.delete(runsKey(pathUid, container));
  }

  noteEvent(event: EventObject): void {
    const { involvedObject: { kind, uid, namespace = '', name: pod } = {}, source, reportingInstance, reason } = event;
    const container = containerOf(event.involvedObject?.fieldPath);
    const node = source?.host || reportingInstance;
    const timeMs = epochMsOf(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime);
    if (kind !== 'Pod' || uid === undefined || pod === undefined || container === undefined || !node) return;
    if (timeMs === undefined || !this.#isRecent(timeMs)) return;
    if (reason === STARTED) {
      const runs = this.#of({ node, namespace, pod, podUid: uid, pathUid: uid, container });
      runs.starts.set(event.metadata.uid, event.series?.count ?? event.count ?? 1);
      noteStart(runs, epochMsOf(event.firstTimestamp ?? event.eventTime) ?? timeMs, timeMs);
    } else if (reason === KILLING) {
      const runs = this.#runs.get(runsKey(uid, container));
      if (runs !== undefined) runs.lastMs = Math.max(runs.lastMs, timeMs);
    }
  }

  notePod(podObject: PodObject): void {
    const { metadata, spec } = podObject;
    const { namespace = '', name: pod, uid: podUid } = metadata;
    const node = spec?.nodeName;
    if (!node) return;
    for (const { container, run, terminated } of endedRunsOf(podObject)) {
      const startMs = epochMsOf(terminated.startedAt);
      const endMs = epochMsOf(terminated.finishedAt);
      // A container that could not be started has the year 1970 here.
      if (startMs === undefined || endMs === undefined || !this.#isRecent(endMs)) continue;
      const pathUid = this.#options.pathUidOf(podUid);
      const runs = this.#of({ node, namespace, pod, podUid, pathUid, container });
      runs.endedRuns = Math.max(runs.endedRuns, run + 1);
      noteStart(runs, run === 0 ? startMs : (epochMsOf(metadata.creationTimestamp) ?? startMs), startMs);
      runs.lastMs = Math.max(runs.lastMs, endMs);
    }
  }

  #of(identity: Identity): ContainerRuns {
    const key = runsKey(identity.pathUid, identity.container);
    let runs = this.#runs.get(key);
    if (runs === undefined) {
      runs = { ...identity, starts: new Map(), endedRuns: 0, firstStartMs: Infinity, lastStartMs: 0, lastMs: 0 };
      this.#runs.set(key, runs);
      if (this.#runs.size > UNSEEN_CONTAINERS_MAX) this.#runs.delete(this.#runs.keys().next().value!);
    }
    return runs;
  }

  #isRecent(timeMs: number): boolean {
    return timeMs >= this.#options.now() - UNSEEN_AGE_MS_MAX;
  }
}

export function runsKey(pathUid: string, container: string): string {
  return `${pathUid}/${container}`;
}

/** Returns how many runs a container has begun, at least. */
export function begunRunsOf({ starts, endedRuns }: ContainerRuns): number {
  let begun = 0;
  for (const count of starts.values()) begun += count;
  return Math.max(begun, endedRuns);
}

function noteStart(runs: ContainerRuns, firstMs: number, lastMs: number): void {
  runs.firstStartMs = Math.min(runs.firstStartMs, firstMs);
  runs.lastStartMs = Math.max(runs.lastStartMs, lastMs);
  runs.lastMs = Math.max(runs.lastMs, lastMs);
}
