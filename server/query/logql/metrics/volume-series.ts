/** Bytes over time by series, as Loki's volumes have them. */
import { PodlogError } from '../../../../shared/errors.ts';
import { LOKI_VOLUME_SERIES_MAX } from '../../../limits.ts';
import type { LogView } from '../../../store/log-store.ts';
import type { Query } from '../../../store/query.ts';
import type { StreamLabels } from '../known-streams.ts';
import { labelsText } from '../../../../shared/labels-text.ts';
import type { SeriesLabels } from './series.ts';
import type { Matcher } from '../syntax/ast.ts';
import { eachVolume, type VolumesAsked } from '../volumes.ts';

interface VolumeQuestion extends Omit<VolumesAsked, 'names'> {
  /** Streams without one of them are left out. */
  readonly targets: readonly string[];
  /** Whether each name of a label has a series, instead of each set of labels. */
  readonly isByName: boolean;
  /** Series of each step. */
  readonly limit: number;
}

export interface VolumeSeries {
  readonly labels: SeriesLabels;
  /** Ascending in time. */
  readonly points: readonly VolumePoint[];
}

interface VolumePoint {
  /** The last instant of its step; that of the last step is the end. */
  readonly at: bigint;
  readonly bytes: number;
}

interface Growing {
  readonly text: string;
  readonly labels: SeriesLabels;
  readonly bytesByBucket: Map<number, number>;
}

/** Memory of a series, and of a point, besides texts. */
const SERIES_BYTES = 500;
const POINT_BYTES = 200;
/** Between the end of a step and the beginning of the next one. */
const GAP_NS = 1_000_000n;

/** Returns the series with most bytes in their first step first. @throws PodlogError  there are too many */
export async function volumeSeries(question: VolumeQuestion, view: LogView, query: Query): Promise<VolumeSeries[]> {
  const { targets, isByName, limit, stepNs, visible } = question;
  const matchers = [...question.matchers, ...presence(targets, question.matchers)];
  const selected = question.matchers.map(({ name }) => name);
  // Without a selector all labels count.
  const own = selected.length === 0 ? undefined : selected;
  const names = targets.length > 0 ? targets : isByName ? undefined : own;
  using memory = query.budget.memory.share();
  const series = new Map<string, Growing>();
  const add = (labels: SeriesLabels, bucket: number, bytes: number): void => {
    const text = labelsText(labels);
    let each = series.get(text);
    if (each === undefined) {
      if (series.size >= LOKI_VOLUME_SERIES_MAX) throw tooManySeries();
      memory.add(text.length + SERIES_BYTES);
      series.set(text, (each = { text, labels, bytesByBucket: new Map() }));
    }
    const before = each.bytesByBucket.get(bucket);
    if (before === undefined) memory.add(POINT_BYTES);
    each.bytesByBucket.set(bucket, (before ?? 0) + bytes);
  };
  await eachVolume({ ...question, matchers, names }, view, query, ({ labels, bucket, bytes }) => {
    if (isByName) for (const name of labels.keys()) add([[name, '']], bucket, bytes);
    else add(sorted(labels), bucket, bytes);
  });
  const atOf = (bucket: number): bigint => {
    const end = stepNs === undefined ? visible.to : BigInt(bucket + 1) * stepNs;
    return end < visible.to ? end - GAP_NS : visible.to;
  };
  return inOrder(largestOfSteps([...series.values()], limit), atOf);
}

function presence(targets: readonly string[], matchers: readonly Matcher[]): Matcher[] {
  const missing = targets.filter((target) => !matchers.some(({ name }) => name === target));
  return missing.map((name) => ({ name, operator: '=~', value: '.+' }));
}

function sorted(labels: StreamLabels): SeriesLabels {
  return [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function largestOfSteps(series: readonly Growing[], limit: number): readonly Growing[] {
  if (series.length <= limit) return series;
  const buckets = new Set(series.flatMap(({ bytesByBucket }) => [...bytesByBucket.keys()]));
  for (const bucket of buckets) {
    const here = series.filter(({ bytesByBucket }) => bytesByBucket.has(bucket));
    const ranked = here.toSorted(
      (a, b) => b.bytesByBucket.get(bucket)! - a.bytesByBucket.get(bucket)! || (a.text < b.text ? -1 : 1),
    );
    for (const { bytesByBucket } of ranked.slice(limit)) bytesByBucket.delete(bucket);
  }
  return series.filter(({ bytesByBucket }) => bytesByBucket.size > 0);
}

function inOrder(series: readonly Growing[], atOf: (bucket: number) => bigint): VolumeSeries[] {
  const all = series.map(({ text, labels, bytesByBucket }) => {
    const buckets = [...bytesByBucket].toSorted(([a], [b]) => a - b);
    return { text, labels, points: buckets.map(([bucket, bytes]) => ({ at: atOf(bucket), bytes })) };
  });
  return all.toSorted((a, b) => b.points[0]!.bytes - a.points[0]!.bytes || (a.text < b.text ? -1 : 1));
}

function tooManySeries(): PodlogError {
  const message = `the query hit the max number of series limit (limit: ${LOKI_VOLUME_SERIES_MAX} series)`;
  return new PodlogError('PODLOG_TOO_MANY_SERIES', 400, message);
}
