/**
 * A log line as a person reads it: what it says first, then its error and its fields, its ids last. The page, the command line
 * and the server's `format=text` show a line by this one module, which knows nothing of HTML, of terminals and of the time.
 *
 *     POST /api/checkout 502 1.52 s   charge failed   error.kind=timeout   amount=19.99   user_id=12345 request_id=f14cb053   +3
 *     head                            message         error                fields         ids                                 rest
 *
 * It runs in browsers, too: nothing of Node.js may be imported here.
 */
import type { Labels } from '../labels.ts';
import { ERROR_NAMES } from '../request-names.ts';
import { runsOf, withoutEscapes } from './ansi.ts';
import { cutValue } from './cutting.ts';
import { durationText } from './measures.ts';
import { entryOf, type Message, messageOf } from './message.ts';
import { oneLine } from './one-line.ts';
import { ownLine } from './own-lines.ts';
import { isRepeated, type RequestHead, requestHead } from './request-head.ts';
import { fieldSegments, idSegments, isEmpty } from './row-fields.ts';
import type { Field, Segment } from './segment.ts';

/** A row of an answer. */
export interface ReadableRow {
  readonly labels: Labels;
  /** The canonical word, such as `error`. */
  readonly level?: string | undefined;
  /** In the order of the line. */
  readonly fields: readonly Field[];
  /** What was sent with the line instead of in it. */
  readonly metadata?: readonly Field[] | undefined;
  readonly line: string;
  /** `partial`, `truncated`, `unparsed`. */
  readonly flags?: readonly string[] | undefined;
}

export interface ReadableOptions {
  /** A request that took as long is marked. */
  readonly slowMs?: number;
}

const SLOW_MS = 500;
/** An error is as important as the message: it is cut later than other values. */
const ERROR_CHARACTERS_MAX = 200;

const FLAG_TEXTS: Readonly<Record<string, string>> = {
  partial: 'partial',
  truncated: 'cut at 1 MiB',
  unparsed: 'not CRI',
};

export function readableLine(row: ReadableRow, { slowMs = SLOW_MS }: ReadableOptions = {}): Segment[] {
  const fields = new Map(row.fields.map(({ name, value }) => [name, value]));
  const all = ownLine(row.labels, row.line, fields) ?? programLine(row, fields, slowMs);
  const segments = all.filter(({ text }) => text !== '');
  for (const flag of row.flags ?? []) segments.push({ kind: 'flag', text: FLAG_TEXTS[flag] ?? oneLine(flag) });
  return segments;
}

function programLine(row: ReadableRow, fields: ReadonlyMap<string, string>, slowMs: number): Segment[] {
  const head = requestHead(fields, slowMs);
  const message = messageOf(row.line, fields);
  // Metadata of a name counts, and not the field of the line.
  const all = row.metadata === undefined ? fields : new Map([...fields, ...row.metadata.map(pairOf)]);
  const ids = idSegments(all);
  const shown = new Set([...(head?.names ?? []), ...ERROR_NAMES]);
  if (message?.name !== undefined) shown.add(message.name);
  const text = message?.text ?? '';
  const own = [...queryField(head), ...(message?.fields ?? [])];
  const { segments, moreCount } = fieldSegments(row.labels, all, shown, own);
  const more: Segment[] = moreCount === 0 ? [] : [{ kind: 'more-fields', text: `+${moreCount}` }];
  return [
    ...(head?.segments ?? []),
    ...messageSegments(message, head, row.level, slowMs),
    ...errorSegments(fields, text, row.level),
    ...segments,
    ...ids,
    ...more,
  ];
}

function messageSegments(
  message: Message | undefined,
  head: RequestHead | undefined,
  level: string | undefined,
  slowMs: number,
): Segment[] {
  if (message === undefined || (head !== undefined && isRepeated(message.text, head))) return [];
  const segments: Segment[] = [];
  const { durationMs: ms, name } = message;
  if (ms !== undefined) {
    segments.push({ kind: 'duration', text: durationText(ms * 1e6), ...(ms >= slowMs && { tone: 'warn' }) });
  }
  const { first, cause, moreLines } = entryOf(message.text);
  const text = oneLine(withoutEscapes(first));
  if (text !== '') {
    const runs = runsOf(first);
    segments.push({ kind: 'message', text, ...(name !== undefined && { name }), ...(runs && { runs }) });
  }
  if (cause !== undefined) {
    segments.push({ kind: 'error', text: oneLine(withoutEscapes(cause)), ...(isFailure(level) && { tone: 'error' }) });
  }
  if (moreLines > 0) {
    segments.push({ kind: 'more-lines', text: `▸ ${moreLines} more ${moreLines === 1 ? 'line' : 'lines'}` });
  }
  return segments;
}

function errorSegments(fields: ReadonlyMap<string, string>, message: string, level: string | undefined): Segment[] {
  const segments: Segment[] = [];
  for (const name of ERROR_NAMES) {
    const value = fields.get(name) ?? '';
    // A logger that has the error in its message, too, says it once.
    if (isEmpty(value) || message.includes(value)) continue;
    const shown = cutValue(value, ERROR_CHARACTERS_MAX);
    segments.push({
      kind: 'error',
      key: `${name}=`,
      ...shown,
      name,
      value,
      ...(isFailure(level) && { tone: 'error' }),
    });
  }
  return segments;
}

function pairOf({ name, value }: Field): [name: string, value: string] {
  return [name, value];
}

function isFailure(level: string | undefined): boolean {
  return level === 'error' || level === 'fatal';
}

/** What follows the question mark of a path, unless the line has it as a field of its own. */
function queryField(head: RequestHead | undefined): Field[] {
  return head?.query === undefined || head.query === '' ? [] : [{ name: 'query', value: head.query }];
}
