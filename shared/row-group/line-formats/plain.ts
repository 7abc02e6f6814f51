/**
 * Text in no known format: the time at its start and a level near it are cut out, as in `2026-11-23 15:01:12,123 -
 * worker - WARNING - queue is long`, `[ERROR] no route`, `error: no such file`.
 *
 * A word counts as a level where it can hardly be anything else: in capitals, between separators, or between a point
 * and a colon, as in Monolog's `production.ERROR: text`; in other letters only in brackets, after `level=`, or before a
 * colon. Before a colon it must be a word for trouble unless it is the line's first, and the text must not say that
 * there is none (`error: none`).
 */
import { byteTable } from '../../bytes.ts';
import { LEVELS } from '../../levels.ts';
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import {
  byteAt,
  CLOSE_BRACKET,
  COLON,
  colorEnd,
  digitsEnd,
  EQUALS,
  ESCAPE,
  formEnd,
  isAt,
  isColorByte,
  isCapital,
  isLetter,
  lettersEnd,
  MINUS,
  NEWLINE,
  OPEN_BRACKET,
  QUOTE,
  SMALL_M,
  SLASH,
  SPACE,
  spacesEnd,
  timestampEnd,
} from './scan.ts';

/** A level precedes the message; after this many bytes, a word is part of the message. */
const LEVEL_WITHIN_BYTES = 96;

/** Shorter spellings have other meanings, too. */
const WORD_BYTES_MIN = 3;
/** A level only in MySQL's logs. */
const SYSTEM = 'system';
/** In capitals. */
const WORDS = LEVELS.flatMap(({ spellings }) => spellings)
  .filter((spelling) => /^[a-z]+$/.test(spelling) && spelling.length >= WORD_BYTES_MIN && spelling !== SYSTEM)
  .map((spelling) => Buffer.from(spelling.toUpperCase()));
/** Words for trouble, which are levels before any colon: `npm error: …`, but not `for more info: …`. */
const TROUBLE = ['ERROR', 'ERR', 'FATAL', 'PANIC', 'WARN', 'WARNING'].map((word) => Buffer.from(word));
/** Their first letters. */
const TROUBLE_LETTERS = 'efpw';

const CASE_BIT = 0x20;

const OPENING = byteTable('[(<|');
const CLOSING = byteTable('])>|');
const SMALL = 1;
const CAPITAL = 2;
/** A small letter that is one of TROUBLE_LETTERS. */
const TROUBLE_LETTER = 4;
const SMALL_BEHIND = 8;
const CAPITAL_BEHIND = 16;
const TROUBLE_BEHIND = 32;
const LINE_END = 64;
const POINT = 0x2e;
/** Shifts the classes of the next byte to those of this one. */
const BEHIND_SHIFT = 3;
/** Class of the imaginary byte before the first one. */
const LINE_START = SMALL_BEHIND | CAPITAL_BEHIND;
/** By byte: its class, and which kinds of letters may begin a level after it. An `m` may end a color sequence. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => (isCapital(byte) ? CAPITAL : isLetter(byte) ? SMALL : 0));
for (const byte of Buffer.from(TROUBLE_LETTERS)) CLASSES[byte]! |= TROUBLE_LETTER;
for (const byte of Buffer.from(' \t:')) CLASSES[byte]! |= CAPITAL_BEHIND | TROUBLE_BEHIND;
for (const byte of Buffer.from('[(<|="m')) CLASSES[byte]! |= CAPITAL_BEHIND | SMALL_BEHIND;
CLASSES[POINT]! |= CAPITAL_BEHIND;
CLASSES[NEWLINE] = LINE_END;

const BEHIND_WORD = byteTable(' \t])>|:",\x1b');
/** Bytes between level and message, which have no meaning. */
const SEPARATORS = byteTable(' \t])>|:,-"');
const SEPARATORS_MAX = 8;
const LEVEL_KEYS = ['level=', 'lvl=', 'severity=', 'level="', 'lvl="', 'severity="'].map((key) => Buffer.from(key));
const BEHIND_PROCESS = Buffer.from('] ');
const GO_FATAL = Buffer.from(' error:');

/** Longer than the names of processes. */
const PROCESS_BYTES_MAX = 64;
/** Values that mean the absence of an error. */
const NOTHING = ['none', 'None', 'null', 'nil', '<nil>', 'false', '0', '""', "''"].map((word) => Buffer.from(word));
/** -1: the line ends. */
const BEHIND_NOTHING = new Set([-1, ...Buffer.from(' \t\r\n,;)]}|')]);

/** @param timeEnd  end of a timestamp at the start, or after a bracket there; or -1 */
export function cutPlain(bytes: Buffer, start: number, timeEnd: number, end: number, tokens: Tokens): boolean {
  const isBracket = byteAt(bytes, start, end) === OPEN_BRACKET;
  let at = start;
  if (timeEnd >= 0) {
    tokens.add(isBracket ? start + 1 : start, timeEnd, KIND_PLAIN, 'time');
    at = separatorsEnd(bytes, timeEnd, end);
  } else if (isBracket) at = cutProcess(bytes, start, end, tokens);
  const known = timeEnd < 0 ? -1 : Math.max(paddedLevel(bytes, at, end), isBracket ? celeryLevel(bytes, at, end) : -1);
  const level = known >= 0 ? known : findLevel(bytes, at, start + LEVEL_WITHIN_BYTES, end);
  if (level >= 0) {
    if (level > at) tokens.add(at, level, KIND_PLAIN, '');
    const levelEnd = lettersEnd(bytes, level, end);
    tokens.add(level, levelEnd, KIND_PLAIN, 'level');
    const processEnd = celeryProcessEnd(bytes, levelEnd, end);
    if (processEnd >= 0) tokens.add(levelEnd + 1, processEnd, KIND_PLAIN, 'process');
    at = separatorsEnd(bytes, colorEnd(bytes, Math.max(levelEnd, processEnd), end), end);
  }
  if (tokens.count === 0) return false;
  tokens.add(at, end, KIND_PLAIN, 'message');
  return true;
}

/** `[1] ` and a time, as NATS begins its lines. Returns the offset after them, or `start`. */
function cutProcess(bytes: Uint8Array, start: number, end: number, tokens: Tokens): number {
  const processEnd = digitsEnd(bytes, start + 1, end);
  const time = formEnd(bytes, processEnd, end, BEHIND_PROCESS);
  const timeEnd = processEnd === start + 1 || time < 0 ? -1 : timestampEnd(bytes, time, end);
  if (timeEnd < 0) return start;
  tokens.add(start + 1, processEnd, KIND_PLAIN, 'pid');
  tokens.add(time, timeEnd, KIND_PLAIN, 'time');
  return separatorsEnd(bytes, timeEnd, end);
}

function separatorsEnd(bytes: Uint8Array, start: number, end: number): number {
  const endMax = Math.min(end, start + SEPARATORS_MAX);
  let at = start;
  while (at < endMax && SEPARATORS[bytes[at]!] === 1) {
    if (bytes[at] === MINUS && byteAt(bytes, at + 1, end) !== SPACE) break;
    at++;
  }
  return at;
}

/**
 * Returns the offset of the level, or -1. Prose is scanned here byte by byte, so a table excludes bytes that no level
 * can follow.
 * @param start  after the time, if there is one
 * @param startMax  a level that begins later is part of a message
 */
function findLevel(bytes: Uint8Array, start: number, startMax: number, end: number): number {
  const last = Math.min(end, startMax);
  let before = LINE_START;
  for (let at = start; at < last; at++) {
    const byte = CLASSES[bytes[at]!]!;
    if ((byte & (before >> BEHIND_SHIFT)) !== 0) {
      const wordEnd = lettersEnd(bytes, at, end);
      if (isLevelPlace(bytes, start, at, wordEnd, end) && isOneOf(WORDS, bytes, at, wordEnd)) return at;
    } else if (byte === LINE_END) return -1;
    before = byte;
  }
  return -1;
}

/** Returns the offset of the level in `[ info]`, as Fluent Bit writes it, or -1. */
function paddedLevel(bytes: Uint8Array, at: number, end: number): number {
  if (byteAt(bytes, at, end) !== OPEN_BRACKET || byteAt(bytes, at + 1, end) !== SPACE) return -1;
  const wordEnd = lettersEnd(bytes, at + 2, end);
  return byteAt(bytes, wordEnd, end) === CLOSE_BRACKET && isOneOf(WORDS, bytes, at + 2, wordEnd) ? at + 2 : -1;
}

/**
 * Returns the offset of the level in `[<time>: ERROR/ForkPoolWorker-1] `, as Celery writes it, or -1.
 * @param at  after the time
 */
function celeryLevel(bytes: Uint8Array, at: number, end: number): number {
  const wordEnd = lettersEnd(bytes, at, end);
  return celeryProcessEnd(bytes, wordEnd, end) >= 0 && isOneOf(WORDS, bytes, at, wordEnd) ? at : -1;
}

/** Returns the end of the process name after a level, or -1. */
function celeryProcessEnd(bytes: Uint8Array, levelEnd: number, end: number): number {
  if (byteAt(bytes, levelEnd, end) !== SLASH) return -1;
  const endMax = Math.min(end, levelEnd + PROCESS_BYTES_MAX);
  let at = levelEnd + 1;
  while (at < endMax && bytes[at]! > SPACE && bytes[at] !== CLOSE_BRACKET) at++;
  return at > levelEnd + 1 && byteAt(bytes, at, end) === CLOSE_BRACKET ? at : -1;
}

/** Whether the text after a colon says that there is no trouble: `error: none`. */
function saysNone(bytes: Uint8Array, start: number, end: number): boolean {
  const at = spacesEnd(bytes, start, end);
  return NOTHING.some((word) => isAt(bytes, at, end, word) && BEHIND_NOTHING.has(byteAt(bytes, at + word.length, end)));
}

/** Ignores case. */
function isOneOf(wanted: readonly Buffer[], bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  for (const word of wanted) {
    if (word.length !== length) continue;
    let i = 0;
    while (i < length && (bytes[start + i]! & ~CASE_BIT) === word[i]) i++;
    if (i === length) return true;
  }
  return false;
}

/** Whether the word [at, wordEnd), whose first letter may begin a level, is in the place of a level. */
function isLevelPlace(bytes: Uint8Array, start: number, at: number, wordEnd: number, end: number): boolean {
  const before = at === start ? -1 : bytes[at - 1]!;
  const behind = byteAt(bytes, wordEnd, end);
  if (behind >= 0 && BEHIND_WORD[behind] === 0) return false;
  const isColored = before === SMALL_M;
  if (isColored && !isColorEnd(bytes, start, at)) return false;
  if (before === POINT && behind !== COLON) return false;
  if (isCapital(byteAt(bytes, at + 1, end))) return isCapital(bytes[at]!) && isCapital(bytes[wordEnd - 1]!);
  if (isColored || (OPENING[before] === 1 && behind >= 0 && (CLOSING[behind] === 1 || behind === SPACE))) return true;
  if (before === EQUALS || before === QUOTE)
    return LEVEL_KEYS.some((key) => at - key.length >= start && isAt(bytes, at - key.length, at, key));
  if (behind !== COLON) return at === start && isAt(bytes, wordEnd, end, GO_FATAL);
  return (at === start || isOneOf(TROUBLE, bytes, at, wordEnd)) && !saysNone(bytes, wordEnd + 1, end);
}

/** Whether a color sequence ends with the `m` before `at`. */
function isColorEnd(bytes: Uint8Array, start: number, at: number): boolean {
  let escape = at - 2;
  while (escape >= start && isColorByte(bytes[escape]!)) escape--;
  return escape >= start && bytes[escape] === ESCAPE;
}
