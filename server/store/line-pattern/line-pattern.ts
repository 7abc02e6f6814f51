/**
 * The pattern of a line: what kind of line it is, as a text in which variables are folded (fold-text.ts). It depends on
 * the line alone, so the same kind of line has the same pattern in every part of every store:
 *
 *     message          the first line of the message, folded; that of a traceback is its last
 *     exception        the exception's name and its message
 *     method and path  of a request, where the message is missing or says nothing more: `GET /api/orders/⟨n⟩`
 *     names            of the fields, where there is nothing else: `{active, component, idle}`
 *
 * A line without fields is its own message.
 */
import { hash } from 'node:crypto';
import type { Fields } from '../../../shared/row-group/template.ts';
import { KIND_PLAIN, KIND_TEXT } from '../../../shared/row-group/format.ts';
import { LEVEL_FIELDS } from '../../../shared/level-fields.ts';
import { LEVEL } from '../../../shared/levels.ts';
import { isPlainRequest, MESSAGE_NAMES, METHOD_NAMES, PATH_NAMES } from '../../../shared/request-names.ts';
import { PATTERN_BYTES_MAX } from '../../limits.ts';
import { TextFolder } from './fold-text.ts';

/** In order: of these fields, the first one that a line has is its message. */
const MESSAGE_FIELDS: readonly string[] = [
  ...MESSAGE_NAMES,
  'error',
  'err',
  'error.message',
  'err.message',
  'exception',
  'reason',
];
/** A person is shown that a request has only begun; its line is of the same kind all the same. */
const INCOMING_REQUEST = 'incoming request';
/** Words that are the level of an exception's line, and the end of its name. */
const EXCEPTION_ENDINGS: ReadonlySet<string> = new Set(['Exception', 'Error', 'Throwable']);
const TRACEBACK = Buffer.from('(most recent call last):');
const NEWLINE = 0x0a;
const QUESTION_MARK = 0x3f;
const HASH_HEX_DIGITS = 16;
/** Names without which lines are of the same kind. */
const UNNAMED: ReadonlySet<string> = new Set(['time', 'ts', 'timestamp', '@timestamp', '@t', ...LEVEL_FIELDS]);

/** Values of a line, by their slots, −1 for none; they are the same for all lines of a template. */
export interface PatternSlots {
  readonly message: number;
  /** The text directly before the level, which may name an exception, and the level. */
  readonly prefix: number;
  readonly level: number;
  readonly method: number;
  readonly path: number;
  /** The pattern of lines without any of these. */
  readonly names: string;
}

/** How a value becomes a part of a pattern. */
export type PartKind = 'message' | 'word' | 'path';

/** Folded values; undefined where a line has none. */
export interface PatternParts {
  readonly message: string | undefined;
  readonly prefix: string | undefined;
  readonly level: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
}

export function patternSlots(line: Fields): PatternSlots {
  const named = firstOf(MESSAGE_FIELDS, line);
  const level = lastOf(LEVEL, line);
  const isBehindText = level > 0 && line.fields[level - 1] === '' && line.kinds[level - 1] === KIND_PLAIN;
  return {
    message: named >= 0 ? named : firstText(line),
    prefix: isBehindText ? level - 1 : -1,
    level: isBehindText ? level : -1,
    method: firstOf(METHOD_NAMES, line),
    path: firstOf(PATH_NAMES, line),
    names: namesOf(line),
  };
}

function firstOf(names: readonly string[], line: Fields): number {
  for (const name of names) {
    const slot = lastOf(name, line);
    if (slot >= 0) return slot;
  }
  return -1;
}

function lastOf(name: string, { fields, kinds, count }: Fields): number {
  for (let slot = count - 1; slot >= 0; slot--) if (fields[slot] === name && kinds[slot] !== KIND_TEXT) return slot;
  return -1;
}

/** Returns the first piece of text without a name. */
function firstText({ fields, kinds, count }: Fields): number {
  for (let slot = 0; slot < count; slot++) if (fields[slot] === '' && kinds[slot] === KIND_PLAIN) return slot;
  return -1;
}

function namesOf({ fields, count }: Fields): string {
  const names = new Set<string>();
  for (const name of fields.slice(0, count))
    if (name !== undefined && name !== '' && !UNNAMED.has(name)) names.add(name);
  const text = `{${[...names].toSorted().join(', ')}}`;
  return Buffer.byteLength(text) <= PATTERN_BYTES_MAX ? text : `${text.slice(0, PATTERN_BYTES_MAX / 4)}…}`;
}

/** Puts the pattern of a line together. */
export function joinedPattern({ message, prefix, level, method, path }: PatternParts, names: string): string {
  if (prefix !== undefined && level !== undefined && EXCEPTION_ENDINGS.has(level) && /[\w.$]$/.test(prefix)) {
    return message === undefined || message === '' ? prefix + level : `${prefix}${level}: ${message}`;
  }
  const isPlain = message === undefined || isOfRequestAlone(message);
  if (!isPlain) return message;
  if (path !== undefined && path !== '') return method === undefined ? path : `${method} ${path}`;
  return message === undefined || message === '' ? names : message;
}

/** Whether method and path, if there are any, are the pattern of a line with this message. */
export function isOfRequestAlone(message: string): boolean {
  return isPlainRequest(message) || message.trim().toLowerCase() === INCOMING_REQUEST;
}

/** Folds a value. The result is in the folder. */
export function foldPart(folder: TextFolder, kind: PartKind, bytes: Buffer, start: number, end: number): void {
  switch (kind) {
    case 'message':
      return folder.fold(bytes, messageStart(bytes, start, end), end);
    case 'path':
      return folder.fold(bytes, start, pathEnd(bytes, start, end));
    case 'word':
      return folder.fold(bytes, start, end);
  }
}

/**
 * Folds all values of a pattern of shared/row-group/encodings/pattern.ts.
 * @returns false when they have to be folded one by one
 */
export function foldCutPart(folder: TextFolder, kind: PartKind, pattern: Buffer): boolean {
  switch (kind) {
    case 'message':
      return folder.foldCut(pattern.subarray(messageStart(pattern, 0, pattern.length)));
    case 'path':
      return folder.foldCut(pattern.subarray(0, pathEnd(pattern, 0, pattern.length)));
    case 'word':
      return folder.foldCut(pattern);
  }
}

/** A traceback ends with what went wrong. */
function messageStart(bytes: Buffer, start: number, end: number): number {
  if (
    end - start < TRACEBACK.length ||
    bytes.compare(TRACEBACK, 0, TRACEBACK.length, start, start + TRACEBACK.length) !== 0
  )
    return start;
  let lineEnd = end;
  while (lineEnd > start && (bytes[lineEnd - 1] === NEWLINE || bytes[lineEnd - 1] === 0x0d)) lineEnd--;
  let at = lineEnd;
  while (at > start && bytes[at - 1] !== NEWLINE) at--;
  return at;
}

function pathEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === QUESTION_MARK) return at;
  return end;
}

/** Names a pattern in URLs. Its own text could not: all hex digits of such a text are folded. */
export function patternId(pattern: string | Uint8Array): string {
  return hash('sha256', pattern, 'hex').slice(0, HASH_HEX_DIGITS);
}

const PATTERN_ID = /^[0-9a-f]{16}$/;

export function isPatternId(text: string): boolean {
  return PATTERN_ID.test(text);
}
