/**
 * A template is a line with its values cut out: `{"level":"` ▢ `","status":` ▢ `}`. Template and values give back the
 * line byte for byte. line-formats/cut-line.ts finds the values.
 */
import { KIND_METADATA, KIND_PLAIN, KIND_SCALAR, KIND_STRING, KIND_TEXT } from './format.ts';
import type { ValueKind } from './format.ts';
import { arrayEnd, scalarEnd, stringEnd } from './line-formats/json-scan.ts';
import type { Tokens } from './line-formats/tokens.ts';

/** The place of a value in a template, and its column. */
export interface Slot {
  /** Path of the field, keys joined by dots; empty for a piece of text without a name. */
  readonly field: string;
  readonly kind: ValueKind;
  /** Number of earlier values of the same field and kind in the line (duplicate keys). */
  readonly ordinal: number;
}

/** False for a piece of text, and for a line that is kept whole. */
export function isNamed({ field, kind }: Slot): boolean {
  return field !== '' || (kind !== KIND_TEXT && kind !== KIND_PLAIN);
}

/** The values of a line, or of all lines of a template: their fields and kinds. */
export interface Fields {
  readonly count: number;
  /** How many are of the line itself, before its metadata; absent where there is none. */
  readonly lineCount?: number;
  readonly fields: readonly (string | undefined)[];
  readonly kinds: ArrayLike<number>;
}

/**
 * literals[i] precedes slot i. The line ends with the literal after its last value; slots of metadata come after them, with empty
 * literals.
 */
export interface Template {
  readonly literals: readonly Buffer[];
  readonly slots: readonly Slot[];
  /** Made when they are first asked for. A WeakMap of the templates of many row groups would cost half of the time of a garbage collection. */
  fields?: Fields;
}

/** A template whose literals are cut out of the header only when needed: most reads of a group need none. */
export class StoredTemplate implements Template {
  readonly slots: readonly Slot[];
  readonly #header: Buffer;
  /** Start and end of each literal. */
  readonly #spans: readonly number[];
  #literals: readonly Buffer[] | undefined;
  declare fields?: Fields;

  constructor(header: Buffer, spans: readonly number[], slots: readonly Slot[]) {
    this.#header = header;
    this.#spans = spans;
    this.slots = slots;
  }

  get literals(): readonly Buffer[] {
    this.#literals ??= Array.from({ length: this.#spans.length / 2 }, (_, i) =>
      this.#header.subarray(this.#spans[i * 2], this.#spans[i * 2 + 1]),
    );
    return this.#literals;
  }
}

/**
 * The template of lines that are kept whole because their shape was one too many: to read their fields, they are cut
 * again.
 */
export const TEXT_TEMPLATE: Template = {
  literals: [Buffer.alloc(0), Buffer.alloc(0)],
  slots: [{ field: '', kind: KIND_TEXT, ordinal: 0 }],
};

/** The template of lines without fields. */
export const PLAIN_TEMPLATE: Template = {
  literals: [Buffer.alloc(0), Buffer.alloc(0)],
  slots: [{ field: '', kind: KIND_PLAIN, ordinal: 0 }],
};

/** Returns the number of values in the line itself: those of metadata come after them. */
export function lineSlotCount({ slots }: Template): number {
  let count = slots.length;
  while (count > 0 && slots[count - 1]!.kind === KIND_METADATA) count--;
  return count;
}

const NOTHING = Buffer.alloc(0);

/** Returns the template of the same lines with metadata of these names. */
export function withMetadata({ literals, slots }: Template, names: readonly string[]): Template {
  return {
    literals: [...literals, ...names.map(() => NOTHING)],
    slots: [...slots, ...names.map((field) => ({ field, kind: KIND_METADATA, ordinal: 0 }) as const)],
  };
}

/** Two slots with the same key share a column. */
export function slotKey(slot: Slot): string {
  return `${slot.kind}${slot.ordinal} ${slot.field}`;
}

/**
 * Returns the template of a line that has just been cut.
 * @param tokens  named
 */
export function templateOf(bytes: Buffer, start: number, end: number, tokens: Tokens): Template {
  const literals: Buffer[] = [];
  const slots: Slot[] = [];
  const seen = new Map<string, number>();
  let at = start;
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kinds[i] as ValueKind;
    const literal = Buffer.from(bytes.subarray(at, tokens.starts[i]));
    const field = tokens.fields[i]!;
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

/** Returns the end of a value of a kind, or -1. */
export function valueEndOf(kind: number, bytes: Uint8Array, start: number, end: number): number {
  if (kind === KIND_STRING) return stringEnd(bytes, start, end);
  return kind === KIND_SCALAR ? scalarEnd(bytes, start, end) : arrayEnd(bytes, start, end);
}
