/**
 * A search as data: what is asked for, before its location is known. Structured-cloneable, because scans run in worker
 * threads.
 */
import type { Predicate } from './predicate.ts';

export type Order = 'newest' | 'oldest';

/** Which of the lines of a predicate an answer has, and in which direction. */
export interface Plan extends Predicate {
  readonly order: Order;
  readonly limit: number;
}
