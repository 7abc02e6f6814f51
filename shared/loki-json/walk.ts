/**
 * Walks through an object of JSON as leniently as Loki's parser does: what follows the object is ignored, numbers keep their
 * text, and what was read before a mistake counts.
 */

export class JsonError extends Error {}

export type JsonKind = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';

/** A value's text is [start, end) of the line; that of a string without its quotes. */
export interface JsonValue {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
}

const OBJECT = "Value looks like object, but can't find closing '}' symbol";
const ARRAY = "Value is array, but can't find closing ']' symbol";
const STRING = "Value is string, but can't find closing '\"' symbol";
const MALFORMED = 'Malformed JSON error';
const UNKNOWN = 'Unknown value type';
const BACKSLASH = 0x5c;
const VALUE_END = /[^\s,\]}]*/y;

/**
 * Calls for each member of the object that begins at an offset.
 * @param member  of a key as it is read, returns false to stop
 * @throws JsonError
 */
export function eachMember(text: string, from: number, member: (key: string, value: JsonValue) => boolean): void {
  let at = spaceEnd(text, from);
  if (text[at] !== '{') throw new JsonError(OBJECT);
  at = spaceEnd(text, at + 1);
  if (at >= text.length) throw new JsonError(MALFORMED);
  if (text[at] === '}') return;
  for (;;) {
    if (text[at] !== '"') throw new JsonError(at >= text.length ? MALFORMED : OBJECT);
    const keyEnd = quoteEnd(text, at, MALFORMED);
    const key = unescapedJson(text.slice(at + 1, keyEnd));
    at = spaceEnd(text, keyEnd + 1);
    if (text[at] !== ':') throw new JsonError(MALFORMED);
    const value = valueAt(text, spaceEnd(text, at + 1));
    if (!member(key, value)) return;
    at = spaceEnd(text, value.kind === 'string' ? value.end + 1 : value.end);
    if (text[at] === '}') return;
    if (text[at] !== ',') throw new JsonError(at >= text.length ? ARRAY : OBJECT);
    at = spaceEnd(text, at + 1);
    if (text[at] === '}') return;
  }
}

/** Calls for each element of the array that begins at an offset. @throws JsonError */
export function eachElement(text: string, from: number, element: (value: JsonValue) => boolean): void {
  let at = spaceEnd(text, from + 1);
  if (text[at] === ']') return;
  for (;;) {
    const value = valueAt(text, at);
    if (!element(value)) return;
    at = spaceEnd(text, value.kind === 'string' ? value.end + 1 : value.end);
    if (text[at] === ']') return;
    if (text[at] !== ',') throw new JsonError(ARRAY);
    at = spaceEnd(text, at + 1);
  }
}

/** Reads the value that begins at an offset. @throws JsonError */
export function valueAt(text: string, start: number): JsonValue {
  switch (text[start]) {
    case '"':
      return { kind: 'string', start: start + 1, end: quoteEnd(text, start) };
    case '{':
      return { kind: 'object', start, end: blockEnd(text, start, OBJECT) };
    case '[':
      return { kind: 'array', start, end: blockEnd(text, start, ARRAY) };
    case undefined:
      throw new JsonError(MALFORMED);
    default:
      VALUE_END.lastIndex = start;
      VALUE_END.test(text);
      return bareValue(text, start, VALUE_END.lastIndex);
  }
}

function bareValue(text: string, start: number, end: number): JsonValue {
  const word = text.slice(start, end);
  if (word === 'true' || word === 'false') return { kind: 'boolean', start, end };
  if (word === 'null') return { kind: 'null', start, end };
  if (/^[-\d]/.test(word)) return { kind: 'number', start, end };
  throw new JsonError(UNKNOWN);
}

/** Returns the offset of the closing quote. @throws JsonError */
export function quoteEnd(text: string, start: number, problem = STRING): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH && at - 1 - escapes > start) escapes++;
    if (escapes % 2 === 0) return at;
  }
  throw new JsonError(problem);
}

/** Returns the offset after the bracket that closes the one here. @throws JsonError */
export function blockEnd(text: string, start: number, problem = ARRAY): number {
  const [open, close] = text[start] === '{' ? '{}' : '[]';
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (char === open) depth++;
    else if (char === close && --depth === 0) return at + 1;
  }
  throw new JsonError(problem);
}

export function spaceEnd(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 9 && code <= 13 && code !== 11 && code !== 12);)
    code = text.charCodeAt(++at);
  return at;
}

const ESCAPE =
  /\\(?:u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})|u(?![dD][89a-fA-F])([\da-fA-F]{4})|(["\\/bfnrt])|([^]?))/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Resolves escapes; a text with an invalid one becomes empty. An invalid character becomes a space. */
export function unescapedJson(text: string): string {
  if (!text.includes('\\')) return text.includes('\uFFFD') ? text.replaceAll('\uFFFD', ' ') : text;
  let isValid = true;
  const plain = text.replaceAll(ESCAPE, (_, high?: string, low?: string, hex?: string, short?: string) => {
    if (short !== undefined) return SHORT[short]!;
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    if (high !== undefined) return String.fromCharCode(parseInt(high, 16), parseInt(low!, 16));
    isValid = false;
    return '';
  });
  return isValid ? plain.replaceAll('\uFFFD', ' ') : '';
}
