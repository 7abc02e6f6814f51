/** Tests wait for conditions, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Asks again and again until `check` gives something other than undefined and false, and returns that.
 * A check that throws has not come true yet; after the deadline its error is the cause.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause });
    await delay(POLL_MS);
  }
}
