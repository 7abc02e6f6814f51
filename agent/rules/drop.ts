/** Whether a drop rule means a line: by the fields that the shredder found in it, and by its text. */
import { fieldsOf, LEVEL, levelWildcards } from '../../shared/levels.ts';
import { KIND_STRING, KIND_TEXT } from '../../shared/row-group/format.ts';
import type { ShreddedLine } from '../../shared/row-group/builder.ts';
import type { Template } from '../../shared/row-group/template.ts';
import type { DropRule } from '../../shared/rules/rule-set.ts';
import { matchesWildcard, parseWildcard, type Wildcard } from '../../shared/wildcard.ts';

const BACKSLASH = 0x5c;

export interface Drop {
  readonly conditions: readonly Condition[];
  readonly text: Buffer | undefined;
  /** Template → the slot that answers each condition; null when it lacks one. */
  readonly slots: WeakMap<Template, Int32Array | null>;
}

interface Condition {
  /** Those that answer its name; the first that a line has does. */
  readonly fields: readonly string[];
  /** The value is one of these. */
  readonly any: readonly Wildcard[];
  /** Byte → those of them that a value which begins with it may be: mostly none. */
  readonly anyOfFirst: readonly (readonly Wildcard[])[];
}

export function compileDrop({ where = {}, text }: DropRule): Drop {
  return {
    conditions: Object.entries(where).map(([name, value]) => conditionOf(name, parseWildcard(value))),
    text: text === undefined ? undefined : Buffer.from(text),
    slots: new WeakMap(),
  };
}

function conditionOf(name: string, value: Wildcard): Condition {
  const any = name === LEVEL ? levelWildcards([value]) : [value];
  const ofFirst = (byte: number): Wildcard[] =>
    any.filter(([literal]) => literal!.length === 0 || literal![0] === byte);
  return { fields: fieldsOf(name), any, anyOfFirst: Array.from({ length: 256 }, (_, byte) => ofFirst(byte)) };
}

/** @param line  the line [start, end) of its bytes */
export function isDropped(drop: Drop, line: ShreddedLine, start: number, end: number): boolean {
  const { conditions, text } = drop;
  if (conditions.length > 0) {
    const slots = slotsOf(drop, line.template);
    if (slots === null) return false;
    for (let i = 0; i < slots.length; i++) if (!isValue(conditions[i]!, line, slots[i]!)) return false;
  }
  return text === undefined || line.bytes.subarray(start, end).includes(text);
}

function slotsOf({ conditions, slots }: Drop, template: Template): Int32Array | null {
  let known = slots.get(template);
  if (known !== undefined) return known;
  const found = conditions.map(({ fields }) => slotOf(template, fields));
  known = found.includes(-1) ? null : Int32Array.from(found);
  slots.set(template, known);
  return known;
}

function slotOf({ slots }: Template, fields: readonly string[]): number {
  const field = fields.find((each) => slots.some((slot) => slot.field === each));
  return slots.findLastIndex((slot) => slot.field === field && slot.kind !== KIND_TEXT);
}

/** A string is compared without its escapes, everything else as it is written. */
function isValue(condition: Condition, { template, bytes, starts, ends }: ShreddedLine, slot: number): boolean {
  const [start, end] = [starts[slot]!, ends[slot]!];
  if (template.slots[slot]!.kind === KIND_STRING) {
    for (let at = start; at < end; at++) {
      if (bytes[at] === BACKSLASH) return isUnescapedValue(condition, bytes.toString('utf8', start, end));
    }
  }
  return isOne(condition, bytes, start, end);
}

function isUnescapedValue(condition: Condition, escaped: string): boolean {
  try {
    const bytes = Buffer.from(JSON.parse(`"${escaped}"`) as string);
    return isOne(condition, bytes, 0, bytes.length);
  } catch {
    return false;
  }
}

function isOne({ any, anyOfFirst }: Condition, bytes: Buffer, start: number, end: number): boolean {
  const candidates = start < end ? anyOfFirst[bytes[start]!]! : any;
  for (let i = 0; i < candidates.length; i++) if (matchesWildcard(candidates[i]!, bytes, start, end)) return true;
  return false;
}
