/**
 * A search as data: what is asked for, before its location is known. Structured-cloneable, because scans run in worker
 * threads.
 */
import type { Predicate } from './predicate.ts';

/** `backward` begins with the newest line, `forward` with the oldest. */
export type Direction = 'backward' | 'forward';

/** Which of the lines of a predicate an answer has, and in which direction. */
export interface Plan extends Predicate {
  readonly direction: Direction;
  readonly limit: number;
}
