/** Series: a label set, and a value for some of the steps of a query. */
/** Instants, ns since 1970: the first, and as many more as there are steps. */
export interface Steps {
  readonly start: bigint;
  readonly stepNs: bigint;
  readonly count: number;
}

/** Sorted by name. */
export type SeriesLabels = readonly (readonly [name: string, value: string])[];

export interface Series {
  readonly labels: SeriesLabels;
  readonly values: Float64Array;
  /** By step: 1 where there is a value. */
  readonly isPresent: Uint8Array;
}

export type Evaluated =
  { readonly kind: 'series'; readonly series: readonly Series[] } | { readonly kind: 'scalar'; readonly value: number };

export function newSeries(labels: SeriesLabels, count: number): Series {
  return { labels, values: new Float64Array(count), isPresent: new Uint8Array(count) };
}

export function setPoint({ values, isPresent }: Series, step: number, value: number): void {
  values[step] = value;
  isPresent[step] = 1;
}

/** Sets that have the same key are equal. */
export function keyOf(labels: SeriesLabels): string {
  let key = '';
  for (const [name, value] of labels) key += `${name}\0${value.length}\0${value}`;
  return key;
}

export function compareLabels(a: SeriesLabels, b: SeriesLabels): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    for (const part of [0, 1] as const) {
      const [left, right] = [a[i]![part], b[i]![part]];
      if (left !== right) return left < right ? -1 : 1;
    }
  }
  return a.length - b.length;
}

/** Returns the labels with these names, or without them. */
export function groupedLabels(labels: SeriesLabels, names: readonly string[], isWithout: boolean): SeriesLabels {
  return labels.filter(([name]) => names.includes(name) !== isWithout);
}
