/** The labels and fields of lines, and their values: plain data. */
export interface Facet {
  readonly name: string;
  /** Lines that have it. */
  readonly rows: number;
  /** Value → lines; undefined once there are too many values to count. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

export interface FacetCounts {
  readonly facets: readonly Facet[];
  /** A facet without values has more than this many. */
  readonly valuesMax: number;
  /** Whether some names are left out, and some lines of others not counted. */
  readonly isCut: boolean;
}
