/**
 * Which part of a line is the value of a name: one rule for filters, counts, erasures and drop rules. Metadata of that name
 * counts first. Else it is the value of the field with that name; of several, the last, as for readers of JSON. `level` is whichever field holds the
 * level, see ../levels.ts. If a field is an array, names below it are those of its objects' members.
 */
import { impliedLevel, LEVEL, levelHolder, namedLevelHolder } from '../levels.ts';
import { KIND_ARRAY, KIND_TEXT } from './format.ts';
import { type Fields, lineSlotCount, type Template } from './template.ts';

export type Answer =
  /** One of the line's values; a name within an array has a path, see array-elements.ts. */
  | { readonly kind: 'value'; readonly slot: number; readonly path: string }
  /** A value that is not in the line but implied. */
  | { readonly kind: 'implied'; readonly value: Buffer };

export function fieldsOfTemplate(template: Template): Fields {
  return (template.fields ??= fieldsOf(template));
}

function fieldsOf(template: Template): Fields {
  const { slots } = template;
  const count = slots.length;
  const lineCount = lineSlotCount(template);
  return {
    count,
    ...(lineCount < count && { lineCount }),
    fields: slots.map(({ field }) => field),
    kinds: slots.map(({ kind }) => kind),
  };
}

/** Returns the values of the line itself. */
export function withoutMetadata(line: Fields): Fields {
  const { count, lineCount = count, fields, kinds } = line;
  return lineCount === count ? line : { count: lineCount, fields: fields.slice(0, lineCount), kinds };
}

/** Returns undefined when the line has no value for the name. */
export function answerTo(name: string, line: Fields): Answer | undefined {
  if (line.lineCount === undefined) return lineAnswer(name, line);
  const names = line.fields.slice(line.lineCount, line.count);
  const at = name === LEVEL ? namedLevelHolder(names, names.length) : names.lastIndexOf(name);
  return at < 0 ? lineAnswer(name, withoutMetadata(line)) : { kind: 'value', slot: line.lineCount + at, path: '' };
}

/** Does the same, but treats `level` like other names. */
export function answerToField(name: string, line: Fields): Answer | undefined {
  if (line.lineCount === undefined) return fieldAnswer(name, line);
  const at = line.fields.slice(line.lineCount, line.count).lastIndexOf(name);
  return at < 0 ? fieldAnswer(name, withoutMetadata(line)) : { kind: 'value', slot: line.lineCount + at, path: '' };
}

function lineAnswer(name: string, line: Fields): Answer | undefined {
  if (name !== LEVEL) return fieldAnswer(name, line);
  const slot = levelHolder(line.fields, line.count);
  if (slot >= 0) return { kind: 'value', slot, path: '' };
  const value = impliedLevel(line.fields, line.count);
  return value && { kind: 'implied', value };
}

/** Does the same for a line without metadata. */
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

/** Returns the fields whose values may answer to `a.b.c`: itself, `a` and `a.b`. */
export function fieldsAround(name: string): string[] {
  const fields = [name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) fields.push(name.slice(0, dot));
  return fields;
}
