/** Facets: which labels and fields matching lines have, how often, and their most frequent values. */
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { isNamed } from '../../../shared/row-group/template.ts';
import { distinctCutTexts } from '../../../shared/row-group/encodings/pattern.ts';
import { KIND_TEXT } from '../../../shared/row-group/format.ts';
import { FACET_VALUES_MAX } from '../../limits.ts';
import { labelOf } from '../../../shared/labels.ts';
import { LEVEL } from '../../../shared/levels.ts';
import { answeringFields, answeringParts } from '../scan/name.ts';
import { forEachWholeLineValue } from '../scan/whole-lines.ts';
import { hasMarks } from '../scan/marks.ts';
import { matchMask } from '../scan/match-rows.ts';
import type { Predicate } from '../scan/plan.ts';
import { countCodes, groupCodes, type Rows, rowsOf } from './group-codes.ts';
import { GroupKey } from './group-key.ts';

export interface Facet {
  readonly name: string;
  /** Lines that have it. */
  rows: number;
  /** Value → lines; undefined once there are too many values to count. */
  values: Map<string, number> | undefined;
}

/** Facets by name. */
export class FacetTable {
  readonly #facets = new Map<string, Facet>();

  add(facets: readonly Facet[]): void {
    for (const { name, rows, values } of facets) {
      const known = this.#facets.get(name);
      if (known === undefined) {
        this.#facets.set(name, { name, rows, values });
        continue;
      }
      known.rows += rows;
      if (known.values === undefined || values === undefined) known.values = undefined;
      else for (const [value, count] of values) known.values.set(value, (known.values.get(value) ?? 0) + count);
      if (known.values !== undefined && known.values.size > FACET_VALUES_MAX) known.values = undefined;
    }
  }

  /** Names that have too many values to count. */
  ids(): string[] {
    return this.facets().flatMap(({ name, values }) => (values === undefined ? [name] : []));
  }

  facets(): Facet[] {
    return [...this.#facets.values()];
  }
}

/**
 * @param names  only these; undefined for every label and field of the group
 * @param ids  names that are known to have too many values: they are not counted again
 * @throws CorruptionError
 */
export function facetsOf(
  group: RowGroup,
  predicate: Predicate,
  names: readonly string[] | undefined,
  ids: ReadonlySet<string>,
): Facet[] {
  const mask = matchMask(group, predicate);
  if (mask !== 'all' && !hasMarks(mask)) return [];
  const rows = rowsOf(group, mask);
  return (names ?? namesOf(group)).flatMap((name) => facet(group, mask, rows, name, ids.has(name)) ?? []);
}

function namesOf(group: RowGroup): string[] {
  const fields = group.columns.flatMap(({ slot }) => (isNamed(slot) ? [slot.field] : []));
  const level = answeringFields(group, LEVEL).length > 0 ? [LEVEL] : [];
  return [...new Set([...group.info.streams.flatMap((labels) => Object.keys(labels)), ...fields, ...level])];
}

function facet(
  group: RowGroup,
  mask: Uint8Array | 'all',
  matching: Rows,
  name: string,
  isId: boolean,
): Facet | undefined {
  const isLabel = group.info.streams.some((labels) => labelOf(labels, name) !== undefined);
  if (!isLabel && (isId || hasManyValues(group, name))) {
    const rows = rowsWith(group, mask, name);
    return rows === 0 ? undefined : { name, rows, values: undefined };
  }
  const counts = countValues(group, matching, name);
  counts.delete('');
  let rows = 0;
  for (const count of counts.values()) rows += count;
  if (rows === 0) return undefined;
  return { name, rows, values: counts.size > FACET_VALUES_MAX ? undefined : counts };
}

/** True when a column that answers the name shows that it has more values than a facet counts. */
function hasManyValues(group: RowGroup, name: string): boolean {
  const fields = answeringFields(group, name);
  return group.columns.some((column, index) => {
    if (column.count <= FACET_VALUES_MAX || answeringParts(group, column, fields).length === 0) return false;
    const values = group.values(index);
    switch (values.kind) {
      case 'constant':
        return false;
      case 'dictionary':
        return values.values.offsets.length - 1 > FACET_VALUES_MAX;
      case 'integer':
      case 'decimal':
        return exceeds(values.kind === 'integer' ? values.values : values.mantissas, FACET_VALUES_MAX);
      case 'pattern':
        return distinctCutTexts(values).values.length > FACET_VALUES_MAX;
      case 'timestamp':
      case 'uuid':
      case 'hex':
      case 'raw':
        return true;
    }
  });
}

function exceeds(numbers: ArrayLike<number>, distinctMax: number): boolean {
  const distinct = new Set<number>();
  for (let i = 0; i < numbers.length && distinct.size <= distinctMax; i++) distinct.add(numbers[i]!);
  return distinct.size > distinctMax;
}

function rowsWith(group: RowGroup, mask: Uint8Array | 'all', name: string): number {
  const has = new Uint8Array(group.info.rowCount);
  const fields = answeringFields(group, name);
  for (const [index, column] of group.columns.entries()) {
    if (column.slot.kind === KIND_TEXT) forEachWholeLineValue(group, index, name, (row) => (has[row] = 1));
    else if (fields.includes(column.slot.field)) for (const row of group.valueRows(column)) has[row] = 1;
  }
  let rows = 0;
  for (let row = 0; row < has.length; row++) if (has[row] === 1 && (mask === 'all' || mask[row] === 1)) rows++;
  return rows;
}

function countValues(group: RowGroup, matching: Rows, name: string): Map<string, number> {
  const dimension = groupCodes(group, [name], undefined, matching.counts);
  const key = new GroupKey();
  const byValue = new Map<string, number>();
  for (const [code, count] of countCodes(dimension, matching).entries()) {
    if (count === 0) continue;
    key.clear();
    dimension.write(code, key);
    const value = key.toString();
    byValue.set(value, (byValue.get(value) ?? 0) + count);
  }
  return byValue;
}
