/** From HTTP parameters to the form of an answer's lines: `format`, `csv`, `columns`, `color` and `tz`. */
import { ParameterError } from '../../shared/errors.ts';
import { MS_PER_DAY } from '../../shared/time.ts';
import { COLUMN_NAME_BYTES_MAX, COLUMNS_MAX } from '../limits.ts';
import type { Predicate, Where } from '../store/predicate.ts';
import type { AnswerFormat, Readable, TextSink } from '../store/sink.ts';
import { all, type LogsRequest, oneOf, type QueryString, timeZoneOf } from './parameters.ts';

/** CSV is exact only on request. */
const FORMATS = ['ndjson', 'raw', 'json', 'csv', 'text'] as const;

/**
 * @param lines  those of the answer; `follow` of a live tail
 * @throws ParameterError
 */
export function parseForm(query: QueryString, lines: LogsRequest, nowMs: number): TextSink {
  const format = parseFormat(query);
  if (lines.follow && format === 'json') {
    throw new ParameterError('format', 'a JSON array cannot follow', 'ndjson, raw, csv or text', 'format=ndjson');
  }
  const columns = parseColumns(query, format);
  const readable = parseReadable(query, format, lines.plan, nowMs);
  return {
    kind: 'text',
    format,
    ...(columns !== undefined && { columns }),
    ...(query['tz'] !== undefined && { zone: timeZoneOf(query).name }),
    ...(readable !== undefined && { readable }),
  };
}

function parseFormat(query: QueryString): AnswerFormat {
  const format = oneOf(query, 'format', FORMATS, 'ndjson');
  if (query['csv'] === undefined) return format;
  if (format !== 'csv') {
    throw new ParameterError('csv', 'given without format=csv', 'csv with format=csv', 'format=csv&csv=exact');
  }
  return oneOf(query, 'csv', ['harmless', 'exact'], 'harmless') === 'exact' ? 'csv-exact' : 'csv';
}

const COLUMNS_EXAMPLE = 'columns=time,pod,level,path,status,message';

/** Names with commas between them; `columns` may also be repeated. */
function parseColumns(query: QueryString, format: AnswerFormat): string[] | undefined {
  if (query['columns'] === undefined) return undefined;
  const fail = (problem: string, allowed: string): never => {
    throw new ParameterError('columns', problem, allowed, COLUMNS_EXAMPLE);
  };
  if (format === 'raw') fail('format=raw has whole lines', 'columns with ndjson, json, csv or text');
  const names = all(query, 'columns')
    .flatMap((list) => list.split(','))
    .map((name) => name.trim());
  const allowed = 'names of labels and fields, time, level, message, line and cursor';
  if (names.includes('')) fail('a name is empty', allowed);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) fail(`"${twice}" is named twice`, 'each name once');
  if (names.length > COLUMNS_MAX) fail(`${names.length} names`, `up to ${COLUMNS_MAX}`);
  if (names.some((name) => Buffer.byteLength(name) > COLUMN_NAME_BYTES_MAX)) {
    fail('a name is too long', `names of up to ${COLUMN_NAME_BYTES_MAX} bytes`);
  }
  return names;
}

function parseReadable(query: QueryString, format: AnswerFormat, plan: Predicate, nowMs: number): Readable | undefined {
  const color = query['color'] === undefined ? undefined : oneOf(query, 'color', ['always', 'never'], 'never');
  if (format !== 'text') {
    if (color === undefined) return undefined;
    throw new ParameterError(
      'color',
      'given without format=text',
      'color with format=text',
      'format=text&color=always',
    );
  }
  const today = Math.floor((nowMs + timeZoneOf(query).offsetMsAt(nowMs)) / MS_PER_DAY);
  return { isColored: color === 'always', withNamespace: !isOfOneNamespace(plan.where), today };
}

/** Whether all lines of a condition have the same namespace. */
function isOfOneNamespace(where: Where): boolean {
  if (where.kind === 'all') return where.of.some(isOfOneNamespace);
  if (where.kind !== 'value' || where.name !== 'namespace' || where.fieldOnly === true) return false;
  return where.tests.length === 1 && where.tests[0]!.kind === 'equals';
}
