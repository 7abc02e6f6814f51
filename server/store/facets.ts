/** Which labels and fields lines have, and with which values: plain data. */
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
  /** Some names are left out, and lines of others may be. */
  readonly isCut: boolean;
}
