/**
 * Adds markers for runs of containers that no agent has read: the pod was created and deleted while no agent ran on its
 * node. No agent can report it, since nothing of the pod is left there; Kubernetes still shows that it ran.
 *
 * A run is judged when its node's agent has reported that everything up to a later time is stored: until then it may
 * deliver. Every run that an agent has read leaves a trace, a position or a ledger, for an hour after the file has
 * gone. Runs that began before the last such report of an earlier agent were read by it, and need no trace: runs of
 * excluded containers have none.
 */
import { PODLOG_STREAM } from '../../shared/labels.ts';
import { CAUGHT_UP_ID, parseFileId, parseLedgerId } from '../../shared/file-id.ts';
import type { RuleSet } from '../../shared/rules/rule-set.ts';
import { selectorMatcher } from '../../shared/rules/selector.ts';
import { CLUSTER_NODE, type StoredPositions } from '../store/positions.ts';
import { GONE_FILE_KEPT_MS, UNSEEN_GRACE_MS } from '../limits.ts';
import { begunRunsOf, type ContainerRuns, KnownRuns, runsKey } from './known-runs.ts';
import type { EventObject, PodObject } from './objects.ts';
import type { KnownPod, PodTable } from './pod-table.ts';
import type { Entry, Recorder } from './recorder.ts';

const FILE_PREFIX = 'kubernetes/unseen/';

/**
 * The id under which an agent reports a pod that went before its containers could be listed: its marker covers all of
 * them.
 */
const UNNAMED_ID = /^([^/]+)\/\/\d+@/;

export interface UnseenRunsOptions {
  readonly positions: Pick<StoredPositions, 'known' | 'nodes' | 'all'>;
  readonly pods: Pick<PodTable, 'find' | 'pathUidOf' | 'isPresent'>;
  readonly recorder: Pick<Recorder, 'add' | 'files' | 'forget'>;
  /** The rules that agents follow now. */
  readonly rules: () => RuleSet;
  /** Whether pods and events have been listed, and changes are being watched. */
  readonly isFollowing: () => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly graceMs?: number | undefined;
}

/** Owns the judgement of runs. `sweep` must be called at intervals. */
export class UnseenRuns {
  readonly #options: UnseenRunsOptions;
  readonly #known: KnownRuns;
  /** Node → time up to which its runs were already vouched for when this server first heard from its agent. */
  readonly #sinceMs = new Map<string, number>();
  /** Marked files as of the last time that old ones were forgotten. */
  #marked: ReadonlySet<string> = new Set();
  #forgotMs: number;

  constructor(options: UnseenRunsOptions) {
    this.#options = options;
    this.#forgotMs = options.now();
    this.#known = new KnownRuns({ pathUidOf: (podUid) => options.pods.pathUidOf(podUid), now: options.now });
    this.#noteNodes();
  }

  readonly noteEvent = (event: EventObject): void => this.#known.noteEvent(event);

  readonly notePod = (pod: PodObject): void => this.#known.notePod(pod);

  /** Drops the runs that have a trace, and adds a marker for those that will never have one. */
  async sweep(): Promise<void> {
    this.#noteNodes();
    const due = this.#takeDue();
    if (due.size > 0) {
      const isExcluded = exclusion(this.#options.rules());
      for (const [node, all] of due) {
        const seen = this.#seenRuns(node);
        for (const runs of all) await this.#judge(runs, seenRunsOf(runs, seen), isExcluded);
      }
    }
    this.#forgetOld();
  }

  async #judge(runs: ContainerRuns, seenRuns: number, isExcluded: ReturnType<typeof exclusion>): Promise<void> {
    const { pods, recorder, isFollowing } = this.#options;
    const begunRuns = begunRunsOf(runs);
    if (begunRuns <= seenRuns) return this.#known.delete(runs);
    if (!isFollowing()) return;
    const endedRuns = pods.isPresent(runs.podUid) ? runs.endedRuns : begunRuns;
    if (endedRuns <= seenRuns) return;
    const pod = pods.find(runs.pathUid);
    this.#known.delete(runs);
    if (!isExcluded(runs, pod)) await recorder.add(this.#marker(runs, pod, seenRuns, endedRuns));
  }

  #marker(runs: ContainerRuns, known: KnownPod | undefined, seenRuns: number, endedRuns: number): Entry {
    const { node, namespace, pod, pathUid, container, firstStartMs, lastMs } = runs;
    const last = endedRuns - 1;
    const first = firstStartMs > this.#sinceMs.get(node)! ? seenRuns : last;
    const name = first === last ? `${last}.log` : `${first}.log to ${last}.log`;
    return {
      file: FILE_PREFIX + runsKey(pathUid, container),
      offset: endedRuns,
      labels: { namespace, pod, container, stream: PODLOG_STREAM, node, ...known?.labels },
      run: { uid: pathUid, container, restart: last },
      epochMs: lastMs,
      line: `podlog: lines of ${name} may have been lost: no agent saw the container run`,
    };
  }

  /** Returns, by node, the runs from which everything must have arrived by now. Runs that need no trace are dropped. */
  #takeDue(): Map<string, ContainerRuns[]> {
    const { graceMs = UNSEEN_GRACE_MS } = this.#options;
    const due = new Map<string, ContainerRuns[]>();
    for (const runs of this.#known.all()) {
      const sinceMs = this.#sinceMs.get(runs.node);
      if (sinceMs === undefined || runs.lastStartMs <= sinceMs) this.#known.delete(runs);
      else if (this.#vouchedMs(runs.node) >= runs.lastMs + graceMs) {
        const ofNode = due.get(runs.node);
        if (ofNode === undefined) due.set(runs.node, [runs]);
        else ofNode.push(runs);
      }
    }
    return due;
  }

  #noteNodes(): void {
    for (const node of this.#options.positions.nodes()) {
      const vouchedMs = this.#vouchedMs(node);
      if (vouchedMs > 0 && !this.#sinceMs.has(node)) this.#sinceMs.set(node, vouchedMs);
    }
  }

  /** Returns the time up to which everything on the node is stored; 0 when no agent has reported one. */
  #vouchedMs(node: string): number {
    return node === CLUSTER_NODE ? 0 : this.#options.positions.known(node, CAUGHT_UP_ID).stdout;
  }

  /** Returns how many runs of each container of a node agents have read. */
  #seenRuns(node: string): Map<string, number> {
    const seen = new Map<string, number>();
    for (const [id, { stdout }] of this.#options.positions.all(node)) {
      const unnamed = UNNAMED_ID.exec(id);
      if (unnamed !== null) seen.set(runsKey(unnamed[1]!, ''), Infinity);
      const file = parseFileId(id);
      const of = file ?? parseLedgerId(id);
      if (of === undefined) continue;
      const key = runsKey(of.uid, of.container);
      seen.set(key, Math.max(seen.get(key) ?? 0, file === undefined ? stdout : file.restart + 1));
    }
    return seen;
  }

  /** By the time that a marker is an hour old, its run is too old to be judged again. */
  #forgetOld(): void {
    const { now, recorder, pods } = this.#options;
    if (now() - this.#forgotMs < GONE_FILE_KEPT_MS) return;
    this.#forgotMs = now();
    const files = recorder.files().filter((file) => file.startsWith(FILE_PREFIX));
    const isOld = (file: string): boolean => this.#marked.has(file) && !pods.isPresent(podUidOf(file));
    recorder.forget(files.filter(isOld));
    this.#marked = new Set(files);
  }
}

function seenRunsOf({ pathUid, container }: ContainerRuns, seen: ReadonlyMap<string, number>): number {
  return seen.get(runsKey(pathUid, '')) ?? seen.get(runsKey(pathUid, container)) ?? 0;
}

function podUidOf(file: string): string {
  return file.slice(FILE_PREFIX.length).split('/', 1)[0]!;
}

/** Whether a container is excluded, or may be: the labels of a pod that was never listed are not known. */
function exclusion({ include, exclude }: RuleSet): (runs: ContainerRuns, pod: KnownPod | undefined) => boolean {
  const excludes = exclude.map((selector) => selectorMatcher(selector, true));
  const includes = include.map((selector) => selectorMatcher(selector, false));
  return ({ namespace, pod, container }, known) => {
    const of = { namespace, pod, container, labels: known?.podLabels };
    if (known?.exclude === true || known?.exclude.includes(container) === true) return true;
    return excludes.some((matches) => matches(of)) || (includes.length > 0 && !includes.some((matches) => matches(of)));
  };
}
