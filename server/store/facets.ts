/** The labels and fields of lines, and their values: plain data. */
import type { Predicate } from './predicate.ts';

export interface Facet {
  readonly name: string;
  /** Lines that have it. */
  readonly rows: number;
  /** Value → lines; undefined once there are too many values to count. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** Lines, and what is to be counted of them. */
export interface FacetsSide extends Predicate {
  /** Only these names; undefined for all. */
  readonly names: readonly string[] | undefined;
}

/** Only these values are counted, however many others there are: the lines that the value finds as a filter. */
export interface NamedValues {
  /** The name of a label or field. */
  readonly name: string;
  readonly values: readonly string[];
}

export interface FacetCounts {
  readonly facets: readonly Facet[];
  /** A facet without values has more than this many. */
  readonly valuesMax: number;
  /** Whether some names are left out, and some lines of others not counted. */
  readonly isCut: boolean;
}
