/**
 * Objects within lines of text: after a time, a level, a tag or a message, as in zap's console lines, Docker Compose
 * and many wrappers, and one after the other. The text around them is kept in pieces.
 */
import { byteTable } from '../../bytes.ts';
import { cutObject, isObjectStart } from './cut-object.ts';
import { KIND_PLAIN, SLOTS_MAX } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, colorEnd, find } from './scan.ts';

const OPEN_BRACE = 0x7b;
const ESCAPE = 0x1b;
/** White space and commas; together with colors and a byte order mark, these may surround objects without meaning. */
const BLANKS = byteTable(' \t\r\n,');
const BYTE_ORDER_MARK = Buffer.from('\u{feff}');

/** Returns the offset of the first object in bytes[start, end), or -1: braces in prose do not begin one. */
function findObject(bytes: Uint8Array, start: number, end: number): number {
  for (let at = find(bytes, OPEN_BRACE, start, end); at >= 0; at = find(bytes, OPEN_BRACE, at + 1, end)) {
    if (isObjectStart(bytes, at, end)) return at;
  }
  return -1;
}

/** Does the same where only blanks may precede it: there any brace begins an object. */
export function firstObject(bytes: Uint8Array, start: number, end: number): number {
  const at = blanksEnd(bytes, start, end);
  return byteAt(bytes, at, end) === OPEN_BRACE ? at : findObject(bytes, at, end);
}

/** Adds the values of the object at `first` and of those that follow it, and the text between and after them. */
export function cutObjects(bytes: Buffer, first: number, end: number, tokens: Tokens): void {
  cutBehindObject(bytes, cutObject(bytes, first, end, tokens), end, tokens);
}

/** Does the same for the text after an object, which ends at `start`. */
export function cutBehindObject(bytes: Buffer, start: number, end: number, tokens: Tokens): void {
  let behind = start;
  while (behind < end) {
    const object = findObject(bytes, behind, end);
    addPiece(bytes, behind, object < 0 ? end : object, end, tokens);
    behind = object < 0 || isFullOf(tokens, end) ? end : cutObject(bytes, object, end, tokens);
  }
}

/** Whether the values already reach the line's end. */
function isFullOf({ count, ends }: Tokens, end: number): boolean {
  return count > 0 && ends[count - 1] === end;
}

/** Does the same where the last value is a piece of text up to the line's end. */
export function cutObjectsOfLast(bytes: Buffer, end: number, tokens: Tokens): void {
  const last = tokens.count - 1;
  if (tokens.kinds[last] !== KIND_PLAIN || tokens.ends[last] !== end) return;
  const object = findObject(bytes, tokens.starts[last]!, end);
  if (object < 0) return;
  endLastAt(bytes, object, tokens);
  cutObjects(bytes, object, end, tokens);
}

/** Ends the last value before the blanks before an offset; a value without text is removed. */
export function endLastAt(bytes: Buffer, at: number, tokens: Tokens): void {
  const last = tokens.count - 1;
  tokens.ends[last] = blanksStart(bytes, tokens.starts[last]!, at);
  if (tokens.ends[last] === tokens.starts[last]) tokens.count--;
}

/**
 * Adds the part of bytes[start, stop) that is not blank.
 * @param end  of the line
 */
export function addPiece(bytes: Buffer, start: number, stop: number, end: number, tokens: Tokens): void {
  const from = blanksEnd(bytes, start, stop);
  const to = blanksStart(bytes, from, stop);
  if (from >= to) return;
  if (tokens.count === SLOTS_MAX) tokens.addRest(end);
  else tokens.add(from, to, KIND_PLAIN, '');
}

function blanksEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (BLANKS[byte] === 1) at++;
    else if (byte === BYTE_ORDER_MARK[0] && isByteOrderMark(bytes, at, end)) at += BYTE_ORDER_MARK.length;
    else if (byte === ESCAPE && colorEnd(bytes, at, end) > at) at = colorEnd(bytes, at, end);
    else break;
  }
  return at;
}

function isByteOrderMark(bytes: Uint8Array, at: number, end: number): boolean {
  return byteAt(bytes, at + 1, end) === BYTE_ORDER_MARK[1] && byteAt(bytes, at + 2, end) === BYTE_ORDER_MARK[2];
}

/** Colors stay with the text before them: only the text after them shows that they are colors. */
function blanksStart(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && BLANKS[bytes[at - 1]!] === 1) at--;
  return at;
}
