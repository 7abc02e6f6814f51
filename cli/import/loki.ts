/** What an import asks Loki: lines of a time range, the streams of one time, and selectors that have all streams. */
import { IMPORT_HEADER } from '../../shared/import-headers.ts';
import { labelsText } from '../../shared/labels-text.ts';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import { PodlogError } from '../../shared/errors.ts';
import { IMPORT_LABELS_MAX, IMPORT_SLICE_NS_MAX } from '../limits.ts';
import type { Ask, Asker } from './endpoint.ts';

export interface Line {
  readonly timestamp: bigint;
  readonly line: string;
  readonly metadata: Labels | undefined;
}

export interface Stream {
  readonly labels: Labels;
  /** Oldest first. */
  readonly lines: readonly Line[];
}

export interface Range {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
}

/** Loki 3's own label: most often all streams have it, and it is the only selector that has lines. */
const FIRST_LABEL = 'service_name';

type Value = readonly [timestamp: string, line: string, own?: { readonly structuredMetadata?: Labels }];

interface StreamsAnswer {
  readonly data: { readonly result: readonly { readonly stream: Labels; readonly values: readonly Value[] }[] };
}

export function pageAsk(selector: string, { start, end }: Range, limit: number): Ask {
  const query = new URLSearchParams({
    query: selector,
    start: String(start),
    end: String(end),
    limit: String(limit),
    direction: 'forward',
  });
  // A podlog answers without the names and levels that it would make again.
  const headers = { 'x-loki-response-encoding-flags': 'categorize-labels', [IMPORT_HEADER]: 'true' };
  return { method: 'GET', path: `/loki/api/v1/query_range?${query.toString()}`, headers };
}

/** Returns the streams of an answer, sorted by labels, so that the same lines are always pushed as the same bytes. */
export function streamsOf(body: Buffer): Stream[] {
  const { data } = JSON.parse(body.toString()) as StreamsAnswer;
  const streams = data.result.map(({ stream, values }) => ({
    key: labelsKey(stream),
    labels: stream,
    lines: values.map(lineOf).toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0)),
  }));
  return streams.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function lineOf([timestamp, line, own]: Value): Line {
  return { timestamp: BigInt(timestamp), line, metadata: own?.structuredMetadata };
}

/** Returns selectors each of which has one of the streams with lines at a time, and no other. */
export async function streamSelectors(loki: Asker, selector: string, { start, end }: Range): Promise<string[]> {
  const query = new URLSearchParams({ 'match[]': selector, start: String(start), end: String(end) });
  const { body } = await loki.ask({ method: 'GET', path: `/loki/api/v1/series?${query.toString()}` });
  const { data: streams } = JSON.parse(body.toString()) as { readonly data: readonly Labels[] };
  const names = [...new Set(streams.flatMap((labels) => Object.keys(labels)))].toSorted();
  return [...new Set(streams.map((labels) => labelsText(names.map((name) => [name, labels[name] ?? ''] as const))))];
}

/**
 * Returns selectors that have each stream once. Loki takes none that has all streams, so one has those with the first label,
 * one those with the second and without the first, and so on.
 */
export async function allStreams(loki: Asker, range: Range): Promise<string[]> {
  const found = await labelNames(loki, range);
  const names = [...found].filter((name) => !name.startsWith('__') && name !== FIRST_LABEL).toSorted();
  if (names.length > IMPORT_LABELS_MAX) {
    const message = `streams have ${names.length} labels, and ${IMPORT_LABELS_MAX} are allowed: import them by --selector`;
    throw new PodlogError('PODLOG_IMPORT_LABELS', 400, message);
  }
  return [FIRST_LABEL, ...names].map((name, i, all) => {
    const without = all.slice(0, i).map((each) => `, ${each}=""`);
    return `{${name}=~".+"${without.join('')}}`;
  });
}

/** Asks part by part, since Loki limits the range of this, too. */
async function labelNames(loki: Asker, { start, end }: Range): Promise<Set<string>> {
  const names = new Set<string>();
  for (let from = start; from < end; from += IMPORT_SLICE_NS_MAX) {
    const to = from + IMPORT_SLICE_NS_MAX < end ? from + IMPORT_SLICE_NS_MAX : end;
    const query = new URLSearchParams({ start: String(from), end: String(to) });
    const { body } = await loki.ask({ method: 'GET', path: `/loki/api/v1/labels?${query.toString()}` });
    const { data = [] } = JSON.parse(body.toString()) as { readonly data?: readonly string[] };
    for (const name of data) names.add(name);
  }
  return names;
}
