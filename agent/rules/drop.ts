/** Whether a drop rule means a line: by the fields that the shredder found in it, and by its text. */
import { KIND_STRING, KIND_TEXT } from '../../shared/row-group/format.ts';
import type { ShreddedLine } from '../../shared/row-group/builder.ts';
import type { Template } from '../../shared/row-group/template.ts';
import type { DropRule } from '../../shared/rules/rule-set.ts';
import { matchesWildcard, parseWildcard, type Wildcard } from '../../shared/wildcard.ts';

const BACKSLASH = 0x5c;

export interface Drop {
  readonly conditions: readonly { readonly field: string; readonly value: Wildcard }[];
  readonly text: Buffer | undefined;
  /** Template → the slot of each condition's field; null when it lacks one. */
  readonly slots: WeakMap<Template, Int32Array | null>;
}

export function compileDrop({ where = {}, text }: DropRule): Drop {
  return {
    conditions: Object.entries(where).map(([field, value]) => ({ field, value: parseWildcard(value) })),
    text: text === undefined ? undefined : Buffer.from(text),
    slots: new WeakMap(),
  };
}

/** @param line  the line [start, end) of its bytes */
export function isDropped(drop: Drop, line: ShreddedLine, start: number, end: number): boolean {
  const { conditions, text } = drop;
  if (conditions.length > 0) {
    const slots = slotsOf(drop, line.template);
    if (slots === null) return false;
    for (let i = 0; i < slots.length; i++) if (!isValue(conditions[i]!.value, line, slots[i]!)) return false;
  }
  return text === undefined || line.bytes.subarray(start, end).includes(text);
}

function slotsOf({ conditions, slots }: Drop, template: Template): Int32Array | null {
  let known = slots.get(template);
  if (known !== undefined) return known;
  const found = conditions.map(({ field }) =>
    template.slots.findLastIndex((slot) => slot.field === field && slot.kind !== KIND_TEXT),
  );
  known = found.includes(-1) ? null : Int32Array.from(found);
  slots.set(template, known);
  return known;
}

/** A string is compared without its escapes, everything else as it is written. */
function isValue(wanted: Wildcard, { template, bytes, starts, ends }: ShreddedLine, slot: number): boolean {
  const [start, end] = [starts[slot]!, ends[slot]!];
  if (template.slots[slot]!.kind === KIND_STRING) {
    for (let at = start; at < end; at++) {
      if (bytes[at] === BACKSLASH) return isUnescapedValue(wanted, bytes.toString('utf8', start, end));
    }
  }
  return matchesWildcard(wanted, bytes, start, end);
}

function isUnescapedValue(wanted: Wildcard, escaped: string): boolean {
  try {
    const bytes = Buffer.from(JSON.parse(`"${escaped}"`) as string);
    return matchesWildcard(wanted, bytes, 0, bytes.length);
  } catch {
    return false;
  }
}
