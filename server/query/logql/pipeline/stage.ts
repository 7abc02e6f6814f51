/** What a stage of a pipeline is once it is compiled. */
import type { LineLabels } from './line-labels.ts';

/** A line on its way through a pipeline. */
export interface Entry {
  line: string;
  /** The day of its time, in UTC days since 1970; `timeNs` counts from the start of the day. */
  day: number;
  timeNs: number;
  readonly labels: LineLabels;
}

/** Returns whether the line stays. */
export type Run = (entry: Entry) => boolean;

/** Returns what a filter compares under a name. */
export type ValueOf = (entry: Entry, name: string) => string | undefined;

/** Which labels a query needs of those that parsers find. */
export interface Wanted {
  /** Nothing that a parser finds matters. */
  readonly nothing: boolean;
  readonly isWanted: (name: string) => boolean;
}

export const EVERYTHING: Wanted = { nothing: false, isWanted: () => true };
