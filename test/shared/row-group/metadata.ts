/** Structured metadata of rows as objects, for tests. */
import { expect } from 'vitest';
import type { Labels } from '../../../shared/labels.ts';
import type { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import type { RowMetadata } from '../../../shared/row-group/used-templates.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { lineSlotCount } from '../../../shared/row-group/template.ts';

/** Returns what `addShredded` takes; undefined for none. */
export function appendMetadata(builder: RowGroupBuilder, metadata: Labels): RowMetadata | undefined {
  const names = Object.keys(metadata);
  if (names.length === 0) return undefined;
  const values = Object.values(metadata).map((value) => Buffer.from(value));
  const starts = Int32Array.from(values, (value) => builder.append(value, 0, value.length));
  const ends = starts.map((start, i) => start + values[i]!.length);
  return { names: builder.metadataNames(names), starts, ends };
}

/** By row; in the order in which it was added. */
export function metadataOf(group: RowGroup): Labels[] {
  const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
  const { bytes, firstValues, valueStarts, valueEnds } = group.cutLines(rows, {}, 'metadata');
  return rows.map((row) => {
    const template = group.templates[group.templateCodes()[row]!]!;
    const names = template.slots.slice(lineSlotCount(template)).map(({ field }) => field);
    const at = firstValues[row]!;
    expect(firstValues[row + 1]).toBe(at + names.length);
    return Object.fromEntries(
      names.map((name, i) => [name, bytes.toString('utf8', valueStarts[at + i], valueEnds[at + i])]),
    );
  });
}
