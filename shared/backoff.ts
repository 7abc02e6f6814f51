/** Delays between attempts: randomized, so that many clients that failed together do not come back together. */

export interface Backoff {
  /** The longest delay after the first attempt. It doubles with each attempt, up to `msMax`. */
  readonly msMin: number;
  readonly msMax: number;
}

/**
 * Returns a random delay from half to all of the longest delay after an attempt.
 * @param attempt  from 0
 * @param random  from 0 to 1
 */
export function backoffMs(attempt: number, { msMin, msMax }: Backoff, random: number): number {
  return Math.min(msMax, msMin * 2 ** Math.min(attempt, 20)) * (1 - random / 2);
}
