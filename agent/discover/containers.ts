/**
 * The known containers of the node: those whose directories `discovery` has found, and those that have a lost file. Knows which of
 * them need not be polled.
 */
import type { AgentMetrics } from '../agent-metrics.ts';
import { fileId } from '../files/chain.ts';
import { deletedBytes } from '../files/descriptors.ts';
import { createContainer, type Container } from './container.ts';
import { Discovery, type ContainerDirectory, type DiscoveryOptions } from './discovery.ts';
import { EMPTY_DIRECTORY_MS_MAX } from '../limits.ts';
import { lagBytes, statIfThere, type LogFile } from '../files/log-file.ts';
import { QuietContainers, type QuietOptions } from './quiet-containers.ts';

export interface ContainersOptions extends Omit<DiscoveryOptions, 'listener'>, QuietOptions {
  readonly node: string;
  /** Called when a container came and went before its directory could be listed. */
  readonly missed: (directory: ContainerDirectory) => void;
}

/** Owns the containers and the watches on their directories. */
export class Containers {
  readonly quiet: QuietContainers;
  readonly #discovery: Discovery;
  readonly #node: string;
  /** Path of the directory → container. */
  readonly #known = new Map<string, Container>();
  /** Known ones whose directories went soon after they had been found, without a file. */
  readonly #wentEmpty = new Set<Container>();
  #nowMs = 0;

  constructor(options: ContainersOptions) {
    const listener = {
      found: (directory: ContainerDirectory) => this.#changed(this.take(directory, this.#nowMs)),
      vanished: (path: string) => this.#vanished(path),
      missed: options.missed,
    };
    this.#discovery = new Discovery({ ...options, listener });
    this.quiet = new QuietContainers(options);
    this.#node = options.node;
  }

  /** True when every directory could be listed: what is not known then does not exist. */
  get isComplete(): boolean {
    return this.#discovery.isComplete;
  }

  /** True while there are directories of pods that are not watched. */
  get isPolling(): boolean {
    return this.#discovery.isPolling;
  }

  [Symbol.iterator](): Iterator<Container> {
    return this.#known.values();
  }

  files(): LogFile[] {
    const files: LogFile[] = [];
    for (const { chains } of this) for (const chain of chains.values()) files.push(...chain.files);
    return files;
  }

  /** Lets the metrics show what the files cost the node, and how many bytes are not delivered. */
  measure(metrics: AgentMetrics): void {
    const sum = (valueOf: (file: LogFile) => number): number =>
      this.files().reduce((total, file) => total + valueOf(file), 0);
    metrics.openFiles.readFrom(() => sum((file) => (file.fd >= 0 ? 1 : 0)));
    metrics.deletedBytes.readFrom(() => sum(deletedBytes));
    metrics.lagBytes.readFrom(() => sum(lagBytes));
    metrics.isPolling.readFrom(() => Number(this.isPolling));
  }

  /** Ids under which the server knows them: ledgers, and files that have an identity. */
  ids(): Set<string> {
    const ids = new Set<string>();
    for (const { ledger, chains } of this) {
      ids.add(ledger.id);
      for (const chain of chains.values()) {
        for (const file of chain.files) if (file.head !== '') ids.add(fileId(chain, file));
      }
    }
    return ids;
  }

  /** Waits for no more events: changes that no event has named are reported at the next poll. */
  prepareToStop(): void {
    this.#discovery.prepareToStop();
  }

  /** Closes the watches and forgets everything. */
  stop(): void {
    this.#discovery.stop();
    this.quiet.wakeAll();
    this.#known.clear();
    this.#wentEmpty.clear();
  }

  /**
   * Finds containers that have come or gone.
   * @param listsAll  list everything, whether or not it is due
   * @returns true when everything was listed
   */
  poll(nowMs: number, listsAll: boolean): boolean {
    this.#nowMs = nowMs;
    return this.#discovery.poll(nowMs, listsAll);
  }

  /** The container of the directory, known from now on. */
  take(directory: ContainerDirectory, nowMs: number): Container {
    let container = this.#known.get(directory.path);
    if (container === undefined) {
      container = createContainer(directory, this.#node, nowMs);
      this.#known.set(directory.path, container);
    }
    return container;
  }

  /** Forgets those whose directories are gone and whose files are done, and returns them. */
  forgetGone(): Container[] {
    const forgotten: Container[] = [];
    for (const container of this) {
      const { directory, chains, unfinishedRuns } = container;
      if (chains.size > 0 || unfinishedRuns.size > 0 || this.#wentEmpty.has(container)) continue;
      if (statIfThere(directory.path) !== undefined) continue;
      this.quiet.wake(container);
      this.#known.delete(directory.path);
      forgotten.push(container);
    }
    return forgotten;
  }

  /** Returns those whose directories went soon after they had been found, without a file: one may have come and gone meanwhile. */
  takeWentEmpty(): Container[] {
    const containers = [...this.#wentEmpty];
    this.#wentEmpty.clear();
    return containers;
  }

  #vanished(path: string): void {
    const container = this.#known.get(path);
    if (container === undefined) return;
    this.#changed(container);
    if (!container.hadFiles && this.#nowMs - container.foundMs <= EMPTY_DIRECTORY_MS_MAX)
      this.#wentEmpty.add(container);
  }

  /** Has its directory listed again at the next poll. */
  #changed(container: Container): void {
    container.isStale = true;
    this.quiet.wake(container);
  }
}
