/** Reads the tables of a header: its columns, and its templates with the columns of their values. */
import type { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { KIND_LAST, KIND_METADATA, METADATA_MAX, SLOTS_MAX, TEMPLATES_MAX, type ValueKind } from './format.ts';
import type { PartCount } from './part-count.ts';
import { lineSlotCount, type Slot, StoredTemplate, type Template } from './template.ts';

/** @throws CorruptionError */
export function readTables(
  reader: ByteReader,
  rowCount: number,
  parts: PartCount,
): {
  templates: Template[];
  templateRowCounts: number[];
  columnsOfTemplate: number[][];
  lineColumnsOfTemplate: number[][];
  columns: { slot: Slot; parts: { template: number; firstValue: number }[]; count: number }[];
} {
  const columns = Array.from({ length: parts.add(reader.count(3)) }, () => {
    const field = reader.string();
    const kind = reader.u8();
    if (kind > KIND_LAST) throw new CorruptionError(`unknown kind of value ${kind}`);
    const slot: Slot = { field, kind: kind as ValueKind, ordinal: reader.varint() };
    return { slot, parts: [] as { template: number; firstValue: number }[], count: 0 };
  });
  const hasMetadata = columns.some(({ slot }) => slot.kind === KIND_METADATA);
  const columnsOfTemplate: number[][] = [];
  const templateRowCounts: number[] = [];
  let rows = 0;
  const templateCount = reader.count(3);
  if (templateCount > TEMPLATES_MAX) throw new CorruptionError(`a row group of ${templateCount} templates`);
  const templates = Array.from({ length: templateCount }, (_, t) => {
    const templateRows = reader.varint();
    rows += templateRows;
    templateRowCounts.push(templateRows);
    const spans: number[] = [];
    const slots: Slot[] = [];
    const indices: number[] = [];
    const slotCount = reader.varint();
    if (slotCount > (hasMetadata ? SLOTS_MAX + METADATA_MAX : SLOTS_MAX))
      throw new CorruptionError(`a template of ${slotCount} values`);
    parts.add(slotCount);
    for (let s = 0; s < slotCount; s++) {
      spans.push(reader.skipSized(), reader.offset);
      const index = reader.varint();
      const column = columns[index];
      if (column === undefined || indices.includes(index)) throw new CorruptionError('a template names a wrong column');
      column.parts.push({ template: t, firstValue: column.count });
      column.count += templateRows;
      slots.push(column.slot);
      indices.push(index);
    }
    spans.push(reader.skipSized(), reader.offset);
    columnsOfTemplate.push(indices);
    const template = new StoredTemplate(reader.bytes, spans, slots);
    if (hasMetadata) assertMetadata(template, spans);
    return template;
  });
  if (rows !== rowCount) throw new CorruptionError(`the templates have ${rows} rows, the row group ${rowCount}`);
  for (const column of columns) if (column.count === 0) throw new CorruptionError('a column without values');
  const lineColumnsOfTemplate = hasMetadata
    ? columnsOfTemplate.map((indices, t) => indices.slice(0, lineSlotCount(templates[t]!)))
    : columnsOfTemplate;
  return { templates, templateRowCounts, columnsOfTemplate, lineColumnsOfTemplate, columns };
}

/** @throws CorruptionError  metadata within the line, or more values than either may have */
function assertMetadata(template: Template, spans: readonly number[]): void {
  const { slots } = template;
  const inLine = lineSlotCount(template);
  if (inLine > SLOTS_MAX || slots.length - inLine > METADATA_MAX) {
    throw new CorruptionError(`a template of ${inLine} values and ${slots.length - inLine} of metadata`);
  }
  for (let s = 0; s < slots.length; s++) {
    if (s < inLine && slots[s]!.kind === KIND_METADATA) throw new CorruptionError('metadata within a line');
    // The literal before the first one ends the line.
    if (s >= inLine && spans[2 * (s + 1)] !== spans[2 * (s + 1) + 1]) {
      throw new CorruptionError('a literal after the end of a line');
    }
  }
}
