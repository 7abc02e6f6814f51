/**
 * Records when a workload gets a new image or another pod template, as a line of the source `changes`:
 *
 *     {"level":"info","kind":"Deployment","namespace":"shop","name":"api","container":"api","old_image":…,"message":"api: image v1.41.0 → v1.42.0"}
 *
 * All of it comes from pods: they bear the hash of their template, which each workload changes with its template. The hash
 * that a workload has now, and its images, are the name of its "file" (recorder.ts); so a change is recorded once, also one
 * that happened while no server ran. A workload that is seen for the first time is recorded, too.
 */
import type { Labels } from '../../shared/labels.ts';
import { EVENT_AGE_MS_MAX, EVENT_LEAD_MS_MAX, WORKLOADS_MAX } from '../limits.ts';
import { epochMsOf, type PodObject } from './objects.ts';
import { ownerOf } from './pod-labels.ts';
import type { Recorder } from './recorder.ts';

const FILE_PREFIX = 'kubernetes/changes/';
/** Pod labels with the hash of the template, by the kind of the workload. */
const HASH_LABELS: Readonly<Record<string, string>> = {
  Deployment: 'pod-template-hash',
  Rollout: 'rollouts-pod-template-hash',
  StatefulSet: 'controller-revision-hash',
  DaemonSet: 'controller-revision-hash',
};
/** Beyond, a file's name would be too long: images are left out. */
const IMAGES_CHARS_MAX = 600;
const DIGEST_CHARS = 12;

/** Container → image. */
type Images = Readonly<Record<string, string>>;

interface Template {
  readonly hash: string;
  readonly images: Images;
}

interface PodOfWorkload extends Template {
  readonly createdMs: number;
}

interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** What it has, as far as it is recorded. */
  current: Template | undefined;
  /** When that was noticed, or 0. */
  changedMs: number;
  /** Hashes of templates that it had before, as long as there are pods of them: they may be made again in an update. */
  replaced: ReadonlySet<string>;
  /** By uid: those that exist. */
  pods: Map<string, PodOfWorkload>;
  /** It had no pods when all were listed last. */
  wasEmpty: boolean;
}

export interface WorkloadChangesOptions {
  readonly recorder: Pick<Recorder, 'add' | 'files' | 'known' | 'forget'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export class WorkloadChanges {
  readonly #options: WorkloadChangesOptions;
  /** By `namespace/kind/name`. */
  readonly #workloads = new Map<string, Workload>();
  /** The pods of the list in progress. Nothing is judged before all pods are known. */
  #listed: Map<string, Map<string, PodOfWorkload>> | undefined;

  constructor(options: WorkloadChangesOptions) {
    this.#options = options;
    this.#takeRecorded();
  }

  begin(): void {
    this.#listed = new Map();
  }

  async changed(pod: PodObject): Promise<void> {
    const found = this.#workloadOf(pod);
    if (found === undefined) return;
    const { key, workload, hash } = found;
    const own = { hash, images: imagesOf(pod), createdMs: epochMsOf(pod.metadata.creationTimestamp) ?? 0 };
    if (this.#listed !== undefined) {
      const pods = this.#listed.get(key) ?? new Map<string, PodOfWorkload>();
      this.#listed.set(key, pods.set(pod.metadata.uid, own));
      return;
    }
    if (workload.pods.has(pod.metadata.uid)) return;
    workload.pods.set(pod.metadata.uid, own);
    await this.#judge(key, workload, false);
  }

  async deleted(pod: PodObject): Promise<void> {
    const found = this.#workloadOf(pod);
    if (found?.workload.pods.delete(pod.metadata.uid) === true) await this.#judge(found.key, found.workload, false);
  }

  async listed(): Promise<void> {
    const listed = this.#listed ?? new Map<string, Map<string, PodOfWorkload>>();
    this.#listed = undefined;
    for (const [key, workload] of this.#workloads) {
      workload.pods = listed.get(key) ?? new Map();
      const isEmpty = workload.pods.size === 0;
      // One that is scaled to zero for a moment stays known.
      if (isEmpty && workload.wasEmpty) this.#forget(key, workload);
      workload.wasEmpty = isEmpty;
      await this.#judge(key, workload, true);
    }
  }

  /** What was recorded before this start. After a crash, a workload may have two; the later one counts. */
  #takeRecorded(): void {
    const { recorder } = this.#options;
    const files = recorder.files().filter((file) => file.startsWith(FILE_PREFIX));
    for (const file of files.toSorted((a, b) => recorder.known(a) - recorder.known(b))) {
      const { key, template } = parseFile(file) ?? {};
      if (key === undefined || template === undefined) continue;
      const [namespace, kind, name] = key.split('/') as [string, string, string];
      const known = this.#workloads.get(key);
      if (known?.current !== undefined) recorder.forget([fileOf(key, known.current)]);
      const workload = newWorkload(kind, namespace, name);
      this.#workloads.set(key, { ...workload, current: template, changedMs: recorder.known(file) });
    }
  }

  #workloadOf(pod: PodObject): { key: string; workload: Workload; hash: string } | undefined {
    const owner = ownerOf(pod);
    const hash = owner && pod.metadata.labels?.[HASH_LABELS[owner.kind] ?? ''];
    if (owner === undefined || hash === undefined || hash === '') return undefined;
    const { kind, name } = owner;
    const { namespace = '' } = pod.metadata;
    const key = `${namespace}/${kind}/${name}`;
    let workload = this.#workloads.get(key);
    if (workload === undefined) {
      if (this.#workloads.size >= WORKLOADS_MAX) return undefined;
      workload = newWorkload(kind, namespace, name);
      this.#workloads.set(key, workload);
    }
    return { key, workload, hash };
  }

  #forget(key: string, { current }: Workload): void {
    this.#workloads.delete(key);
    if (current !== undefined) this.#options.recorder.forget([fileOf(key, current)]);
  }

  /** @param isListed  what has happened since it was judged last is not known in its order */
  async #judge(key: string, workload: Workload, isListed: boolean): Promise<void> {
    const next = nextOf(workload, isListed);
    if (next !== undefined) await this.#record(key, workload, next);
    const hashes = [...workload.pods.values()].map(({ hash }) => hash);
    workload.replaced = new Set(hashes.filter((hash) => hash !== workload.current?.hash));
  }

  async #record(key: string, workload: Workload, next: PodOfWorkload): Promise<void> {
    const { recorder, now } = this.#options;
    const { current: before } = workload;
    const file = fileOf(key, next);
    workload.current = { hash: next.hash, images: next.images };
    const nowMs = now();
    await recorder.add({
      file,
      // A template that comes back has been recorded before.
      offset: Math.max(Math.floor(nowMs), recorder.known(file) + 1),
      labels: labelsOf(workload),
      epochMs: timeOf(next, workload.changedMs, nowMs),
      line: lineOf(workload, before, next),
    });
    workload.changedMs = nowMs;
    if (before !== undefined) recorder.forget([fileOf(key, before)]);
  }
}

function newWorkload(kind: string, namespace: string, name: string): Workload {
  const pods = new Map<string, PodOfWorkload>();
  return { kind, namespace, name, current: undefined, changedMs: 0, replaced: new Set(), pods, wasEmpty: false };
}

/**
 * Returns the first pod of the template that a workload has got; undefined while it has its own. During an update there are pods
 * of both, and more of the old one may be made: a template is new if it was not there before or, in a list, if its first pod
 * is younger. One that was replaced comes back once there is nothing else.
 */
function nextOf({ current, replaced, pods }: Workload, isListed: boolean): PodOfWorkload | undefined {
  const byHash = Map.groupBy(pods.values(), ({ hash }) => hash);
  const firsts = [...byHash.values()].map((own) => own.toSorted((a, b) => a.createdMs - b.createdMs)[0]!);
  const own = firsts.find(({ hash }) => hash === current?.hash);
  const others = firsts.filter((each) => each !== own).toSorted((a, b) => b.createdMs - a.createdMs);
  if (own === undefined) return others[0];
  return others.find(({ hash, createdMs }) => !replaced.has(hash) && (!isListed || createdMs > own.createdMs));
}

function imagesOf({ spec }: PodObject): Images {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return Object.fromEntries(containers.flatMap(({ name, image }) => (image === undefined ? [] : [[name, image]])));
}

/** Few, as those of events: searches for the lines of an app do not find them. */
function labelsOf({ namespace, name }: Workload): Labels {
  return { source: 'changes', ...(namespace !== '' && { namespace }), workload: name };
}

/** When the first pod of the template was made, unless that is long ago, or before the last change. */
function timeOf({ createdMs }: PodOfWorkload, changedMs: number, nowMs: number): number {
  const isOld = createdMs < Math.max(changedMs, nowMs - EVENT_AGE_MS_MAX);
  return isOld || createdMs > nowMs + EVENT_LEAD_MS_MAX ? nowMs : createdMs;
}

function lineOf({ kind, namespace, name }: Workload, before: Template | undefined, after: Template): string {
  const changes = changesOf(before?.images ?? {}, after.images);
  const [first] = changes;
  return JSON.stringify({
    level: 'info',
    kind,
    namespace: namespace === '' ? undefined : namespace,
    name,
    ...first,
    ...(changes.length > 1 && { containers: changes }),
    old_hash: before?.hash,
    new_hash: after.hash,
    message: `${name}: ${messageOf(before, after, changes)}`,
  });
}

interface ImageChange {
  readonly container: string;
  readonly old_image?: string | undefined;
  readonly new_image?: string | undefined;
}

/** The containers whose image is another one, or that are new or gone. */
function changesOf(before: Images, after: Images): ImageChange[] {
  const containers = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return containers
    .filter((container) => before[container] !== after[container])
    .map((container) => ({ container, old_image: before[container], new_image: after[container] }));
}

function messageOf(before: Template | undefined, after: Template, changes: readonly ImageChange[]): string {
  const areKnown = before !== undefined && Object.keys(before.images).length > 0;
  if (!areKnown) {
    const images = Object.values(after.images).map(versionOf).join(', ');
    return before === undefined ? `first seen with image ${images}` : `new pod template with image ${images}`;
  }
  if (changes.length === 0) return 'new pod template, images unchanged';
  const isOne = Object.keys(after.images).length === 1;
  return changes
    .map(({ container, old_image: from, new_image: to }) => {
      const what = isOne ? 'image' : `image of ${container}`;
      if (from === undefined || to === undefined)
        return `container ${container} is ${from === undefined ? 'new' : 'gone'}`;
      const isSame = repositoryOf(from) === repositoryOf(to);
      return isSame ? `${what} ${versionOf(from)} → ${versionOf(to)}` : `${what} ${from} → ${to}`;
    })
    .join(', ');
}

/** `registry:5000/team/api:v1@sha256:…` has the repository `registry:5000/team/api`. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

/** The tag, or else the beginning of the digest; of an image without either, all of it. */
function versionOf(image: string): string {
  const [named = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(named)?.[1];
  return tag ?? digest?.replace(/^(sha256:.{12}).*$/, '$1').slice(0, 'sha256:'.length + DIGEST_CHARS) ?? image;
}

function fileOf(key: string, { hash, images }: Template): string {
  const text = JSON.stringify(images);
  return `${FILE_PREFIX}${key}@${hash}=${text.length > IMAGES_CHARS_MAX ? '{}' : text}`;
}

/** Undefined for a file that is not of this form. */
function parseFile(file: string): { readonly key: string; readonly template: Template } | undefined {
  const match = /^([^@]+)@([^=]+)=(\{.*\})$/s.exec(file.slice(FILE_PREFIX.length));
  if (match === null || match[1]!.split('/').length !== 3) return undefined;
  const [, key, hash, images] = match;
  return { key: key!, template: { hash: hash!, images: JSON.parse(images!) as Images } };
}
