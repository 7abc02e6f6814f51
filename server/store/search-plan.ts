/**
 * A search as data: what is asked for, before its location is known. Structured-cloneable, because scans run in worker
 * threads.
 */
import { instantOf } from '../../shared/time.ts';
import type { Cursor } from './cursor.ts';
import type { Predicate } from './predicate.ts';

/** `backward` begins with the newest line, `forward` with the oldest. */
export type Direction = 'backward' | 'forward';

/** Which of the lines of a predicate an answer has, and in which direction. */
export interface Plan extends Predicate {
  readonly direction: Direction;
  /** Infinity for all: a store then holds no more of them than it gives at once. */
  readonly limit: number;
  /** Only lines that come after this one in the answer's direction, whether or not it matches, or is still stored. */
  readonly after?: Cursor;
  /** Only backward, and without `after`: lines up to this one, itself included. */
  readonly upTo?: Cursor;
}

/** Returns the plan with its time range cut at the line after which it begins. */
export function narrowedByCursor(plan: Plan): Plan {
  const { after, upTo, direction, from, to } = plan;
  const first = after ?? upTo;
  if (first === undefined) return plan;
  const instant = instantOf(first.day, first.timeNs);
  if (direction === 'forward') return from !== undefined && from > instant ? plan : { ...plan, from: instant };
  return to !== undefined && to <= instant ? plan : { ...plan, to: instant + 1n };
}

/** Returns a plan for all lines of a predicate. */
export function planForAll(predicate: Predicate): Plan {
  return { ...predicate, direction: 'forward', limit: Infinity };
}
