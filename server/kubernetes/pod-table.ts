/**
 * The pods of the cluster that the server knows, with the labels of their lines. Pods of one workload share a label
 * set, so a pod costs a few hundred bytes. A deleted pod is remembered for a while, because its last lines are still on
 * their way.
 */
import { type Labels, labelsKey } from '../../shared/labels.ts';
import type { Parser } from '../../shared/row-group/line-formats/cut-text.ts';
import type { PodFacts } from '../../shared/rules/rule-set.ts';
import { DELETED_POD_KEPT_MS, DELETED_PODS_MAX } from '../limits.ts';
import type { PodObject } from './objects.ts';
import { excludedBy, parserOf } from './pod-annotations.ts';
import { podLabels } from './pod-labels.ts';
import { amountOf } from './quantity.ts';
import { endedRunsOf } from './terminations.ts';

export interface KnownPod {
  readonly namespace: string;
  readonly name: string;
  /** Besides those from the path of a log file. */
  readonly labels: Labels;
  /** The uid in the path of its log files: the API's, except for a static pod. */
  readonly pathUid: string;
  readonly node: string;
  /** All labels of the pod itself. */
  readonly podLabels: Labels;
  /** See pod-annotations.ts. */
  readonly exclude: true | readonly string[];
  readonly parser: Parser;
  /** See PodFacts; undefined where no run has ended. */
  readonly endedRuns: Readonly<Record<string, number>> | undefined;
  readonly limits: PodLimits;
}

/** The limits of all containers that run together; undefined where one of them has no limit. */
interface PodLimits {
  readonly cpuCores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/**
 * The kubelet names the log folder of a static pod after the hash of its manifest; the mirror pod that the API shows
 * has another uid, and the hash as an annotation.
 */
const CONFIG_HASH = 'kubernetes.io/config.hash';

export class PodTable {
  readonly #chosen: readonly string[];
  readonly #now: () => number;
  /** API uid → pod, including deleted ones. */
  readonly #pods = new Map<string, KnownPod>();
  readonly #byPathUid = new Map<string, KnownPod>();
  /** uid → time of deletion, oldest first. */
  readonly #deleted = new Map<string, number>();
  readonly #labelSets = new Map<string, { readonly labels: Labels; pods: number }>();
  readonly #onKnown: (pathUid: string) => void;

  /**
   * @param chosen  keys of further pod labels
   * @param onKnown  called with the path uid of each new pod
   * @param now  epoch milliseconds
   */
  constructor(chosen: readonly string[], onKnown: (pathUid: string) => void, now: () => number) {
    this.#chosen = chosen;
    this.#onKnown = onKnown;
    this.#now = now;
  }

  /** Number of pods that exist, without deleted ones. */
  get size(): number {
    return this.#pods.size - this.#deleted.size;
  }

  get deletedCount(): number {
    return this.#deleted.size;
  }

  /** @param pathUid  as the path of a log file has it */
  find(pathUid: string): KnownPod | undefined {
    return this.#byPathUid.get(pathUid);
  }

  /** Returns the uid in the path of a pod's log files, from the API's uid. */
  pathUidOf(uid: string): string {
    return this.#pods.get(uid)?.pathUid ?? uid;
  }

  /** Nodes that have pods now. */
  nodes(): Set<string> {
    const nodes = new Set<string>();
    for (const [uid, { node }] of this.#pods) if (node !== '' && !this.#deleted.has(uid)) nodes.add(node);
    return nodes;
  }

  isAnyOn(node: string): boolean {
    return this.#byPathUid.values().some((pod) => pod.node === node);
  }

  /**
   * Returns the facts that rules may depend on, about the pods of a node, including deleted ones: their last lines may
   * be on the node.
   */
  factsOn(node: string, labelKeys: ReadonlySet<string>): PodFacts[] {
    const facts: PodFacts[] = [];
    for (const { pathUid, node: own, podLabels: all, exclude, parser, endedRuns } of this.#byPathUid.values()) {
      if (own !== node) continue;
      const labels = Object.fromEntries(Object.entries(all).filter(([key]) => labelKeys.has(key)));
      facts.push({ uid: pathUid, labels, exclude, parser, ...(endedRuns && { endedRuns }) });
    }
    return facts;
  }

  /** The pods that exist, by `namespace/name`. */
  byName(): Map<string, KnownPod> {
    const present = this.#pods.entries().filter(([uid]) => !this.#deleted.has(uid));
    return new Map(present.map(([, pod]) => [`${pod.namespace}/${pod.name}`, pod]));
  }

  /** Whether the API shows a pod of this uid now. */
  isPresent(uid: string): boolean {
    return this.#pods.has(uid) && !this.#deleted.has(uid);
  }

  /** Adds a pod that was created or has changed. Lines that come from now on get its present labels. */
  set(pod: PodObject): KnownPod {
    const { uid, namespace = '', name, annotations } = pod.metadata;
    this.#forget(uid);
    const pathUid = this.#pathUid(uid, annotations);
    const known: KnownPod = {
      namespace,
      name,
      labels: this.#share(podLabels(pod, this.#chosen)),
      pathUid,
      node: pod.spec?.nodeName ?? '',
      podLabels: pod.metadata.labels ?? {},
      exclude: excludedBy(annotations),
      parser: parserOf(annotations),
      endedRuns: countEndedRuns(pod),
      limits: limitsOf(pod),
    };
    this.#pods.set(uid, known);
    this.#byPathUid.set(pathUid, known);
    this.#onKnown(pathUid);
    return known;
  }

  /** Anyone who may create a pod may annotate it, so an annotation must not displace another pod. */
  #pathUid(uid: string, annotations: Labels | undefined): string {
    const hash = annotations?.[CONFIG_HASH];
    return hash === undefined || this.#pods.has(hash) ? uid : hash;
  }

  delete(uid: string): void {
    if (!this.isPresent(uid)) return;
    this.#deleted.set(uid, this.#now());
    this.#expire();
  }

  /** Called when a list is complete: every pod that is not in it is deleted. */
  retain(uids: ReadonlySet<string>): void {
    for (const uid of this.#pods.keys()) if (!uids.has(uid)) this.delete(uid);
    this.#expire();
  }

  #expire(): void {
    const keptFromMs = this.#now() - DELETED_POD_KEPT_MS;
    for (const [uid, deletedMs] of this.#deleted) {
      if (deletedMs >= keptFromMs && this.#deleted.size <= DELETED_PODS_MAX) break;
      this.#forget(uid);
    }
  }

  #forget(uid: string): void {
    const known = this.#pods.get(uid);
    if (known === undefined) return;
    this.#pods.delete(uid);
    this.#deleted.delete(uid);
    // A static pod's hash may belong to another pod by now: the mirror pod was deleted and created again.
    if (this.#byPathUid.get(known.pathUid) === known) this.#byPathUid.delete(known.pathUid);
    const key = labelsKey(known.labels);
    const set = this.#labelSets.get(key)!;
    if (--set.pods === 0) this.#labelSets.delete(key);
  }

  #share(labels: Labels): Labels {
    const key = labelsKey(labels);
    let set = this.#labelSets.get(key);
    if (set === undefined) this.#labelSets.set(key, (set = { labels, pods: 0 }));
    set.pods++;
    return set.labels;
  }
}

function countEndedRuns(pod: PodObject): Record<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const { container, run } of endedRunsOf(pod)) {
    counts.set(container, Math.max(counts.get(container) ?? 0, run + 1));
  }
  return counts.size === 0 ? undefined : Object.fromEntries(counts);
}

function limitsOf({ spec: { containers = [], initContainers = [] } = {} }: PodObject): PodLimits {
  const running = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const sum = (amounts: readonly (number | undefined)[]): number | undefined => {
    const known = amounts.filter((amount) => amount !== undefined);
    return known.length === 0 || known.length < amounts.length ? undefined : known.reduce((all, each) => all + each, 0);
  };
  return {
    cpuCores: sum(running.map(({ resources }) => amountOf(resources?.limits?.cpu))),
    memoryBytes: sum(running.map(({ resources }) => amountOf(resources?.limits?.memory))),
  };
}
