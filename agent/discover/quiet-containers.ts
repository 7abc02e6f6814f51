/**
 * Containers that have not written for a while: a watch on the directory replaces polling. Its first event ends it, so that a
 * container that writes costs no events, and one that does not costs no polls.
 */
import type { FSWatcher } from 'node:fs';
import { errorCode } from '../../shared/system-error.ts';
import { hasEnded, type Chain } from '../files/chain.ts';
import type { Container } from './container.ts';
import { QUIET_MS, QUIET_WATCHES_MAX, RESCAN_MS } from '../limits.ts';
import { isComplete } from '../files/log-file.ts';

/** `fs.watch`, or its substitute in a test. */
export type Watch = (
  path: string,
  listener: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'close' | 'on'>;

export interface QuietOptions {
  readonly quietMs?: number;
  readonly watch: Watch;
}

/** Owns the watches, one for each quiet container. */
export class QuietContainers {
  readonly #quietMs: number;
  readonly #watch: Watch;
  readonly #watches = new Map<Container, ReturnType<Watch>>();
  #retryDueMs = 0;

  constructor({ quietMs = QUIET_MS, watch }: QuietOptions) {
    this.#quietMs = quietMs;
    this.#watch = watch;
  }

  /** Whether the container needs no poll until its watch reports something. */
  has(container: Container): boolean {
    return this.#watches.has(container);
  }

  /** Watches the container if it is quiet, as long as there are watches. It must be polled once more after that. */
  watch(container: Container, nowMs: number): void {
    if (this.has(container) || !this.#isQuiet(container, nowMs)) return;
    if (this.#watches.size >= QUIET_WATCHES_MAX || nowMs < this.#retryDueMs) return;
    const wake = (): void => this.wake(container);
    try {
      this.#watches.set(container, this.#watch(container.directory.path, wake).on('error', wake));
    } catch (error) {
      // Unless the directory was removed, the node has no watches left.
      if (errorCode(error) !== 'ENOENT') this.#retryDueMs = nowMs + RESCAN_MS;
    }
  }

  /** Must be called after a poll, which may have found a change that came before the watch. */
  check(container: Container, nowMs: number): void {
    if (this.has(container) && !this.#isQuiet(container, nowMs)) this.wake(container);
  }

  /** Has the container polled on each tick again. */
  wake(container: Container): void {
    this.#watches.get(container)?.close();
    this.#watches.delete(container);
  }

  wakeAll(): void {
    for (const watcher of this.#watches.values()) watcher.close();
    this.#watches.clear();
  }

  #isQuiet({ chains, foundMs, isWhole, isStale }: Container, nowMs: number): boolean {
    const sinceMs = nowMs - this.#quietMs;
    if (foundMs > sinceMs || !isWhole || isStale) return false;
    for (const chain of chains.values()) if (!isChainQuiet(chain, sinceMs)) return false;
    return true;
  }
}

/** Everything is acknowledged, and no file waits to be closed. */
function isChainQuiet(chain: Chain, sinceMs: number): boolean {
  for (const file of chain.files) {
    if (!file.onDisk || file.changedMs > sinceMs || !isComplete(file)) return false;
    if (file.fd >= 0 && hasEnded(chain, file)) return false;
  }
  return true;
}
