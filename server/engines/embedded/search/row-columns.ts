/**
 * Builds blocks of columns from lines. Fields are read as aggregations read them: from the columns that belong to their
 * names.
 */
import { type Labels, labelsKey } from '../../../../shared/labels.ts';
import type { CutLines } from '../../../../shared/row-group/line-sink.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { lineSlotCount, type Template } from '../../../../shared/row-group/template.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { type RowBlock, RowBlockBuilder } from '../../../store/row-block.ts';
import type { RowsSink } from '../../../store/sink.ts';
import type { ChosenRows, SinkGroup } from './sink-group.ts';

/** A block of the first of some rows. */
export interface RenderedBlock {
  readonly kind: 'rows';
  readonly block: RowBlock;
  /** By row of the block: its index among the chosen rows. Those of a group that cannot be read are missing. */
  readonly places: Uint32Array;
  /** Number of the chosen rows that are done. */
  readonly doneCount: number;
}

/** @see sinkRows */
export function blockOf(
  groups: readonly (SinkGroup | undefined)[],
  { groupOf, rows, timesNs }: ChosenRows,
  { fields, withoutLines }: RowsSink,
): RenderedBlock {
  const builder = new RowBlockBuilder(fields, rows.length);
  const streams = new Streams();
  const names = new MetadataNames();
  const next = new Uint32Array(groups.length);
  const places: number[] = [];
  let done = 0;
  for (; done < rows.length; done++) {
    const index = groupOf[done]!;
    const group = groups[index];
    if (group === undefined) continue;
    const { opened, lines, streamOf, flagsOf } = group;
    const line = next[index]!++;
    if (line + 1 >= lines.offsets.length) break;
    const row = rows[done]!;
    const days = Math.floor(timesNs[done]! / NS_PER_DAY);
    const labels = streams.shared(opened.info.streams[streamOf(row)]!);
    builder.addRow(opened.info.baseDay + days, timesNs[done]! - days * NS_PER_DAY, labels, flagsOf(row));
    const [lineStart, lineEnd] = [lines.offsets[line]!, lines.offsets[line + 1]!];
    if (withoutLines !== true) builder.addLine(lines.bytes, lineStart, lineEnd);
    if (fields.length > 0) group.fields.moveTo(row, lines.bytes, lineStart, lineEnd);
    for (let field = 0; field < fields.length; field++) {
      if (!group.fields.read(field)) continue;
      const { bytes, start, end } = group.fields.text;
      builder.addValue(field, bytes, start, end);
    }
    if (group.withMetadata !== undefined) addMetadata(builder, group.withMetadata, line, names.of(opened, row));
    places.push(done);
  }
  return { kind: 'rows', block: builder.finish(), places: Uint32Array.from(places), doneCount: done };
}

function addMetadata(builder: RowBlockBuilder, lines: CutLines, line: number, names: readonly string[]): void {
  if (names.length === 0) return;
  const { bytes, firstValues, valueStarts, valueEnds } = lines;
  builder.addMetadata(names, { bytes, starts: valueStarts, ends: valueEnds, first: firstValues[line]! });
}

/** The names of the metadata of templates, each list made once. */
class MetadataNames {
  readonly #known = new Map<Template, readonly string[]>();

  of(group: RowGroup, row: number): readonly string[] {
    const template = group.templates[group.templateCodes()[row]!]!;
    let names = this.#known.get(template);
    if (names === undefined) {
      names = template.slots.slice(lineSlotCount(template)).map(({ field }) => field);
      this.#known.set(template, names);
    }
    return names;
  }
}

/**
 * Merges rows of several blocks of the same fields.
 * @param chosen  which row of which block comes next
 */
export function mergedBlocks(
  blocks: readonly RowBlock[],
  fields: readonly string[],
  chosen: readonly (readonly [block: number, row: number])[],
): RowBlock {
  const builder = new RowBlockBuilder(fields, chosen.length);
  const streams = new Streams();
  const shared = blocks.map((block) => ({ ...block, streams: block.streams.map((labels) => streams.shared(labels)) }));
  const present = blocks.map(presentFields);
  for (const [block, row] of chosen) builder.addFrom(shared[block]!, row, present[block]!);
  return builder.finish();
}

function presentFields({ fields }: RowBlock): number[] {
  return fields.flatMap(({ isPresent }, field) => (isPresent.includes(1) ? [field] : []));
}

/** Makes equal labels of several row groups one object. */
class Streams {
  readonly #shared = new Map<string, Labels>();
  readonly #known = new Map<Labels, Labels>();

  shared(labels: Labels): Labels {
    let known = this.#known.get(labels);
    if (known === undefined) {
      const key = labelsKey(labels);
      known = this.#shared.get(key) ?? labels;
      this.#shared.set(key, known);
      this.#known.set(labels, known);
    }
    return known;
  }
}
