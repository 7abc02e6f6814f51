/** What a line says: the text that its program wrote for a reader, without what the row shows elsewhere. */
import { MESSAGE_NAMES } from '../request-names.ts';
import type { Field } from './segment.ts';

export interface Message {
  readonly text: string;
  /** The field that it is the value of. */
  readonly name?: string;
  /** Fields that its program wrote into the message. */
  readonly fields?: readonly Field[];
  /** The duration of a statement, ms. */
  readonly durationMs?: number;
}

/** Fields before the message of text in no format of its own. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(['time', 'level']);

function isObject(line: string): boolean {
  return line.startsWith('{');
}

/** @param fields  the last of each name, in the order of the line */
export function messageOf(line: string, fields: ReadonlyMap<string, string>): Message | undefined {
  const name = MESSAGE_NAMES.find((each) => (fields.get(each) ?? '') !== '');
  if (name === undefined) {
    if (fields.size === 0) return { text: line };
    const text = isObject(line) ? '' : textBeforeObject(line, fields);
    return text === '' ? undefined : { text };
  }
  const text = fields.get(name)!;
  if (isObject(line)) return { text, name };
  if (isPlain(line, text, fields)) return { text: plainText(line, text, fields), name };
  return { name, ...(nginxError(text) ?? postgresStatement(text) ?? { text }) };
}

/** `request done: {"status":200}` says it in front of the object that has its fields. */
function textBeforeObject(line: string, fields: ReadonlyMap<string, string>): string {
  const [first] = fields.keys();
  const brace = line.search(/\{\s*["']/);
  const key = brace < 0 ? undefined : /^\{\s*["']([^"']*)/.exec(line.slice(brace))?.[1];
  return key === undefined || !`${first}.`.startsWith(`${key}.`) ? '' : line.slice(0, brace).replace(/[\s|:=,-]+$/, '');
}

/**
 * Whether a line is text in which only a time and a level were found. Their message is what follows the level, which is not
 * always what a person would call so: `java.io.IOException: no route`.
 */
function isPlain(line: string, message: string, fields: ReadonlyMap<string, string>): boolean {
  for (const name of fields.keys()) {
    if (name === 'message') break;
    if (!PLAIN_FIELDS.has(name)) return false;
  }
  const before = line[line.indexOf(message) - 1];
  return before !== '"' && before !== '=';
}

/** Between parts of a line: brackets, separators, colours, and keys of a level. */
// oxlint-disable-next-line no-control-regex -- colours
const BEFORE_LEVEL = /(?:\u001b\[[\d;]*m|(?:level|lvl|severity)="?|[\s[(<|.-])+$/;
// oxlint-disable-next-line no-control-regex -- colours
const BEHIND_LEVEL = /^(?:\u001b\[[\d;]*m|[\s\])>|:,"]|-(?=\s))+/;
/** Words that belong to what they precede: `panic: no route`, `Traceback (most recent call last):`. */
const SPEAKING_LEVEL = /^(?:panic|fatal|exception|throwable|traceback)$/i;

/** Returns a line without its time at the start and its level, if the level is not a part of a sentence. */
function plainText(line: string, message: string, fields: ReadonlyMap<string, string>): string {
  const time = fields.get('time');
  const timeAt = time === undefined ? -1 : line.indexOf(time);
  const from = timeAt < 0 || timeAt > 1 ? 0 : timeAt + time!.length;
  const to = hasObjects(fields) ? line.indexOf(message, from) + message.length : line.length;
  const text = from === 0 ? line.slice(0, to) : line.slice(from, to).replace(BEHIND_LEVEL, '');
  const level = fields.get('level');
  const levelAt = level === undefined ? -1 : text.indexOf(level);
  if (levelAt < 0 || SPEAKING_LEVEL.test(level!)) return text;
  const written = text.slice(0, levelAt);
  const before = written.replace(BEFORE_LEVEL, '');
  // `npm error: …`, `TypeError: …`
  const isSentence = before !== '' && before.length >= written.trimEnd().length && level !== level!.toUpperCase();
  if (isSentence) return text;
  const behind = text.slice(levelAt + level!.length).replace(BEHIND_LEVEL, '');
  return before === '' ? behind : `${before} ${behind}`;
}

/** Whether objects follow the text: their members are fields. */
function hasObjects(fields: ReadonlyMap<string, string>): boolean {
  for (const name of fields.keys()) if (name !== 'message' && !PLAIN_FIELDS.has(name)) return true;
  return false;
}

const NGINX_MESSAGE = /^(.*?), (?=client: )/s;
const NGINX_PAIR = /(client|server|request|subrequest|upstream|host|referrer): (?:"([^"]*)"|([^,]*))/g;

/** `open() "/x" failed, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://…"` */
function nginxError(text: string): Omit<Message, 'name'> | undefined {
  const match = NGINX_MESSAGE.exec(text);
  if (match === null) return undefined;
  const pairs = text.slice(match[0].length).matchAll(NGINX_PAIR);
  const fields = Array.from(pairs, ([, name, quoted, bare]) => ({ name: name!, value: quoted ?? bare ?? '' }));
  return { text: match[1]!, fields };
}

const POSTGRES_STATEMENT = /^duration: (\d+(?:\.\d+)?) ms(?:\s+(?:statement|parse|bind|execute)[^:]*: (.*))?$/s;

/** `duration: 1532.4 ms  statement: select …` */
function postgresStatement(text: string): Omit<Message, 'name'> | undefined {
  const match = POSTGRES_STATEMENT.exec(text);
  return match === null ? undefined : { text: match[2] ?? '', durationMs: Number(match[1]) };
}

export interface Entry {
  /** The lines that say what happened. */
  readonly first: string;
  readonly cause: string | undefined;
  /** Number of the others. */
  readonly moreLines: number;
}

const PYTHON = /^Traceback \(most recent call last\):/;
const JAVA_CAUSE = /^\s*Caused by: /;
const EXCEPTION = /^(?:[\w$]+\.)*[\w$]*(?:Exception|Error|Throwable)\b/;

/** Picks the lines of an entry of several lines: of a stack trace the reason, which may be far from its beginning. */
export function entryOf(text: string): Entry {
  if (!text.includes('\n')) return { first: text, cause: undefined, moreLines: 0 };
  const lines = text.split('\n').map((line) => line.trimEnd());
  const wanted = lines.filter((line) => line !== '');
  const first = wanted[0] ?? '';
  const cause = causeOf(wanted);
  if (cause !== undefined && PYTHON.test(first))
    return { first: cause, cause: undefined, moreLines: wanted.length - 1 };
  return { first, cause, moreLines: Math.max(0, wanted.length - (cause === undefined ? 1 : 2)) };
}

function causeOf(lines: readonly string[]): string | undefined {
  if (lines.some((line) => PYTHON.test(line))) return lines.at(-1);
  const cause = lines.findLast((line, i) => i > 0 && JAVA_CAUSE.test(line));
  if (cause !== undefined) return cause.trimStart();
  return lines.length > 1 && EXCEPTION.test(lines[1]!) ? lines[1] : undefined;
}
