/** Series: a label set, and a value for some of the steps of a query. */
/** Instants, ns since 1970: the first, and as many more as there are steps. */
export interface Steps {
  readonly start: bigint;
  readonly stepNs: bigint;
  readonly count: number;
}

/** Sorted by name. */
export type SeriesLabels = readonly (readonly [name: string, value: string])[];

/** A series takes memory for the steps that it has, of which most of many series have few. */
export interface Series {
  readonly labels: SeriesLabels;
  /** Ascending. */
  readonly steps: Uint32Array;
  /** One at each of them. */
  readonly values: Float64Array;
}

export type Evaluated =
  { readonly kind: 'series'; readonly series: readonly Series[] } | { readonly kind: 'scalar'; readonly value: number };

/** Memory of a series besides its labels, and of each of its points. */
export const SERIES_BYTES = 250;
export const POINT_BYTES = 12;

/** Makes one series after another, point by point. */
export class SeriesBuilder {
  readonly #steps: Uint32Array;
  readonly #values: Float64Array;
  #size = 0;

  /** @param count  of steps */
  constructor(count: number) {
    this.#steps = new Uint32Array(count);
    this.#values = new Float64Array(count);
  }

  /** Adds a point; its step is after those that the series has. */
  add(step: number, value: number): void {
    this.#steps[this.#size] = step;
    this.#values[this.#size++] = value;
  }

  /** Returns the series, and begins the next one. */
  finish(labels: SeriesLabels): Series {
    const size = this.#size;
    this.#size = 0;
    return { labels, steps: this.#steps.slice(0, size), values: this.#values.slice(0, size) };
  }
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

/** Returns what is left of labels that Loki makes anew: those with a value. */
export function withoutEmpty(labels: SeriesLabels): SeriesLabels {
  return labels.filter(([, value]) => value !== '');
}

/** Returns the labels with these names, or without them. */
export function groupedLabels(labels: SeriesLabels, names: readonly string[], isWithout: boolean): SeriesLabels {
  return labels.filter(([name]) => names.includes(name) !== isWithout);
}
