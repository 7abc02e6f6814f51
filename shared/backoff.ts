/** How long to wait before the next attempt, so that many who failed together spread out and do not come back together. */

export interface Backoff {
  /** The longest wait after the first attempt. It doubles with each, up to `msMax`. */
  readonly msMin: number;
  readonly msMax: number;
}

/** A random part, from a half on, of the longest wait after an attempt. @param attempt  from 0 @param random  from 0 to 1 */
export function backoffMs(attempt: number, { msMin, msMax }: Backoff, random: number): number {
  return Math.min(msMax, msMin * 2 ** Math.min(attempt, 20)) * (1 - random / 2);
}
