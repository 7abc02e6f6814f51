/**
 * Exceptions: a line that begins with a Python traceback, also that of a group, with `Exception in thread` of the JVM,
 * `Unhandled exception` of .NET, Rust's `thread 'main' panicked at`, or with the name of an exception, which JavaScript may have
 * marked as uncaught (`java.io.IOException: text`, `Uncaught TypeError: text`, .NET's `Npgsql.PostgresException (0x80004005):
 * text`). That word is the line's level.
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
const GROUP = Buffer.from('+ Exception Group ');
const TRACEBACK = BEGINNINGS[0]!;
/** What JavaScript's runtimes put before the name of an exception. */
const UNCAUGHT = ['Uncaught ', 'Uncaught (in promise) ', 'Unhandled rejection '].map((text) => Buffer.from(text));
const THREAD = Buffer.from("thread '");
const PANICKED = Buffer.from(' panicked at ');
const PANICKED_WORD_BYTES = 'panicked'.length;
/** Limit of the name of a thread, and of its number after it. */
const THREAD_BYTES_MAX = 64;
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
  if (bytes[start] === SPACE) return cutGroup(bytes, start, end, tokens);
  return cutNamed(bytes, start, start, end, tokens) || cutRustPanic(bytes, start, end, tokens);
}

/** Cuts the first line of the traceback of a group of exceptions in Python, which is indented. */
function cutGroup(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const group = spacesEnd(bytes, start, end);
  const traceback = group + GROUP.length;
  if (!isAt(bytes, group, end, GROUP) || !isAt(bytes, traceback, end, TRACEBACK.text)) return false;
  return cutAt(bytes, start, traceback, traceback + TRACEBACK.levelEnd, end, tokens);
}

/** Cuts `thread 'main' panicked at`, which newer versions write as `thread 'main' (17) panicked at`. */
function cutRustPanic(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  if (!isAt(bytes, start, end, THREAD)) return false;
  const last = Math.min(end, start + THREAD_BYTES_MAX);
  const panicked = bytes.subarray(start, last).indexOf(PANICKED);
  if (panicked < 0) return false;
  const level = start + panicked + 1;
  return cutAt(bytes, start, level, level + PANICKED_WORD_BYTES, end, tokens);
}

/** @param at  where the name of the exception begins, after text that is part of the line, too */
function cutNamed(bytes: Buffer, start: number, at: number, end: number, tokens: Tokens): boolean {
  let nameEnd = at;
  while (nameEnd < end && isNameByte(bytes[nameEnd]!)) nameEnd++;
  const behind = byteAt(bytes, nameEnd, end);
  if (nameEnd === at || (behind !== SPACE && behind !== COLON && behind !== NEWLINE && behind >= 0)) return false;
  if (behind === SPACE) {
    for (const { text, levelStart, levelEnd } of BEGINNINGS) {
      if (isAt(bytes, at, end, text)) return cutAt(bytes, start, at + levelStart, at + levelEnd, end, tokens);
    }
    const uncaught = at === start ? UNCAUGHT.findLast((text) => isAt(bytes, at, end, text)) : undefined;
    if (uncaught !== undefined) return cutNamed(bytes, start, at + uncaught.length, end, tokens);
    if (byteAt(bytes, errorCodeEnd(bytes, nameEnd, end), end) !== COLON) return false;
  }
  for (const ending of ENDINGS) {
    const level = nameEnd - ending.length;
    if (level > at && isAt(bytes, level, nameEnd, ending)) return cutAt(bytes, start, level, nameEnd, end, tokens);
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
