/**
 * Counters, gauges and histograms with labels, and their Prometheus text exposition. Whoever builds a part of podlog
 * makes a registry and hands it down; there is no global one, so that tests and `podlog up` can run several. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
 */
import type { Labels } from './labels.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const NO_LABELS: Labels = {};

/** From 1 ms to 10 s: the range of an HTTP request or a disk write. */
const SECONDS_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Metric {
  render(): string;
}

/** Owns the metrics of one part of podlog. */
export class Metrics {
  readonly #metrics: Metric[] = [];

  /** @param name  ends in `_total` */
  counter(name: string, help: string): Counter {
    return this.#register(new Counter(name, help));
  }

  gauge(name: string, help: string): Gauge {
    return this.#register(new Gauge(name, help));
  }

  /** @param buckets  upper bounds, ascending, without +Inf */
  histogram(name: string, help: string, buckets = SECONDS_BUCKETS): Histogram {
    return this.#register(new Histogram(name, help, buckets));
  }

  /** Renders all metrics in the order in which they were made. */
  render(): string {
    return this.#metrics.map((metric) => metric.render()).join('');
  }

  #register<T extends Metric>(metric: T): T {
    this.#metrics.push(metric);
    return metric;
  }
}

/** A number that only grows, for each label set. Without labels it is 0 from the start, so that rates have a base. */
export class Counter {
  readonly #header: string;
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#header = renderHeader(name, help, 'counter');
  }

  add(amount = 1, labels = NO_LABELS): void {
    const key = renderLabels(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  /** Returns the value of one label set; 0 when nothing was ever added to it. */
  value(labels = NO_LABELS): number {
    return this.#values.get(renderLabels(labels)) ?? 0;
  }

  render(): string {
    return this.#header + renderValues(this.#name, this.#values);
  }
}

/** A number that goes up and down; it is either set, or read from a function when it is rendered. */
export class Gauge {
  readonly #header: string;
  readonly #name: string;
  readonly #values = new Map<string, number>();
  #read: (() => number) | undefined;
  #readAll: (() => Iterable<readonly [Labels, number]>) | undefined;

  constructor(name: string, help: string) {
    this.#name = name;
    this.#header = renderHeader(name, help, 'gauge');
  }

  set(value: number, labels = NO_LABELS): void {
    this.#values.set(renderLabels(labels), value);
  }

  /** Has the value without labels read by `read` whenever it is rendered. */
  readFrom(read: () => number): this {
    this.#read = read;
    return this;
  }

  /** Has all values read by `read` whenever they are rendered: of what comes and goes. */
  readAllFrom(read: () => Iterable<readonly [Labels, number]>): this {
    this.#readAll = read;
    return this;
  }

  value(labels = NO_LABELS): number {
    if (this.#read !== undefined && labels === NO_LABELS) return this.#read();
    return this.#values.get(renderLabels(labels)) ?? 0;
  }

  render(): string {
    if (this.#readAll !== undefined) {
      const values = [...this.#readAll()].map(([labels, value]) => [renderLabels(labels), value] as const);
      return this.#header + (values.length === 0 ? '' : renderValues(this.#name, new Map(values)));
    }
    if (this.#read !== undefined) this.#values.set('', this.#read());
    return this.#header + renderValues(this.#name, this.#values);
  }
}

interface Observations {
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

/** How often a measured quantity was at or below each upper bound, for each label set. */
export class Histogram {
  readonly #header: string;
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Observations & { readonly labels: Labels }>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
    this.#header = renderHeader(name, help, 'histogram');
  }

  observe(value: number, labels = NO_LABELS): void {
    const key = renderLabels(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: new Float64Array(this.#bounds.length), sum: 0, count: 0 };
      this.#series.set(key, series);
    }
    series.count++;
    series.sum += value;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket]!++;
  }

  render(): string {
    let text = this.#header;
    for (const [key, { labels, counts, sum, count }] of this.#series) {
      let cumulative = 0;
      this.#bounds.forEach((bound, i) => {
        cumulative += counts[i]!;
        text += `${this.#name}_bucket${renderLabels({ ...labels, le: String(bound) })} ${cumulative}\n`;
      });
      text += `${this.#name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${count}\n`;
      text += `${this.#name}_sum${key} ${sum}\n${this.#name}_count${key} ${count}\n`;
    }
    return text;
  }
}

function renderHeader(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

function renderValues(name: string, values: ReadonlyMap<string, number>): string {
  if (values.size === 0) return `${name} 0\n`;
  let text = '';
  for (const [labels, value] of values) text += `${name}${labels} ${value}\n`;
  return text;
}

/** Renders `{a="1",b="2"}` in the order of the object, or nothing. */
function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
