/**
 * What `| json` of LogQL finds in all lines of a template, without a line: which of their values is which label. Known where
 * it is the same for each of them, whatever their values are. The walk over a line finds it in a line of stand-ins.
 */
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import { eachField } from '../../../../shared/loki-json/fields.ts';
import { JsonError, spaceEnd } from '../../../../shared/loki-json/walk.ts';
import type { Answer } from '../../../../shared/row-group/answer.ts';
import {
  ENCODING_CONSTANT,
  ENCODING_DECIMAL,
  ENCODING_INTEGER,
  KIND_ARRAY,
  KIND_METADATA,
  KIND_SCALAR,
  KIND_STRING,
} from '../../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Template } from '../../../../shared/row-group/template.ts';
import type { JsonLeaf } from '../../../store/predicate.ts';
import { valuesMayHave } from './column-bytes.ts';

/**
 * Lines are objects that have these labels, by the slots of their values; or they begin with something else, if none of
 * so many first values has an opening brace.
 */
type JsonShape =
  | { readonly kind: 'object'; readonly slots: ReadonlyMap<string, number> }
  | { readonly kind: 'other'; readonly valueCount: number };

/** Undefined where lines of one template may differ, or have a mistake. */
const shapes = new WeakMap<Template, JsonShape | undefined>();

function shapeOf(template: Template): JsonShape | undefined {
  if (!shapes.has(template)) shapes.set(template, findShape(template));
  return shapes.get(template);
}

/** By template: the value of a label in its lines, where a JsonLeaf says that it is known. */
export function jsonAnswersOf(group: RowGroup, label: string): (Answer | undefined)[] {
  return group.templates.map((template) => {
    const shape = shapeOf(template);
    const slot = shape?.kind === 'object' ? shape.slots.get(label) : undefined;
    return slot === undefined ? undefined : { kind: 'value', slot, path: '' };
  });
}

/** By template: whether its lines satisfy the leaf. */
export function judgeJsonLeaf(group: RowGroup, { shape: wanted, labels }: JsonLeaf): boolean[] {
  return group.templates.map((template, t) => {
    const shape = shapeOf(template);
    const columns = group.columnsOfTemplate[t]!;
    if (shape === undefined) return false;
    if (shape.kind === 'other') return wanted === 'any' && haveNoBrace(group, columns, shape.valueCount);
    return (
      template.slots.every(({ kind }, slot) => kind !== KIND_ARRAY || haveNoObjects(group, columns[slot]!)) &&
      labels.every(({ name, isNumber, isField }) => {
        const slot = shape.slots.get(name);
        if (isField && !isOnlyField(template, name, slot)) return false;
        if (slot === undefined) return true;
        return arePlain(group, columns[slot]!) && (!isNumber || areNumbers(group, columns[slot]!));
      })
    );
  });
}

/** Whether no other value, or none, has the name of a label as its field. */
function isOnlyField({ slots }: Template, name: string, slot: number | undefined): boolean {
  return slots.every(({ field }, i) => (field === name) === (i === slot));
}

/** By the kind of a value. Other kinds are of lines that are not JSON. */
const STAND_INS: Readonly<Record<number, string>> = { [KIND_STRING]: 's', [KIND_SCALAR]: '0', [KIND_ARRAY]: '[]' };

function findShape(template: Template): JsonShape | undefined {
  const { literals, slots } = template;
  if (slots.some(({ kind }) => kind === KIND_METADATA)) return undefined;
  const valueCount = valuesBeforeText(template);
  if (valueCount !== undefined) return { kind: 'other', valueCount };
  const slotAt = new Map<string, number>();
  let line = '';
  for (const [slot, { kind }] of slots.entries()) {
    const standIn = STAND_INS[kind];
    if (standIn === undefined) return undefined;
    line += literals[slot]!.toString();
    slotAt.set(`${line.length} ${line.length + standIn.length}`, slot);
    line += standIn;
  }
  return shapeOfLine(line + literals.at(-1)!.toString(), slotAt);
}

/** Returns how many values come before the first text, which may be none; undefined if that text begins as an object. */
function valuesBeforeText({ literals, slots }: Template): number | undefined {
  for (const [slot, literal] of literals.entries()) {
    const text = literal.toString();
    const first = spaceEnd(text, 0);
    if (first < text.length) return text[first] === '{' ? undefined : slot;
  }
  return slots.length;
}

/** @param slotAt  by the start and the end of its stand-in */
function shapeOfLine(line: string, slotAt: ReadonlyMap<string, number>): JsonShape | undefined {
  const found = new Map<string, number>();
  let areAllSlots = true;
  try {
    eachField(line, (field, { start, end }) => {
      const slot = slotAt.get(`${start} ${end}`);
      // Labels that begin so are those of errors.
      if (slot === undefined || field.startsWith('__')) areAllSlots = false;
      else if (!found.has(field)) found.set(field, slot);
    });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return undefined;
  }
  return areAllSlots ? { kind: 'object', slots: found } : undefined;
}

const [OPEN_BRACE, CLOSE_BRACE, BACKSLASH] = Buffer.from('{}\\');
/** The only scalar with this letter first is `null`. */
const LETTER_N = 0x6e;
const ASCII_END = 0x80;

/** Whether lines begin with something else than an object: their first values may be empty, or blank. */
function haveNoBrace(group: RowGroup, columns: readonly number[], valueCount: number): boolean {
  for (let slot = 0; slot < valueCount; slot++) {
    if (valuesMayHave(group, columns[slot]!, OPEN_BRACE!)) return false;
  }
  return true;
}

/** The end of an array is where Loki finds it, too, unless it has brackets of another kind. */
function haveNoObjects(group: RowGroup, column: number): boolean {
  return !valuesMayHave(group, column, OPEN_BRACE!) && !valuesMayHave(group, column, CLOSE_BRACE!);
}

const plain = new WeakMap<ColumnInfo, boolean>();

/** Whether the label of each line is the value as it is stored: neither escaped, nor `null`. */
function arePlain(group: RowGroup, column: number): boolean {
  const info = group.columns[column]!;
  let known = plain.get(info);
  if (known === undefined) {
    const isString = info.slot.kind === KIND_STRING;
    known = !valuesMayHave(group, column, isString ? BACKSLASH! : LETTER_N);
    for (let byte = ASCII_END; byte < 256 && known; byte++) known = !valuesMayHave(group, column, byte);
    plain.set(info, known);
  }
  return known;
}

const numeric = new WeakMap<ColumnInfo, boolean>();
/** Read as the same number by all. */
const PLAIN_NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/;

function areNumbers(group: RowGroup, column: number): boolean {
  const info = group.columns[column]!;
  let known = numeric.get(info);
  if (known === undefined) numeric.set(info, (known = findNumbers(group, column)));
  return known;
}

function findNumbers(group: RowGroup, column: number): boolean {
  const { encoding, parameters } = group.columns[column]!.chunk;
  if (encoding === ENCODING_INTEGER || encoding === ENCODING_DECIMAL) return true;
  if (encoding === ENCODING_CONSTANT) return PLAIN_NUMBER.test(parameters.toString());
  const texts = group.countedTexts(column);
  if (texts === undefined) return false;
  const count = texts.offsets.length - 1;
  for (let i = 0; i < count; i++) if (!PLAIN_NUMBER.test(byteStringAt(texts, i).toString())) return false;
  return true;
}
