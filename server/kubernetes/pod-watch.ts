/** What becomes of the pods that the API tells of: their labels are known from then on, and what has ended is recorded. */
import { endingsOf, podUidOf } from './endings.ts';
import type { Listener } from './follower.ts';
import type { PodObject } from './objects.ts';
import type { PodTable } from './pod-table.ts';
import type { Recorder } from './recorder.ts';

export interface PodWatchOptions {
  readonly pods: PodTable;
  readonly recorder: Recorder;
  /** All pods are known. */
  readonly onListed: () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export class PodWatch implements Listener<PodObject> {
  readonly #options: PodWatchOptions;
  #listed = new Set<string>();

  constructor(options: PodWatchOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#listed = new Set();
  }

  async page(pods: readonly PodObject[]): Promise<void> {
    for (const pod of pods) {
      this.#listed.add(pod.metadata.uid);
      await this.changed(pod);
    }
  }

  /** Nothing will be told of the endings of pods that are no more. */
  listed(): void {
    const { pods, recorder, onListed } = this.#options;
    pods.retain(this.#listed);
    this.#listed = new Set();
    onListed();
    recorder.forget(recorder.files().filter((file) => isOfDeletedPod(file, pods)));
  }

  async changed(pod: PodObject): Promise<void> {
    const { pods, recorder, now } = this.#options;
    const { labels } = pods.set(pod);
    for (const entry of endingsOf(pod, labels, now())) await recorder.add(entry);
  }

  /** The pod as it was last: often the only word of how its containers ended. */
  async deleted(pod: PodObject): Promise<void> {
    await this.changed(pod);
    this.#options.pods.delete(pod.metadata.uid);
  }
}

function isOfDeletedPod(file: string, pods: PodTable): boolean {
  const uid = podUidOf(file);
  return uid !== undefined && !pods.isPresent(uid);
}
