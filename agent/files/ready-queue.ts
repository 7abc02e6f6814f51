/** Chains that have something to read, first come first served: each gets one turn before any gets its next. */
import type { Chain } from './chain.ts';

export class ReadyQueue {
  #chains: Chain[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#chains.length;
  }

  /** Puts the chain at the end unless it waits already. */
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
