/**
 * Keeps up with all objects of one kind: lists them, and watches from there without end. A watch that ends is resumed
 * where it ended; one that the API server cannot resume (410: its history is shorter than the pause) begins with a new
 * list. While the API server is unavailable, attempts become less frequent, and the known objects are kept. Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backoffMs } from '../../shared/backoff.ts';
import type { Counter } from '../../shared/metrics.ts';
import {
  API_IDLE_MS_MAX,
  API_PAGE_OBJECTS,
  API_RETRY_MS_MAX,
  API_RETRY_MS_MIN,
  RELIST_MS,
  WATCH_FAILURES_MAX,
  WATCH_SECONDS,
} from '../limits.ts';
import { type ApiClient, ApiStatusError } from './api-client.ts';
import type { ApiObject } from './objects.ts';

/** Receives the objects. The follower awaits each call before it reads on. */
export interface Listener<T extends ApiObject> {
  /** Called when a list begins, perhaps after one that was aborted. */
  begin(): void;
  /** Called with some of the list's objects. */
  page(objects: readonly T[]): Promise<void> | void;
  /** Called when the list is complete, with its version. */
  listed(resourceVersion: string): Promise<void> | void;
  changed(object: T): Promise<void> | void;
  deleted(object: T): Promise<void> | void;
}

export interface FollowerOptions<T extends ApiObject> {
  readonly client: ApiClient;
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  readonly listener: Listener<T>;
  readonly log: Logger;
  readonly lists: Counter;
  readonly failures: Counter;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly retryMsMin?: number;
  readonly relistMs?: number;
}

interface Page<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

const GONE = 410;
/** A watch that ends sooner, without an event, counts as a failure, so that it is not restarted in a tight loop. */
const SHORT_WATCH_MS = 1000;

export class Follower<T extends ApiObject> {
  readonly #options: FollowerOptions<T>;
  readonly #labels: { readonly path: string };
  readonly #stopped = new AbortController();
  /** The version to watch from; undefined when a list is needed next. */
  #version: string | undefined;
  #listedMs = 0;
  #failures = 0;
  #isWatching = false;
  readonly #done: Promise<void>;

  /** Starts at once. */
  constructor(options: FollowerOptions<T>) {
    this.#options = options;
    this.#labels = { path: options.path };
    this.#done = this.#run();
  }

  /** Whether a watch is open, so that changes arrive within moments. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch(this.#version!);
      } catch (error) {
        if (signal.aborted) return;
        this.#noteFailure(error);
        await this.#backOff();
      }
    }
  }

  async #list(): Promise<void> {
    const { client, path, listener, lists, now } = this.#options;
    const { signal } = this.#stopped;
    const listedMs = now();
    listener.begin();
    for (let next: string | undefined; ;) {
      const query = { limit: String(API_PAGE_OBJECTS), continue: next };
      const { metadata, items } = await client.get<Page<T>>({ path, query, signal });
      await listener.page(items ?? []);
      next = metadata.continue;
      if (next !== undefined && next !== '') continue;
      await listener.listed(metadata.resourceVersion);
      this.#version = metadata.resourceVersion;
      this.#listedMs = listedMs;
      lists.add(1, this.#labels);
      return;
    }
  }

  async #watch(from: string): Promise<void> {
    const { client, path, now, relistMs = RELIST_MS } = this.#options;
    const query = {
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const startMs = now();
    const idleMsMax = WATCH_SECONDS * 1000 + API_IDLE_MS_MAX;
    const { signal } = this.#stopped;
    const events = await client.watch<T>({ path, query, signal, idleMsMax });
    try {
      this.#isWatching = true;
      for await (const event of events) {
        if (event.type === 'ERROR') throw new ApiStatusError(event.object.code ?? 0, `${event.object.message}`);
        await this.#take(event.type, event.object);
        this.#version = event.object.metadata.resourceVersion ?? this.#version;
        this.#failures = 0;
      }
    } finally {
      this.#isWatching = false;
    }
    if (now() - this.#listedMs >= relistMs) this.#version = undefined;
    else if (this.#version === from && now() - startMs < SHORT_WATCH_MS) throw new Error('a watch ended at once');
    else this.#failures = 0;
  }

  async #take(type: string, object: T): Promise<void> {
    if (type === 'DELETED') await this.#options.listener.deleted(object);
    else if (type !== 'BOOKMARK') await this.#options.listener.changed(object);
  }

  #noteFailure(err: unknown): void {
    const { log, failures, path } = this.#options;
    failures.add(1, this.#labels);
    this.#failures++;
    const isExpired = err instanceof ApiStatusError && err.status === GONE;
    if (isExpired || this.#failures % WATCH_FAILURES_MAX === 0) this.#version = undefined;
    // The first failure of a series is worth a warning, metrics report the others. An expired watch is routine.
    if (this.#failures === 1 && !isExpired) log.warn({ err, path }, 'following the Kubernetes API failed; retrying');
    else log.debug({ err, path, failures: this.#failures }, 'following the Kubernetes API failed again; retrying');
  }

  async #backOff(): Promise<void> {
    const { retryMsMin = API_RETRY_MS_MIN, random } = this.#options;
    const waitMs = backoffMs(this.#failures - 1, { msMin: retryMsMin, msMax: API_RETRY_MS_MAX }, random());
    await sleep(waitMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}
