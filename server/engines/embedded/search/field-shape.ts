/** The fields of a template, as answers show them: names in their order, the last of each; and whether its lines are JSON. */
import { type Answer, answerTo, fieldsOfTemplate, withoutMetadata } from '../../../../shared/row-group/answer.ts';
import { KIND_ARRAY, KIND_SCALAR, KIND_STRING } from '../../../../shared/row-group/format.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import type { Fields, Template } from '../../../../shared/row-group/template.ts';

export interface FieldShape extends Fields {
  /** The slots of the line itself with names: of equal names the last. */
  readonly slots: readonly number[];
  readonly metadata: readonly number[];
  /** The level of its lines; undefined if they have none. */
  readonly level: Answer | undefined;
  /** Whether a line is the object of its fields itself, if all of its values are JSON: nothing nested, no name twice. */
  readonly isObject: boolean;
}

const ofTemplates = new WeakMap<Template, FieldShape>();

export function shapeOfTemplate(template: Template): FieldShape {
  let known = ofTemplates.get(template);
  if (known === undefined) {
    const shape = shapeOf(fieldsOfTemplate(template));
    known = { ...shape, isObject: isObject(template, { ...shape, ...withoutMetadata(shape) }) };
    ofTemplates.set(template, known);
  }
  return known;
}

/** Returns the shape of a line that was cut for this. */
export function shapeOf({ count, lineCount = count, fields, kinds }: Fields): FieldShape {
  const slots: number[] = [];
  for (let slot = 0; slot < lineCount; slot++) {
    const name = fields[slot];
    const isNamed = name !== undefined && (name !== '' || isJsonKind(kinds[slot]!));
    if (isNamed && fields.lastIndexOf(name, lineCount - 1) === slot) slots.push(slot);
  }
  const metadata = Array.from({ length: count - lineCount }, (_, i) => lineCount + i);
  const line = { count, ...(lineCount < count && { lineCount }), fields, kinds };
  return { ...line, slots, metadata, level: answerTo(LEVEL, line), isObject: false };
}

/** A key of JSON may be empty. */
function isJsonKind(kind: number): boolean {
  return kind === KIND_STRING || kind === KIND_SCALAR || kind === KIND_ARRAY;
}

const SPACE = 0x20;

/** Puts the simplest values of each kind into the slots, and reads that. */
function isObject({ literals }: Template, { count, fields, kinds, slots }: FieldShape): boolean {
  if (slots.length < count || !slots.every((slot) => isJsonKind(kinds[slot]!))) return false;
  if (literals.some((literal) => literal.some((byte) => byte < SPACE))) return false;
  const values = slots.map((slot) => (kinds[slot] === KIND_STRING ? '' : kinds[slot] === KIND_SCALAR ? '0' : '[]'));
  const sample = literals.map((literal, i) => literal.toString() + (values[i] ?? '')).join('');
  try {
    const parsed: unknown = JSON.parse(sample);
    const keys = Object.keys(parsed as object);
    return keys.length === count && fields.slice(0, count).every((field) => Object.hasOwn(parsed as object, field!));
  } catch {
    return false;
  }
}
