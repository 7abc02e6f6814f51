/**
 * Exceptions: a line that begins with a Python traceback, with `Exception in thread` of the JVM, `Unhandled exception`
 * of .NET, or with the name of an exception (`java.io.IOException: text`, `TypeError: text`, .NET's
 * `Npgsql.PostgresException (0x80004005): text`). That word is the line's level.
 */
import { isDigit } from '../../ascii.ts';
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, COLON, isAt, isLetter, NEWLINE, SPACE, spacesEnd } from './scan.ts';

/** Includes the word that is the level. */
const BEGINNINGS = [
  { text: Buffer.from('Traceback (most recent call last):'), levelStart: 0, levelEnd: 'Traceback'.length },
  { text: Buffer.from('Exception in thread '), levelStart: 0, levelEnd: 'Exception'.length },
  { text: Buffer.from('Unhandled exception'), levelStart: 'Unhandled '.length, levelEnd: 'Unhandled exception'.length },
  { text: Buffer.from('Unhandled Exception'), levelStart: 'Unhandled '.length, levelEnd: 'Unhandled Exception'.length },
];
/** Suffixes of exceptions' names, and the level of each. */
const ENDINGS = ['Exception', 'Error', 'Throwable'].map((word) => Buffer.from(word));

const DOLLAR = 0x24;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
/** Separates nested classes in .NET. */
const PLUS = 0x2b;
const POINT = 0x2e;
const UNDERSCORE = 0x5f;

export function cutException(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  let nameEnd = start;
  while (nameEnd < end && isNameByte(bytes[nameEnd]!)) nameEnd++;
  const behind = byteAt(bytes, nameEnd, end);
  if (nameEnd === start || (behind !== SPACE && behind !== COLON && behind !== NEWLINE && behind >= 0)) return false;
  if (behind === SPACE) {
    for (const { text, levelStart, levelEnd } of BEGINNINGS) {
      if (isAt(bytes, start, end, text)) return cutAt(bytes, start, start + levelStart, start + levelEnd, end, tokens);
    }
    if (byteAt(bytes, errorCodeEnd(bytes, nameEnd, end), end) !== COLON) return false;
  }
  for (const ending of ENDINGS) {
    const level = nameEnd - ending.length;
    if (level > start && isAt(bytes, level, nameEnd, ending)) return cutAt(bytes, start, level, nameEnd, end, tokens);
  }
  return false;
}

function cutAt(bytes: Buffer, start: number, level: number, levelEnd: number, end: number, tokens: Tokens): boolean {
  if (level > start) tokens.add(start, level, KIND_PLAIN, '');
  tokens.add(level, levelEnd, KIND_PLAIN, 'level');
  const behind = byteAt(bytes, levelEnd, end) === COLON ? levelEnd + 1 : levelEnd;
  tokens.add(spacesEnd(bytes, behind, end), end, KIND_PLAIN, 'message');
  return true;
}

/** Returns the offset after the ` (0x80004005)` that .NET adds to the names of some exceptions, if it begins at `at`; else `at`. */
export function errorCodeEnd(bytes: Uint8Array, at: number, end: number): number {
  if (byteAt(bytes, at, end) !== SPACE || byteAt(bytes, at + 1, end) !== OPEN_PARENTHESIS) return at;
  let behind = at + 2;
  while (behind < end && (isLetter(bytes[behind]!) || isDigit(bytes[behind]!))) behind++;
  return behind > at + 2 && byteAt(bytes, behind, end) === CLOSE_PARENTHESIS ? behind + 1 : at;
}

function isNameByte(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === POINT || byte === UNDERSCORE || byte === DOLLAR || byte === PLUS;
}
