/** What the agent says about itself: see shared/agent-status.ts. */
import type { AgentStatus, Losses } from '../shared/agent-status.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import { LagClock } from './lag-clock.ts';

export class StatusReport {
  readonly #version: string;
  readonly #metrics: AgentMetrics;
  readonly #startedMs: number;
  readonly #lagClock = new LagClock();

  constructor({ version, metrics, nowMs }: { version: string; metrics: AgentMetrics; nowMs: number }) {
    this.#version = version;
    this.#metrics = metrics;
    this.#startedMs = nowMs;
  }

  /** To be called every few seconds: the age of what is unread is as exact as that. */
  read(nowMs: number): AgentStatus {
    const { lagBytes, storedBytes, lines, lossesByReason } = this.#metrics;
    const unread = lagBytes.value();
    return {
      version: this.#version,
      startedMs: this.#startedMs,
      lagBytes: unread,
      lagMs: this.#lagClock.measure(nowMs, storedBytes.value(), unread),
      lines: lines.value(),
      losses: Object.fromEntries(lossesByReason) satisfies Losses,
    };
  }
}
