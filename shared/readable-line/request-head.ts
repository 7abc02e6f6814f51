/** The head of a line about a request: `POST /api/checkout 502 1.52 s`. */
import {
  DURATION_NAMES,
  durationMsOf,
  isMethod,
  isPath,
  isPlainRequest,
  isStatus,
  METHOD_NAMES,
  PATH_NAMES,
  STATUS_NAMES,
} from '../request-names.ts';
import { cutValue } from './cutting.ts';
import { durationText } from './measures.ts';
import type { Segment } from './segment.ts';

export interface RequestHead {
  readonly segments: readonly Segment[];
  /** Names of the fields that it shows. */
  readonly names: readonly string[];
  readonly method: string | undefined;
  readonly path: string | undefined;
  /** The part of the path after its question mark. */
  readonly query: string | undefined;
}

/** Parts that a head needs, of method, path and status. */
const PARTS_MIN = 2;

/** @param slowMs  durations from here on get a tone */
export function requestHead(fields: ReadonlyMap<string, string>, slowMs: number): RequestHead | undefined {
  const find = (names: readonly string[], isValid: (value: string) => boolean): string | undefined =>
    names.find((name) => isValid(fields.get(name) ?? ''));
  const method = find(METHOD_NAMES, isMethod);
  const path = find(PATH_NAMES, isPath);
  const status = find(STATUS_NAMES, isStatus);
  const parts = [method, path, status].filter((name) => name !== undefined);
  if (parts.length < PARTS_MIN) return undefined;
  const segments: Segment[] = [];
  const add = (
    kind: Segment['kind'],
    name: string,
    shown: Pick<Segment, 'text' | 'full'>,
    tone?: Segment['tone'],
  ): void => {
    segments.push({ kind, name, value: fields.get(name)!, ...shown, ...(tone && { tone }) });
  };
  if (method !== undefined) add('method', method, cutValue(fields.get(method)!));
  const [bare, query] = path === undefined ? [] : splitPath(fields.get(path)!);
  if (path !== undefined) add('path', path, cutValue(bare!));
  if (status !== undefined) {
    const value = fields.get(status)!;
    add('status', status, { text: value }, value >= '500' ? 'error' : value >= '400' ? 'warn' : undefined);
  }
  const duration = DURATION_NAMES.find(
    (name) => fields.has(name) && durationMsOf(name, fields.get(name)!) !== undefined,
  );
  if (duration !== undefined) {
    const ms = durationMsOf(duration, fields.get(duration)!)!;
    add('duration', duration, { text: durationText(ms * 1e6) }, ms >= slowMs ? 'warn' : undefined);
    parts.push(duration);
  }
  return { segments, names: parts, method: method && fields.get(method), path: bare, query };
}

function splitPath(path: string): [bare: string, query: string | undefined] {
  const mark = path.indexOf('?');
  return mark < 0 ? [path, undefined] : [path.slice(0, mark), path.slice(mark + 1)];
}

/** Whether a message says no more than the head. */
export function isRepeated(message: string, { method, path }: RequestHead): boolean {
  if (isPlainRequest(message)) return true;
  if (method === undefined || path === undefined || !message.includes(path) || !message.includes(method)) return false;
  const rest = message
    .replace(method, '')
    .replace(path, '')
    .replace(/HTTP\/[\d.]+|\?\S*|\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s)?\b/g, '');
  return !/[\p{L}\p{N}]/u.test(rest);
}
