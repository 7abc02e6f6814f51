/** The plan of an aggregation, and one group of its answer: plain data, independent of how rows are stored. */
import type { Operator, Predicate, Where } from './predicate.ts';

export interface AggregatePlan extends Predicate {
  /** Labels or fields, or shapes of their values, as asked-name.ts reads them; WHOLE_STREAM for all labels at once. */
  readonly by: readonly string[];
  /** Measures of each group besides its rows. */
  readonly measures: readonly Measure[];
  /** Width of a time bucket; undefined for one bucket over all time. */
  readonly stepNs: bigint | undefined;
  /** Buckets begin this long after whole steps since 1970. */
  readonly offsetNs?: bigint | undefined;
  /**
   * How many steps a bucket's rows are from, up to its end; 1 by default, more make windows that overlap. There is a bucket
   * for each last step that begins within the time range; in a range without an end, up to the last step that has rows.
   */
  readonly windowSteps?: number | undefined;
  /** Only each so many-th of these buckets is there, counted back from the last one; all by default. */
  readonly windowEvery?: number | undefined;
  /** Only groups that satisfy all of these are in the answer, and counted. */
  readonly having?: readonly Having[] | undefined;
  /** Order of the groups; by default, by their rows. */
  readonly orderBy?: OrderBy | undefined;
  /**
   * The answer has the first groups in their order; undefined for all, which must not be more than groupsMax.
   */
  readonly limit: number | undefined;
  /** AGGREGATE_LIMIT_MAX by default. */
  readonly groupsMax?: number;
}

/** A stream is the lines that share all labels. The value is the key of these labels. @see labelsKey */
export const WHOLE_STREAM = '*';

/** A measure of the rows of a group; of those that satisfy a condition, where there is one. */
export type Measure = { readonly where?: Where | undefined } &
  /** How many they are. */
  (
    | { readonly kind: 'rows' }
    /** Measures the numbers of a field. Rows without one are counted only in `rows`. */
    | {
        readonly kind: 'numbers';
        readonly of: string;
        /** 0 to 1, ascending. */
        readonly quantiles: readonly number[];
        /** Their standard deviation, too. */
        readonly stddev?: true;
        /** The first and the last of them in time, too. */
        readonly ends?: true;
      }
    /** How many values a label or field has; an empty one does not count. */
    | { readonly kind: 'distinct'; readonly of: string }
    /** The bytes of lines, without their newlines. */
    | { readonly kind: 'bytes' }
  );

/** Groups with more of this come first; those that have none of it last. */
export interface OrderBy {
  /** Index into measures. */
  readonly measure: number;
  readonly by:
    'count' | 'sum' | 'min' | 'max' | 'avg' | 'stddev' | 'first' | 'last' | 'distinct' | 'bytes' | 'rows' | number;
}

/** What a measure of a group is compared with. A group that has none of it does not satisfy it. */
export interface Having {
  /** Undefined for the rows of the group. */
  readonly ranked: OrderBy | undefined;
  readonly operator: Operator;
  readonly bound: number;
}

/** A measured value. */
export type Measured =
  | { readonly kind: 'rows'; readonly rows: number }
  | {
      readonly kind: 'numbers';
      readonly count: number;
      readonly sum: number;
      readonly min: number;
      readonly max: number;
      /**
       * One for each that was asked for, linear between neighbours; these are exact in groups of up to
       * QUANTILE_NUMBERS_KEPT_MAX numbers, and within ±0.5 % in larger ones. None without numbers.
       */
      readonly quantiles: readonly number[];
      /**
       * The standard deviation of the whole population. NaN without numbers, or where it was not asked for; so are `first`
       * and `last`.
       */
      readonly stddev: number;
      /**
       * The number of the earliest row, and of the latest; among numbers of the same instant, the smallest is first and the
       * largest last.
       */
      readonly first: number;
      readonly last: number;
    }
  /** Within ± error of the truth, as a share of it, 19 times of 20; exact where that is 0. */
  | { readonly kind: 'distinct'; readonly distinct: number; readonly error: number }
  | { readonly kind: 'bytes'; readonly bytes: number };

/** One group of the answer. */
export interface Cell {
  /** Steps since 1970; 0 without a step. Of a window, its last step. */
  readonly bucket: number;
  /** Values of plan.by; '' where a row has none. */
  readonly by: readonly string[];
  readonly rows: number;
  /** One for each of plan.measures. */
  readonly measures: readonly Measured[];
}

/**
 * Returns how many values distinguish a group from others: that of its bucket, where there are steps, and one for each
 * name.
 */
export function dimensionCount({ by, stepNs }: AggregatePlan): number {
  return by.length + (stepNs === undefined ? 0 : 1);
}

/** Whether buckets have other rows than those of their own steps. */
export function isWindowed({ windowSteps = 1, windowEvery = 1 }: AggregatePlan): boolean {
  return windowSteps > 1 || windowEvery > 1;
}

/** The answer. */
export interface Aggregation {
  /** Sorted. */
  readonly cells: readonly Cell[];
  /** Number of groups that satisfy the plan, in the answer or not. */
  readonly groupCount: number;
  /** The number is within ± this share of the truth, 19 times of 20; it is exact where that is 0. */
  readonly groupCountError: number;
}
