/** The task of a worker thread that passes chosen rows to the sink of a search: their lines are built here, once. */
import type { Piece, Sink } from '../../../store/sink.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { RowGroupPlace, RowGroups } from '../scan/row-groups.ts';
import { type UnusableGroup, useOrList } from '../scan/unusable.ts';
import { rawTextOf } from './raw-text.ts';
import { type RenderedText, textOf } from './render.ts';
import { blockOf, type RenderedBlock } from './row-columns.ts';
import { type ChosenRows, isRaw, lineBytesOf, openSinkGroup, type SinkGroup } from './sink-group.ts';

export interface RenderInput extends ChosenRows {
  /** `groupOf` is an index into them. */
  readonly places: readonly RowGroupPlace[];
  readonly sink: Sink;
  /** Limit of their text, approximately: lines of several row groups are counted by their mean sizes. */
  readonly bytesMax: number;
}

export type RenderedRows = RenderedText | RenderedBlock;

export interface RenderOutput {
  readonly rendered: RenderedRows;
  /** Their lines are missing. */
  readonly unusable: readonly UnusableGroup[];
}

const NO_ROWS: OwnRows = { rows: new Uint32Array(0), timesNs: new Float64Array(0) };

type OwnRows = Pick<ChosenRows, 'rows' | 'timesNs'>;

/** Takes at least the first row, and those after it as long as there is room. Rows of unusable groups are taken and left out. */
export function render(input: RenderInput, rowGroups: RowGroups): RenderOutput {
  const { places, bytesMax, sink } = input;
  const unusable: UnusableGroup[] = [];
  let leftBytes = lineBytesOf(sink, bytesMax);
  const opened = places.map((place, group) => useOrList(unusable, group, () => rowGroups.open(place)));
  const chosen = firstRows(input, opened, leftBytes, sink);
  const rowsOf = rowsByGroup(places.length, chosen);
  const groups = new Array<SinkGroup | undefined>(places.length).fill(undefined);
  for (const group of fewestFirst(rowsOf)) {
    const rowGroup = opened[group];
    if (rowGroup === undefined || rowsOf[group]!.rows.length === 0) continue;
    const roomBytes = group === chosen.groupOf[0] ? Math.max(1, leftBytes) : leftBytes;
    groups[group] = useOrList(unusable, group, () => {
      const wanted = roomBytes > 0 ? rowsOf[group]! : NO_ROWS;
      return openSinkGroup(rowGroup, places[group]!, wanted, roomBytes, sink);
    });
    leftBytes -= groups[group]?.sizeBytes ?? 0;
  }
  const rendered = sinkRows(groups, chosen, sink);
  for (const group of groups) if (group !== undefined) freeLines(group);
  return { rendered, unusable };
}

/** Returns the groups by their numbers of rows, ascending: a few lines that were not built would end the answer early. */
function fewestFirst(rowsOf: readonly OwnRows[]): readonly number[] {
  return rowsOf
    .keys()
    .toArray()
    .toSorted((a, b) => rowsOf[a]!.rows.length - rowsOf[b]!.rows.length);
}

/**
 * Returns as many rows as fit by the mean size of their groups' lines: where rows of several groups take turns, the lines of one
 * alone would fill the room, and be built again and again for a row of it each time. Values without lines are small enough.
 */
function firstRows(
  chosen: ChosenRows,
  opened: readonly (RowGroup | undefined)[],
  bytesMax: number,
  sink: Sink,
): ChosenRows {
  if (opened.length === 1 || (sink.kind === 'rows' && sink.withoutLines === true)) return chosen;
  const meanBytes = opened.map((group) => (group === undefined ? 0 : group.info.lineBytes / group.info.rowCount));
  const { groupOf, rows, timesNs } = chosen;
  let count = 0;
  for (let sum = 0; count < rows.length && sum < bytesMax; count++) sum += meanBytes[groupOf[count]!]!;
  return { groupOf: groupOf.subarray(0, count), rows: rows.subarray(0, count), timesNs: timesNs.subarray(0, count) };
}

function rowsByGroup(groupCount: number, { groupOf, rows, timesNs }: ChosenRows): OwnRows[] {
  if (groupCount === 1) return [{ rows, timesNs }];
  const counts = new Uint32Array(groupCount);
  for (const group of groupOf) counts[group]!++;
  const rowsOf = Array.from(counts, (count) => ({ rows: new Uint32Array(count), timesNs: new Float64Array(count) }));
  counts.fill(0);
  for (let i = 0; i < rows.length; i++) {
    const own = rowsOf[groupOf[i]!]!;
    const at = counts[groupOf[i]!]!++;
    own.rows[at] = rows[i]!;
    own.timesNs[at] = timesNs[i]!;
  }
  return rowsOf;
}

/** The lines are in the output now; garbage of their size would be collected often. */
function freeLines({ lines: { bytes } }: SinkGroup): void {
  // Smaller buffers share their memory.
  if (bytes.buffer.byteLength > Buffer.poolSize && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

/** Renders up to the first row whose line has not been built; rows of a group that cannot be read are left out. */
export function sinkRows(groups: readonly (SinkGroup | undefined)[], chosen: ChosenRows, sink: Sink): RenderedRows {
  if (sink.kind === 'rows') return blockOf(groups, chosen, sink);
  return isRaw(sink) ? rawTextOf(groups, chosen) : textOf(groups, chosen, sink);
}

/** Returns how many of the chosen rows are done. */
export function doneCountOf(rendered: RenderedRows): number {
  return rendered.kind === 'text' ? rendered.ends.length : rendered.doneCount;
}

export function pieceIn(rendered: RenderedRows): Piece {
  return rendered.kind === 'text' ? rendered.text : rendered.block;
}
