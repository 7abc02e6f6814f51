/**
 * What of a line answers a name that is asked for: one rule for filters, counts, erasures and drop rules. It is the value of
 * the field that is called so; of several, the last, as for readers of JSON. `level` is answered by whichever field says it,
 * see ../levels.ts. Below a field that is an array, members of its objects answer.
 */
import { impliedLevel, LEVEL, levelHolder } from '../levels.ts';
import { KIND_ARRAY, KIND_TEXT } from './format.ts';
import type { Template } from './template.ts';

export type Answer =
  /** One of the line's values; what is asked for within an array has a path, see array-elements.ts. */
  | { readonly kind: 'value'; readonly slot: number; readonly path: string }
  /** What the line does not say and means. */
  | { readonly kind: 'implied'; readonly value: Buffer };

/** The values of a line, or of all lines of a template: their fields and kinds. */
export interface Fields {
  readonly count: number;
  readonly fields: readonly (string | undefined)[];
  readonly kinds: ArrayLike<number>;
}

const ofTemplates = new WeakMap<Template, Fields>();

export function fieldsOfTemplate(template: Template): Fields {
  let known = ofTemplates.get(template);
  if (known === undefined) {
    const { slots } = template;
    known = { count: slots.length, fields: slots.map(({ field }) => field), kinds: slots.map(({ kind }) => kind) };
    ofTemplates.set(template, known);
  }
  return known;
}

/** Undefined when the line has nothing of the name. */
export function answerTo(name: string, line: Fields): Answer | undefined {
  if (name !== LEVEL) return fieldAnswer(name, line);
  const slot = levelHolder(line.fields, line.count);
  if (slot >= 0) return { kind: 'value', slot, path: '' };
  const value = impliedLevel(line.fields, line.count);
  return value && { kind: 'implied', value };
}

/** The same where `level` is a name like others. */
export function fieldAnswer(
  name: string,
  { count, fields, kinds }: Fields,
): (Answer & { readonly kind: 'value' }) | undefined {
  for (let slot = count - 1; slot >= 0; slot--) {
    if (fields[slot] === name && kinds[slot] !== KIND_TEXT) return { kind: 'value', slot, path: '' };
  }
  if (!name.includes('.')) return undefined;
  for (let slot = count - 1; slot >= 0; slot--) {
    const field = fields[slot]!;
    if (kinds[slot] !== KIND_ARRAY || name[field.length] !== '.' || !name.startsWith(field)) continue;
    const isLast = fields.lastIndexOf(field, count - 1) === slot;
    if (isLast) return { kind: 'value', slot, path: name.slice(field.length + 1) };
  }
  return undefined;
}
