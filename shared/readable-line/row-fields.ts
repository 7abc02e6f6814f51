/** Which fields of a line its row shows, and how. */
import { type Labels, labelOf } from '../labels.ts';
import { LEVEL_FIELDS } from '../level-fields.ts';
import { REQUEST_ID_NAMES, TRACE_ID_NAMES, USER_ID_NAMES } from '../request-names.ts';
import { cutValue } from './cutting.ts';
import { measureOf, sizeText } from './measures.ts';
import { oneLine } from './one-line.ts';
import type { Field, Segment } from './segment.ts';

/** More fields are counted. */
const FIELDS_MAX = 8;
/** Longer values come last, and those of several lines. */
const LONG_VALUE = 200;
/** Enough of a request's id to recognize it. */
const ID_CHARACTERS = 8;

/** Names of a line's time: the row has its own. */
const TIME_NAMES: ReadonlySet<string> = new Set(
  (
    'time Time ts timestamp Timestamp @timestamp @t t t.$date asctime datetime StartUTC StartLocal time_local ' +
    'time_iso8601'
  ).split(' '),
);
const LEVEL_NAMES: ReadonlySet<string> = new Set(LEVEL_FIELDS);
/** The level of MongoDB's lines, which have their time in `t.$date`. */
const MONGODB_LEVEL = 's';
/** Fields that are of interest only in the details of a line; in small letters, without `_` and `-`. */
const QUIET: ReadonlySet<string> = new Set(
  (
    'pid hostname host v version service logger thread goroutine caller source file line func protocol referer useragent ' +
    'remoteport spanid traceflags'
  ).split(' '),
);
/** Values that say that there is none. */
const EMPTY: ReadonlySet<string> = new Set(['', '-', 'null', '[]', '{}']);

/** Access logs repeat the request in many forms: of lines that have all of `has` only some fields are shown. */
const ACCESS_LOGS: readonly { readonly has: readonly string[]; readonly show: readonly string[] }[] = [
  { has: ['RequestMethod', 'DownstreamStatus'], show: ['ServiceName', 'ClientHost', 'DownstreamContentSize'] }, // Traefik
  { has: ['client_ip', 'protocol', 'bytes'], show: ['upstream', 'client_ip', 'bytes'] },
  { has: ['protocol', 'request_bytes', 'bytes'], show: ['flags', 'upstream', 'upstream_addr', 'bytes'] }, // Envoy
];
const SIZES: ReadonlySet<string> = new Set(['bytes', 'DownstreamContentSize']);

export function isEmpty(value: string): boolean {
  return EMPTY.has(value);
}

/** The ids of a line, which come last: whose request it is, and which. */
export function idSegments(fields: ReadonlyMap<string, string>): Segment[] {
  const segments: Segment[] = [];
  const user = idOf(fields, USER_ID_NAMES);
  if (user !== undefined) {
    const value = fields.get(user)!;
    segments.push({ kind: 'id', key: `${user}=`, ...cutValue(value), name: user, value });
  }
  const id = idOf(fields, REQUEST_ID_NAMES) ?? idOf(fields, TRACE_ID_NAMES);
  if (id !== undefined) {
    const value = fields.get(id)!;
    const full = oneLine(value);
    const text = full.slice(0, ID_CHARACTERS);
    segments.push({ kind: 'id', key: `${id}=`, text, ...(text !== full && { full }), name: id, value });
  }
  return segments;
}

function idOf(fields: ReadonlyMap<string, string>, names: readonly string[]): string | undefined {
  return names.find((name) => !isEmpty(fields.get(name) ?? ''));
}

/**
 * Returns the fields of a row in the order of their logger, and the number of those for which it has no room.
 * @param shown  names that the row shows elsewhere
 * @param own    fields that were part of another value; they come first
 */
export function fieldSegments(
  labels: Labels,
  fields: ReadonlyMap<string, string>,
  shown: ReadonlySet<string>,
  own: readonly Field[],
): { readonly segments: Segment[]; readonly moreCount: number } {
  const access = ACCESS_LOGS.find(({ has }) => has.every((name) => fields.has(name)));
  const candidates = access === undefined ? fields.keys() : access.show.filter((name) => fields.has(name));
  const wanted = own.filter(({ value }) => !isEmpty(value));
  for (const name of candidates) {
    const value = fields.get(name)!;
    if (shown.has(name) || isEmpty(value) || IDS.has(name) || value === labelOf(labels, name)) continue;
    if (!isQuiet(name, fields)) wanted.push({ name, value });
  }
  const isLong = ({ value }: Field): boolean => value.length > LONG_VALUE || value.includes('\n');
  const sorted = [...wanted.filter((field) => !isLong(field)), ...wanted.filter(isLong)];
  const segments = sorted.slice(0, FIELDS_MAX).map((field) => fieldSegment(field, access !== undefined));
  return { segments, moreCount: sorted.length - segments.length };
}

const IDS: ReadonlySet<string> = new Set([...USER_ID_NAMES, ...REQUEST_ID_NAMES, ...TRACE_ID_NAMES]);

function isQuiet(name: string, fields: ReadonlyMap<string, string>): boolean {
  if (name === MONGODB_LEVEL) return fields.has('t.$date');
  return TIME_NAMES.has(name) || LEVEL_NAMES.has(name) || QUIET.has(name.replace(/[_-]/g, '').toLowerCase());
}

function fieldSegment({ name, value }: Field, isAccess: boolean): Segment {
  const shownName = oneLine(name);
  if (isAccess && SIZES.has(name) && /^\d{1,15}$/.test(value)) {
    return { kind: 'field', key: `${shownName} `, text: sizeText(Number(value)), name, value };
  }
  const measure = measureOf(name, value);
  if (measure !== undefined)
    return { kind: 'field', key: `${oneLine(measure.name)} `, text: measure.text, name, value };
  return { kind: 'field', key: `${shownName}=`, ...cutValue(value), name, value };
}
