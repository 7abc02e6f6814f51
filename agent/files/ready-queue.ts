/** Chains that have something to read, round robin: each gets one time slice before any gets its next. */
import type { Chain } from './chain.ts';

export class ReadyQueue {
  #chains: Chain[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#chains.length;
  }

  /** Appends the chain unless it is queued already. */
  add(chain: Chain): void {
    if (chain.queued) return;
    chain.queued = true;
    this.#chains.push(chain);
  }

  take(): Chain | undefined {
    const chain = this.#chains[this.#head];
    if (chain === undefined) return undefined;
    chain.queued = false;
    if (++this.#head === this.#chains.length) {
      this.#chains = [];
      this.#head = 0;
    }
    return chain;
  }
}
