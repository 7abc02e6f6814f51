/** A line of Loki's API as the page's lists have it. */
import type { LogRow } from '../../shared/client/answers.ts';
import type { Labels } from '../../shared/labels.ts';
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';

/** Labels that a line has of its own. */
export interface OwnLabels {
  readonly structuredMetadata?: Labels;
  readonly parsed?: Labels;
}

export function rowOf(
  ns: bigint,
  line: string,
  labels: Labels,
  { structuredMetadata = {}, parsed = {} }: OwnLabels = {},
): LogRow {
  const { detected_level: detected = '', ...metadata } = structuredMetadata;
  const level = levelOf(detected);
  return {
    time: timeOf(ns),
    labels,
    ...(level !== '' && { level }),
    line,
    metadata: { ...metadata, ...newOnes(parsed, line) },
    json: '',
  };
}

/** RFC 3339 with nanoseconds. */
function timeOf(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Labels that the pipeline has made, but for those that are the line's fields under another name. */
function newOnes(parsed: Labels, line: string): Labels {
  const own = new Map(fieldsIn(line).map(({ name, value }) => [name.replaceAll(/\W/g, '_'), value]));
  return Object.fromEntries(Object.entries(parsed).filter(([name, value]) => own.get(name) !== value));
}

function fieldsIn(line: string) {
  if (!line.startsWith('{')) return [];
  try {
    return fieldsOf(parseWritten(line) as object);
  } catch {
    return [];
  }
}

/** The level as podlog calls it; empty where the line has none. */
export function levelOf(detected: string): string {
  return detected === 'critical' ? 'fatal' : detected === 'unknown' ? '' : detected;
}
