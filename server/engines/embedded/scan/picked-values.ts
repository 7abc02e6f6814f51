/**
 * Values of names in a few lines of a row group, which are known by their places in its templates: read from the columns that
 * belong to the names, without the lines.
 */
import { firstValueOf, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import type { ColumnValues } from '../../../../shared/row-group/encodings/column-values.ts';
import { ENCODING_TIMESTAMP, KIND_STRING } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import { canonicalLevel, LEVEL } from '../../../../shared/levels.ts';
import { isPlainName } from '../../../store/asked-name.ts';
import { askedNames } from './asked-names.ts';
import { answersOf, labelNamesOf, mayAnswer } from './name.ts';

/** Rows by template: their ranks among its rows, ascending. */
export type Places = ReadonlyMap<number, readonly number[]>;

/** The values of one name in some lines of one template. */
export interface PickedValues {
  readonly kind: number;
  /** Returns that of the line at the template's place i, as a text without escapes; the next one may overwrite it. */
  readonly at: (i: number) => Buffer;
  /** Returns how many bytes it may have. */
  readonly sizeMax: (i: number) => number;
}

/**
 * Returns the values of a name by template, where its lines have some; undefined where labels may be its values, or
 * where times are.
 * @param places  of lines that are not kept whole
 * @throws CorruptionError
 */
export function pickedValues(
  group: RowGroup,
  name: string,
  places: Places,
): ReadonlyMap<number, PickedValues> | undefined {
  if (!isPlainName(name) || labelNamesOf(group).has(name)) return undefined;
  return mayAnswer(group, name) ? valuesOf(group, name, places) : NO_VALUES;
}

/** Does the same for a name that is plain, and that of no label. */
function valuesOf(group: RowGroup, name: string, places: Places): ReadonlyMap<number, PickedValues> | undefined {
  const answers = answersOf(group, name);
  const picked = new Map<number, PickedValues>();
  const templatesOf = new Map<number, number[]>();
  for (const template of places.keys()) {
    const answer = answers[template];
    if (answer === undefined) continue;
    if (answer.kind === 'implied') {
      const { value } = answer;
      picked.set(template, { kind: KIND_STRING, at: () => value, sizeMax: () => value.length });
      continue;
    }
    if (answer.path !== '') continue;
    const column = group.columnsOfTemplate[template]![answer.slot]!;
    if (group.columns[column]!.chunk.encoding === ENCODING_TIMESTAMP) return undefined;
    const templates = templatesOf.get(column);
    if (templates === undefined) templatesOf.set(column, [template]);
    else templates.push(template);
  }
  for (const [column, templates] of templatesOf) addColumn(group, column, templates, places, picked);
  return picked;
}

/** Returns the same of several names; undefined where columns do not tell what one of them says. Levels are canonical. */
export function pickedValuesOf(
  group: RowGroup,
  names: readonly string[],
  places: Places,
): readonly ReadonlyMap<number, PickedValues>[] | undefined {
  const asked = askedNames(names);
  if (!asked.arePlain || asked.haveSome(labelNamesOf(group))) return undefined;
  const picked = names.map(() => NO_VALUES);
  for (const index of asked.amongFields(group.fields())) {
    const name = names[index]!;
    const values = valuesOf(group, name, places);
    if (values === undefined) return undefined;
    picked[index] = name === LEVEL ? new Map([...values].map(([template, own]) => [template, asLevels(own)])) : values;
  }
  return picked;
}

function asLevels(values: PickedValues): PickedValues {
  const at = (i: number): Buffer => {
    const value = values.at(i);
    return canonicalLevel(value, 0, value.length) ?? value;
  };
  return { ...values, at };
}

const NO_VALUES: ReadonlyMap<number, PickedValues> = new Map();

/** Reads the values of all templates that have theirs in one column. */
function addColumn(
  group: RowGroup,
  column: number,
  templates: readonly number[],
  places: Places,
  picked: Map<number, PickedValues>,
): void {
  const { slot, ...info } = group.columns[column]!;
  const indices: number[] = [];
  const starts: number[] = [];
  // As the parts of a column do, its values ascend by template.
  const ascending = templates.toSorted((a, b) => a - b);
  for (const template of ascending) {
    const firstValue = firstValueOf(info, template);
    starts.push(indices.length);
    for (const rank of places.get(template)!) indices.push(firstValue + rank);
  }
  const areAll = !group.canPick(column);
  const values = areAll ? group.values(column) : group.pickedValues(column, Int32Array.from(indices), noTimes);
  for (const [t, template] of ascending.entries()) {
    const start = starts[t]!;
    const indexOf = (i: number): number => (areAll ? indices[start + i]! : start + i);
    picked.set(template, {
      kind: slot.kind,
      at: (i) => textAt(values, indexOf(i), slot.kind),
      sizeMax: (i) => valueSizeMax(values, indexOf(i)),
    });
  }
}

function noTimes(): never {
  throw new RangeError('BUG: only timestamps need the times of their rows');
}

let scratch = Buffer.allocUnsafe(1024);

function textAt(values: ColumnValues, index: number, kind: number): Buffer {
  const sizeBytes = valueSizeMax(values, index);
  if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
  const text = scratch.subarray(0, writeValue(values, index, scratch, 0));
  return kind === KIND_STRING ? unescaped(text) : text;
}
