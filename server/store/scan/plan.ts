/**
 * A query as data: what is asked for, before anybody knows where it lies. Made from HTTP parameters (parameters.ts);
 * structured-cloneable, because scans run in worker threads.
 */
import type { Pattern } from './pattern.ts';

/** On one label or field: some of `any` (if there are any) and none of `none` must match. */
export interface ValueFilter {
  /** What it stands for in a row group, and what values of `level` are compared with, see name.ts. */
  readonly name: string;
  readonly any: readonly Pattern[];
  readonly none: readonly Pattern[];
  /** A stream without a label of this name fails, whatever its lines say of themselves. */
  readonly labelOnly?: true;
}

/** On the line itself: it must contain some of `any` (if there are any) and none of `none`. */
export interface TextFilter {
  readonly any: readonly Uint8Array[];
  readonly none: readonly Uint8Array[];
}

export type Order = 'newest' | 'oldest';

/** Which lines are meant. */
export interface Predicate {
  /** Instants (ns since 1970): the first that is wanted, and the first that is not. */
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  readonly values: readonly ValueFilter[];
  readonly text: TextFilter;
}

/** Which of them an answer has, and in which order. */
export interface Plan extends Predicate {
  readonly order: Order;
  readonly limit: number;
}

/**
 * What a stream's labels say about a filter. A name is looked up among the labels first; only a stream that has no
 * label of that name leaves the answer to the line's fields.
 */
export type Verdict = 'pass' | 'fail' | 'field';
