/**
 * Cuts a line into values: as JSON where it is an object, as text where it is not, and as both where it is a mixture. A
 * cutter depends only on the line, so equal lines are cut alike wherever they are.
 */
import { cutObject } from './cut-object.ts';
import { skipSpace } from './json-scan.ts';
import { cutText, OBJECTS, type Parser, TEXT_FORMATS } from './cut-text.ts';
import { cutBehindObject } from './objects.ts';
import type { Tokens } from './tokens.ts';

/** Lines that are one JSON object and nothing else. */
export const JSON_FORMAT = 0;
/** Number of the text format 0. */
const FIRST_TEXT_FORMAT = 1;
export const LINE_FORMATS = FIRST_TEXT_FORMAT + TEXT_FORMATS;

const OPEN_BRACE = 0x7b;

/**
 * Returns the number of the line's format, whose values are in `tokens` then; or -1 when it has none that `parser`
 * allows.
 */
export function cutLine(parser: Parser, bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  tokens.reset();
  if (start < end && bytes[start] === OPEN_BRACE) {
    return parser === 'auto' || parser === 'json' ? cutObjectLine(bytes, start, end, tokens) : -1;
  }
  const format = cutText(parser, bytes, start, end, tokens);
  return format < 0 ? -1 : FIRST_TEXT_FORMAT + format;
}

function cutObjectLine(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  const behind = cutObject(bytes, start, end, tokens);
  if (tokens.isJson && skipSpace(bytes, behind, end) === end) return JSON_FORMAT;
  cutBehindObject(bytes, behind, end, tokens);
  return tokens.members === 0 ? -1 : FIRST_TEXT_FORMAT + OBJECTS;
}
