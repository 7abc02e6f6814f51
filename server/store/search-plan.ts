/**
 * A query as data: what is asked for, before anybody knows where it lies. Structured-cloneable, because scans run in worker
 * threads.
 */
import type { Predicate } from './predicate.ts';

export type Order = 'newest' | 'oldest';

/** Which of the lines of a predicate an answer has, and in which order. */
export interface Plan extends Predicate {
  readonly order: Order;
  readonly limit: number;
}
