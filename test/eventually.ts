import { vi } from 'vitest';
import { WAIT_MS_MAX } from './deadline.ts';

const POLL_MS = 5;

/** Repeats a check until it no longer throws, and returns what it gives; after `WAIT_MS_MAX` its last error is thrown. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: WAIT_MS_MAX, interval: POLL_MS });
}
