/**
 * Polls the server for the rules of this node, every few seconds and when a new pod waits for its facts. While the server is
 * away, the last rules stay in force.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { NO_RULES, type RulesAnswer } from '../../shared/rules/rule-set.ts';
import { RULES_ASK_MS, RULES_ASK_MS_MIN, RULES_START_MS_MAX } from '../limits.ts';
import { Shipper, type ShipperOptions } from './ship.ts';

export interface RulesClientOptions extends ShipperOptions {
  readonly log: Logger;
  readonly askMs?: number | undefined;
  /** Called with new rules. @throws when they cannot be applied: they are fetched again */
  readonly changed: (answer: RulesAnswer) => void;
}

/** Owns a connection of its own: a batch that waits for the server must not delay rules. */
export class RulesClient {
  readonly #options: RulesClientOptions;
  readonly #shipper: Shipper;
  readonly #known = Promise.withResolvers<void>();
  readonly #tried = Promise.withResolvers<void>();
  #pause = new AbortController();
  #etag: string | undefined;
  #done: Promise<void> | undefined;

  constructor(options: RulesClientOptions) {
    this.#options = options;
    this.#shipper = new Shipper({ ...options, failed: () => this.#tried.resolve() });
  }

  /** Settles when the rules are known, or when the first attempt has failed or takes too long. */
  async start(): Promise<void> {
    this.#done = this.#run();
    await Promise.race([
      this.#known.promise,
      this.#tried.promise,
      sleep(RULES_START_MS_MAX, undefined, { ref: false }),
    ]);
  }

  /** Settles when the rules are known, or when the agent stops before that. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Asks now instead of at the next interval. */
  ask(): void {
    this.#pause.abort();
  }

  async stop(): Promise<void> {
    this.#shipper.stop();
    this.#pause.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { askMs = RULES_ASK_MS } = this.#options;
    try {
      for (;;) {
        this.#pause = new AbortController();
        const answer = await this.#shipper.fetchRules(this.#etag, (body, etag) => this.#take(body, etag));
        if (answer === 'none' && this.#etag === undefined) this.#options.changed({ rules: NO_RULES, pods: null });
        this.#known.resolve();
        await this.#shipper.pause(RULES_ASK_MS_MIN);
        await this.#untilAsked(askMs);
      }
    } catch (error) {
      if (!this.#shipper.isStopped) throw error;
      this.#known.resolve();
    }
  }

  async #untilAsked(askMs: number): Promise<void> {
    await sleep(askMs, undefined, { signal: this.#pause.signal }).catch(() => {});
  }

  #take(body: Buffer, etag: string | undefined): void {
    const answer = JSON.parse(body.toString()) as Partial<RulesAnswer>;
    if (answer.rules === undefined || answer.pods === undefined) throw new Error('the answer holds no rules');
    this.#options.changed({ rules: answer.rules, pods: answer.pods });
    this.#etag = etag;
  }
}
