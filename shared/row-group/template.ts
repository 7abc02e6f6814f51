/**
 * A template is a line with its values cut out: `{"level":"` ▢ `","status":` ▢ `}`. Template and values give back the
 * line byte for byte. The tokenizer finds the values of a line that is a flat or nested JSON object; those of text are
 * found by text-lines/.
 */
import {
  DEPTH_MAX,
  FIELD_NAME_BYTES_MAX,
  KIND_ARRAY,
  KIND_PLAIN,
  KIND_SCALAR,
  KIND_STRING,
  KIND_TEXT,
  SLOTS_MAX,
} from './format.ts';
import type { ValueKind } from './format.ts';
import { arrayEnd, scalarEnd, stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';

const SPACE = 0x20;
const EQUALS = 0x3d;

/** Where a value stands in a template, and which column it goes to. */
export interface Slot {
  /** Path of the field, keys joined by dots; empty where it is a piece of text that has no name. */
  readonly field: string;
  readonly kind: ValueKind;
  /** 0, or how many values of the same field and kind stand before it in the line (duplicate keys). */
  readonly ordinal: number;
}

/** False of a piece of text, and of a line that is kept whole. */
export function isNamed({ field, kind }: Slot): boolean {
  return field !== '' || (kind !== KIND_TEXT && kind !== KIND_PLAIN);
}

/** literals[i] stands before slot i; the last one ends the line. */
export interface Template {
  readonly literals: readonly Buffer[];
  readonly slots: readonly Slot[];
}

/** Of a line that is kept whole because its shape was one too many: who asks for its fields cuts it anew. */
export const TEXT_TEMPLATE: Template = {
  literals: [Buffer.alloc(0), Buffer.alloc(0)],
  slots: [{ field: '', kind: KIND_TEXT, ordinal: 0 }],
};

/** Of a line that has no fields. */
export const PLAIN_TEMPLATE: Template = {
  literals: [Buffer.alloc(0), Buffer.alloc(0)],
  slots: [{ field: '', kind: KIND_PLAIN, ordinal: 0 }],
};

/** Two slots with the same key share a column. */
export function slotKey(slot: Slot): string {
  return `${slot.kind}${slot.ordinal} ${slot.field}`;
}

/**
 * Cuts a line into values, once for each new template: it makes strings for the field names.
 * @returns false when the line is no JSON object, or one that is too deep, too wide or has too long a name
 */
export function tokenize(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  tokens.count = 0;
  const objectEnd = tokenizeObject(bytes, start, end, '', 1, tokens);
  return objectEnd >= 0 && skipSpace(bytes, objectEnd, end) === end;
}

/** The template of a line that has just been cut. */
export function templateOf(bytes: Buffer, start: number, end: number, tokens: Tokens): Template {
  const literals: Buffer[] = [];
  const slots: Slot[] = [];
  const seen = new Map<string, number>();
  let at = start;
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kinds[i] as ValueKind;
    const literal = Buffer.from(bytes.subarray(at, tokens.starts[i]));
    const field = fieldOf(tokens, i, bytes, start);
    const key = `${kind} ${field}`;
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    slots.push({ field, kind, ordinal });
    literals.push(literal);
    at = tokens.ends[i]!;
  }
  literals.push(Buffer.from(bytes.subarray(at, end)));
  return { literals, slots };
}

/** Field of value i of the line that has just been cut. Where it is not told, `key=` or `key="` stands before the value. */
export function fieldOf(tokens: Tokens, i: number, bytes: Buffer, start: number): string {
  const field = tokens.fields[i];
  if (field !== undefined) return field;
  const keyEnd = bytes.lastIndexOf(EQUALS, tokens.starts[i]! - 1);
  let keyStart = keyEnd;
  while (keyStart > start && bytes[keyStart - 1] !== SPACE) keyStart--;
  return bytes.toString('latin1', keyStart, keyEnd);
}

/** Returns the offset after the object, or -1. */
function tokenizeObject(
  bytes: Buffer,
  start: number,
  end: number,
  prefix: string,
  depth: number,
  tokens: Tokens,
): number {
  if (depth > DEPTH_MAX || bytes[start] !== 0x7b) return -1;
  let at = skipSpace(bytes, start + 1, end);
  if (at < end && bytes[at] === 0x7d) return at + 1;
  while (at < end) {
    if (bytes[at] !== 0x22) return -1;
    const keyEnd = stringEnd(bytes, at + 1, end);
    if (keyEnd < 0) return -1;
    const field = prefix + keyText(bytes, at + 1, keyEnd);
    if (field.length > FIELD_NAME_BYTES_MAX) return -1;
    at = skipSpace(bytes, keyEnd + 1, end);
    if (at >= end || bytes[at] !== 0x3a) return -1;
    at = skipSpace(bytes, at + 1, end);
    at =
      bytes[at] === 0x7b && at < end
        ? tokenizeObject(bytes, at, end, `${field}.`, depth + 1, tokens)
        : tokenizeValue(bytes, at, end, field, tokens);
    if (at < 0) return -1;
    at = skipSpace(bytes, at, end);
    if (at >= end) return -1;
    if (bytes[at] === 0x7d) return at + 1;
    if (bytes[at] !== 0x2c) return -1;
    at = skipSpace(bytes, at + 1, end);
  }
  return -1;
}

/** Returns the offset after the value and its closing quote, or -1. */
function tokenizeValue(bytes: Buffer, start: number, end: number, field: string, tokens: Tokens): number {
  if (start >= end || tokens.count === SLOTS_MAX) return -1;
  const quoted = bytes[start] === 0x22;
  const kind = quoted ? KIND_STRING : bytes[start] === 0x5b ? KIND_ARRAY : KIND_SCALAR;
  const valueStart = quoted ? start + 1 : start;
  const valueEnd = valueEndOf(kind, bytes, valueStart, end);
  if (valueEnd < 0) return -1;
  tokens.add(valueStart, valueEnd, kind, field);
  return quoted ? valueEnd + 1 : valueEnd;
}

/** Where a value of a kind ends, or -1. */
export function valueEndOf(kind: number, bytes: Uint8Array, start: number, end: number): number {
  if (kind === KIND_STRING) return stringEnd(bytes, start, end);
  return kind === KIND_SCALAR ? scalarEnd(bytes, start, end) : arrayEnd(bytes, start, end);
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
  return at;
}

/** A key as text. Escapes are resolved, so that `"\u0061"` is the field `a`; a broken escape stays as it is. */
function keyText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
