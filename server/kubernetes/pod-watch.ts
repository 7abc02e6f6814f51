/** Handles the pods that the API reports: makes their labels known, and records terminations and changes of workloads. */
import type { Logger } from 'pino';
import { terminationsOf, podUidOf } from './terminations.ts';
import type { Listener } from './follower.ts';
import type { PodObject } from './objects.ts';
import { annotationProblem } from './pod-annotations.ts';
import type { PodTable } from './pod-table.ts';
import type { Recorder } from './recorder.ts';
import type { WorkloadChanges } from './workload-changes.ts';

export interface PodWatchOptions {
  readonly pods: PodTable;
  readonly recorder: Recorder;
  readonly changes: WorkloadChanges;
  readonly log: Logger;
  /** Called when all pods are known. */
  readonly onListed: () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export class PodWatch implements Listener<PodObject> {
  readonly #options: PodWatchOptions;
  #listed = new Set<string>();
  /** uid → the problem with the pod's annotations that was reported last. */
  readonly #problems = new Map<string, string>();

  constructor(options: PodWatchOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#listed = new Set();
    this.#options.changes.begin();
  }

  async page(pods: readonly PodObject[]): Promise<void> {
    for (const pod of pods) {
      this.#listed.add(pod.metadata.uid);
      await this.changed(pod);
    }
  }

  /** No more terminations can come from pods that do not exist any more. */
  async listed(): Promise<void> {
    const { pods, recorder, changes, onListed } = this.#options;
    pods.retain(this.#listed);
    for (const uid of this.#problems.keys()) if (!this.#listed.has(uid)) this.#problems.delete(uid);
    this.#listed = new Set();
    onListed();
    recorder.forget(recorder.files().filter((file) => isOfDeletedPod(file, pods)));
    await changes.listed();
  }

  async changed(pod: PodObject): Promise<void> {
    const { pods, recorder, changes, now } = this.#options;
    const { labels, pathUid } = pods.set(pod);
    this.#reportProblem(pod);
    for (const entry of terminationsOf(pod, labels, now(), pathUid)) await recorder.add(entry);
    await changes.changed(pod);
  }

  /** The final status of the pod: often the only record of how its containers ended. */
  async deleted(pod: PodObject): Promise<void> {
    await this.changed(pod);
    await this.#options.changes.deleted(pod);
    this.#options.pods.delete(pod.metadata.uid);
    this.#problems.delete(pod.metadata.uid);
  }

  /** Reports a problem once. */
  #reportProblem({ metadata: { uid, namespace, name, annotations } }: PodObject): void {
    const problem = annotationProblem(annotations);
    if (problem === this.#problems.get(uid)) return;
    if (problem === undefined) this.#problems.delete(uid);
    else {
      this.#problems.set(uid, problem);
      this.#options.log.warn({ namespace, pod: name }, problem);
    }
  }
}

function isOfDeletedPod(file: string, pods: PodTable): boolean {
  const uid = podUidOf(file);
  return uid !== undefined && !pods.isPresent(uid);
}
