/** How many lines have a number of which size. */
import { EDGES_PER_DECADE } from '../../shared/preferred-numbers.ts';

/** Buckets whose edges are equally far apart on a logarithmic scale. */
export interface Sizes {
  /** One more than there are counts. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface SizesAnswer {
  readonly groups: readonly {
    readonly by: Readonly<Record<string, { readonly from: number; readonly to: number } | null>>;
    readonly rows: number;
  }[];
}

/** Zero and what is below it have no place on this scale. */
export function sizesOf({ groups }: SizesAnswer, by: string): Sizes {
  const rows = new Map<number, number>();
  let end = 0;
  for (const group of groups) {
    const bucket = group.by[by];
    if (bucket === null || bucket === undefined || bucket.from <= 0) continue;
    rows.set(bucket.from, (rows.get(bucket.from) ?? 0) + group.rows);
    end = Math.max(end, bucket.to);
  }
  if (rows.size === 0) return { edges: [], counts: [] };
  const edges = edgesBetween(Math.min(...rows.keys()), end);
  return { edges, counts: edges.slice(0, -1).map((edge) => rows.get(edge) ?? 0) };
}

function edgesBetween(from: number, to: number): readonly number[] {
  const edges: number[] = [];
  for (let power = Math.floor(Math.log10(from)) - 1; power <= Math.ceil(Math.log10(to)); power++) {
    for (const edge of EDGES_PER_DECADE) {
      // As a decimal number is read, so that it equals that of the answer.
      const value = Number(`${edge}e${power}`);
      if (value >= from && value <= to) edges.push(value);
    }
  }
  return edges;
}
