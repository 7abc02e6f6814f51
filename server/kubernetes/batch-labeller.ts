/**
 * Adds to an agent's batch, before it is stored, what the server knows about its pods. A batch has the uids of its pods
 * in its file ranges and their names in its streams, so a pod that was recreated under an old name is not taken for the
 * old one.
 *
 * The wait of lines for labels is short and limited for each batch: after a start until the first list is complete, and
 * once for a pod that the watch has not reported yet.
 */
import { LRUCache } from 'lru-cache';
import { ForbiddenError, ForbiddenLinesError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { readStreamLabels } from '../../shared/row-group/header.ts';
import { relabelStreams } from '../../shared/row-group/relabel.ts';
import type { Batch } from '../../shared/wire.ts';
import { FIRST_LIST_WAIT_MS_MAX, MISSED_PODS_MAX, POD_WAIT_MS_MAX } from '../limits.ts';
import { type KnownPod, PodTable } from './pod-table.ts';

interface Expected {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export interface LabellerOptions {
  /** Keys of pod labels that become labels of lines. */
  readonly chosen: readonly string[];
  /** Whether a watch is open, so that waiting for a pod is useful. */
  readonly isWatching: () => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly firstListWaitMsMax?: number;
  readonly podWaitMsMax?: number;
}

export class BatchLabeller {
  readonly pods: PodTable;
  readonly #isWatching: () => boolean;
  readonly #podWaitMsMax: number;
  /** Settles when pods have been listed, or that took too long. */
  readonly #ready: Expected;
  /** Path uid → wait for the pod. */
  readonly #expected = new Map<string, Expected>();
  readonly #missed = new LRUCache<string, true>({ max: MISSED_PODS_MAX });

  constructor({ chosen, isWatching, now, ...limits }: LabellerOptions) {
    this.pods = new PodTable(chosen, (uid) => this.#expected.get(uid)?.resolve(), now);
    this.#isWatching = isWatching;
    this.#podWaitMsMax = limits.podWaitMsMax ?? POD_WAIT_MS_MAX;
    this.#ready = expectWithin(limits.firstListWaitMsMax ?? FIRST_LIST_WAIT_MS_MAX);
  }

  /** Called when all pods have been listed: nothing waits for that any more. */
  listed(): void {
    this.#ready.resolve();
  }

  /**
   * @returns `batch` itself when there is nothing to add
   * @throws CorruptionError  its row group is broken
   */
  async label(batch: Batch): Promise<Batch> {
    const uids = podUids(batch);
    if (batch.rowGroup.length === 0 || uids.length === 0) return batch;
    await this.#ready.promise;
    await this.#waitFor(uids.filter((uid) => this.pods.find(uid) === undefined));
    const byName = this.#byName(uids);
    if (byName.size === 0) return batch;
    const rowGroup = relabelStreams(batch.rowGroup, (labels) => addLabels(labels, byName));
    return rowGroup === batch.rowGroup ? batch : { ...batch, rowGroup };
  }

  /**
   * Asserts that a batch has only lines of pods that run on its node, and a file of each. A pod that the API does not
   * have, any more or yet, cannot be checked: its lines are kept under the name in their path, one name for each such
   * pod. Files without lines are not checked: their positions concern only the batch's node.
   * @throws ForbiddenLinesError  some of its lines belong to other pods
   * @throws ForbiddenError  no pod runs on the batch's node: its name is wrong, and all lines of the agent are
   *   refused
   * @throws CorruptionError
   */
  async assertOwnPods(batch: Batch): Promise<void> {
    const uids = podUids(batch);
    if (uids.length === 0 || batch.rowGroup.length === 0) return;
    await this.#ready.promise;
    await this.#waitFor(uids.filter((uid) => this.pods.find(uid) === undefined));
    const pods = uids.map((uid) => this.pods.find(uid));
    const known = pods.filter((pod) => pod !== undefined);
    const elsewhere = new Map<string, KnownPod>();
    const names = new Set<string>();
    for (const pod of known) {
      if (pod.node === '' || pod.node === batch.node) names.add(qualifiedName(pod));
      else elsewhere.set(qualifiedName(pod), pod);
    }
    const namesMax = names.size + pods.length - known.length;
    for (const { namespace = '', pod: name = '' } of readStreamLabels(batch.rowGroup)) {
      if (namespace === '') continue;
      const claimed = qualifiedName({ namespace, name });
      const other = names.has(claimed) ? undefined : elsewhere.get(claimed);
      if (other !== undefined) throw this.#onOtherNode(other, batch.node);
      names.add(claimed);
      if (names.size > namesMax) {
        throw new ForbiddenLinesError(`a batch has lines of the pod ${claimed} and no file of it`);
      }
    }
  }

  #onOtherNode(pod: KnownPod, node: string): ForbiddenError | ForbiddenLinesError {
    const what = `the pod ${qualifiedName(pod)} runs on ${pod.node}, but this batch is from ${node}`;
    if (this.pods.isAnyOn(node)) return new ForbiddenLinesError(what);
    return new ForbiddenError(`${what}, where no pod runs: set --node to the name that Kubernetes has for the node`);
  }

  async #waitFor(unknown: readonly string[]): Promise<void> {
    if (unknown.length === 0 || !this.#isWatching()) return;
    await Promise.all(unknown.filter((uid) => !this.#missed.has(uid)).map((uid) => this.#expect(uid)));
  }

  /** All batches share one wait for a pod, and there is no second one. */
  async #expect(uid: string): Promise<void> {
    const expected = this.#expected.get(uid);
    if (expected !== undefined) return expected.promise;
    const own = expectWithin(this.#podWaitMsMax);
    this.#expected.set(uid, own);
    await own.promise;
    this.#expected.delete(uid);
    if (this.pods.find(uid) === undefined) this.#missed.set(uid, true);
  }

  #byName(uids: readonly string[]): Map<string, Labels> {
    const byName = new Map<string, Labels>();
    for (const uid of uids) {
      const pod = this.pods.find(uid);
      if (pod === undefined) continue;
      const name = qualifiedName(pod);
      const namesake = byName.get(name);
      byName.set(name, namesake === undefined ? pod.labels : commonLabels(namesake, pod.labels));
    }
    return byName;
  }
}

/** Returns the first parts of `<uid>/<container>/<restart>@…`, each once. */
function podUids({ files }: Batch): string[] {
  const uids = new Set<string>();
  for (const { file } of files) {
    const slash = file.indexOf('/');
    if (slash > 0) uids.add(file.slice(0, slash));
  }
  return [...uids];
}

function qualifiedName({ namespace, name }: Pick<KnownPod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** Labels from the path take precedence. */
function addLabels(labels: Labels, byName: ReadonlyMap<string, Labels>): Labels {
  const { namespace, pod } = labels;
  if (namespace === undefined || pod === undefined) return labels;
  const added = byName.get(qualifiedName({ namespace, name: pod }));
  if (added === undefined || Object.keys(added).every((name) => labels[name] !== undefined)) return labels;
  return { ...labels, ...added, ...labels };
}

/**
 * A pod was recreated on the same node and both have lines in one batch, whose streams do not distinguish them: labels
 * that both have are right for either. Those are usually all, since most such pods belong to one StatefulSet.
 */
function commonLabels(a: Labels, b: Labels): Labels {
  return a === b ? a : Object.fromEntries(Object.entries(a).filter(([name, value]) => b[name] === value));
}

function expectWithin(msMax: number): Expected {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, msMax).unref();
  void promise.then(() => clearTimeout(timer));
  return { promise, resolve };
}
