/** How long lines are kept in a run, worked out line by line: which may be gone, and which must be. */
import { instantOfMs } from '../../shared/time.ts';
import { CLOCK_HOLD_MS, CLOCK_JUMP_MS, RETENTION_OVERDUE_MS_MAX } from '../../server/limits.ts';
import type { Labels } from '../../shared/labels.ts';
import type { RetentionScript } from './operations.ts';
import type { VirtualTime } from './virtual-time.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface KeptLine {
  readonly labels: Labels;
  readonly day: number;
  readonly instant: bigint;
}

export class Expiry {
  readonly #retention: RetentionScript;
  /** The latest time by which the store may have dropped lines. */
  #latestMs = -Infinity;
  /** How far the clock is ahead of the truth, and since when; and how far it was when it could be believed. */
  #skew = { ms: 0, sinceMs: 0 };
  #believedSkewMs = 0;
  /** Until then nothing more expires, as the manifests were lost. */
  #keepAllUntilMs = -Infinity;

  constructor(retention: RetentionScript) {
    this.#retention = retention;
  }

  /** The store looks at its clock: a jump is believed when the clock has run on for as long as the hold. */
  sawClock({ now, monotonicMs, skewMs }: VirtualTime): void {
    if (skewMs !== this.#skew.ms) this.#skew = { ms: skewMs, sinceMs: monotonicMs() };
    const isSmall = Math.abs(skewMs - this.#believedSkewMs) <= CLOCK_JUMP_MS;
    if (isSmall || monotonicMs() - this.#skew.sinceMs >= CLOCK_HOLD_MS) this.#believedSkewMs = skewMs;
    if (monotonicMs() < this.#keepAllUntilMs) return;
    this.#latestMs = Math.max(this.#latestMs, now() - skewMs + Math.min(skewMs, this.#believedSkewMs));
  }

  /** Nothing is left of what the store knew of its clock: it drops nothing before it has run for as long as the hold. */
  lostManifests({ monotonicMs }: VirtualTime): void {
    this.#keepAllUntilMs = monotonicMs() + CLOCK_HOLD_MS;
  }

  /** Some clock that the store saw has ended its time. */
  mayBeGone({ labels, instant }: KeptLine): boolean {
    if (this.#latestMs === -Infinity) return false;
    return instant < instantOfMs(this.#latestMs - this.#ageMs(labels));
  }

  /**
   * Its time has ended, and so has all that a store may wait for before it drops it: the end of the day that its segment
   * is of; by rules, also until it is worth a rewrite.
   */
  mustBeGone({ labels, day }: KeptLine, nowMs: number): boolean {
    const waitMs = this.#retention.isByRules ? RETENTION_OVERDUE_MS_MAX : 0;
    return (day + 1) * DAY_MS + this.#ageMs(labels) + waitMs < nowMs;
  }

  /** What operations.ts has as rules. */
  #ageMs({ pod = '' }: Labels): number {
    if (!this.#retention.isByRules) return 3 * DAY_MS;
    if (pod === 'pod-1') return DAY_MS;
    if (pod.startsWith('pod-')) return 40 * DAY_MS;
    return pod.startsWith('push-1') ? 12 * HOUR_MS : 3 * DAY_MS;
  }
}
