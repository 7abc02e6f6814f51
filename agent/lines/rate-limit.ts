/**
 * Limits the rate of each container. A burst is only delayed, since the log file is a buffer; a backlog beyond RATE_BACKLOG_MS of
 * the limit is dropped without being read, the oldest lines first, so that a container that floods costs no more than its
 * limit allows.
 */
import type { Chain } from '../files/chain.ts';
import { RATE_BACKLOG_MS, RATE_BURST_MS, RATE_DROP_MS } from '../limits.ts';
import { endOffset } from '../files/log-file.ts';

export interface RateLimitOptions {
  readonly bytesPerSecond: number;
  readonly backlogMs?: number;
}

export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #backlogBytesMax: number;

  constructor({ bytesPerSecond, backlogMs = RATE_BACKLOG_MS }: RateLimitOptions) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#backlogBytesMax = this.#bytesPerMs * backlogMs;
  }

  allows({ allowance }: Chain, nowMs: number): boolean {
    const refill = (nowMs - allowance.refilledMs) * this.#bytesPerMs;
    allowance.bytes = Math.min(allowance.bytes + refill, this.#bytesPerMs * RATE_BURST_MS);
    allowance.refilledMs = nowMs;
    return allowance.bytes > 0;
  }

  spend({ allowance }: Chain, sizeBytes: number): void {
    allowance.bytes -= sizeBytes;
  }

  /** Returns how many bytes of the chain to drop now; 0 within RATE_DROP_MS of the last time, since each time costs a marker. */
  excessBytes({ allowance, files }: Chain, nowMs: number): number {
    if (nowMs - allowance.droppedMs < RATE_DROP_MS) return 0;
    let backlogBytes = 0;
    for (const file of files) if (file.fd >= 0 && !file.log.gzip) backlogBytes += endOffset(file) - file.reading.offset;
    return Math.max(0, Math.floor(backlogBytes - this.#backlogBytesMax));
  }

  dropped({ allowance }: Chain, nowMs: number): void {
    allowance.droppedMs = nowMs;
  }
}
