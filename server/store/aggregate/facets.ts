/** Facets: which labels and fields matching lines have, how often, and their most frequent values. */
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { KIND_TEXT } from '../../../shared/row-group/format.ts';
import { FACET_VALUES_MAX } from '../../limits.ts';
import { matchMask } from '../scan/match-rows.ts';
import type { Predicate } from '../scan/plan.ts';
import { countByColumns, rowCodes } from './row-values.ts';

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

  facets(): Facet[] {
    return [...this.#facets.values()];
  }
}

/** @param names  only these; undefined for every label and field of the group. @throws CorruptionError */
export function facetsOf(group: RowGroup, predicate: Predicate, names: readonly string[] | undefined): Facet[] {
  const mask = matchMask(group, predicate);
  if (mask !== 'all' && !mask.includes(1)) return [];
  return (names ?? namesOf(group)).flatMap((name) => facet(group, mask, name) ?? []);
}

function namesOf(group: RowGroup): string[] {
  const fields = group.columns.flatMap(({ slot }) => (slot.kind === KIND_TEXT ? [] : [slot.field]));
  return [...new Set([...group.info.streams.flatMap((labels) => Object.keys(labels)), ...fields])];
}

function facet(group: RowGroup, mask: Uint8Array | 'all', name: string): Facet | undefined {
  const counts = (mask === 'all' ? countByColumns(group, name) : undefined) ?? countRows(group, mask, name);
  counts.delete('');
  let rows = 0;
  for (const count of counts.values()) rows += count;
  if (rows === 0) return undefined;
  return { name, rows, values: counts.size > FACET_VALUES_MAX ? undefined : counts };
}

function countRows(group: RowGroup, mask: Uint8Array | 'all', name: string): Map<string, number> {
  const { codes, values } = rowCodes(group, name);
  const counts = new Uint32Array(values.length);
  for (let row = 0; row < codes.length; row++) if (mask === 'all' || mask[row] === 1) counts[codes[row]!]!++;
  const byValue = new Map<string, number>();
  for (const [code, count] of counts.entries()) if (count > 0) byValue.set(values[code]!, count);
  return byValue;
}
