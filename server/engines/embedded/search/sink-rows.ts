/** The task of a worker thread that passes chosen rows to the sink of a search: their lines are built here, once. */
import type { Piece, Sink } from '../../../store/sink.ts';
import type { RowGroupPlace, RowGroups } from '../scan/row-groups.ts';
import { type UnusableGroup, useOrList } from '../scan/unusable.ts';
import { type RenderedText, textOf } from './render.ts';
import { blockOf, type RenderedBlock } from './row-columns.ts';
import { type ChosenRows, openSinkGroup, type SinkGroup } from './sink-group.ts';

export interface RenderInput extends ChosenRows {
  /** In the order in which the rows need them; `groupOf` is an index into them. */
  readonly places: readonly RowGroupPlace[];
  readonly sink: Sink;
  /** Limit of their lines; the answer ends with the line that reaches it. */
  readonly bytesMax: number;
}

export type RenderedRows = RenderedText | RenderedBlock;

export interface RenderOutput {
  readonly rendered: RenderedRows;
  /** Their lines are missing. */
  readonly unusable: readonly UnusableGroup[];
}

const NO_ROWS = new Uint32Array(0);

/** Renders at least the first row; then row groups in the order in which rows need them, as long as there is room. */
export function render(input: RenderInput, rowGroups: RowGroups): RenderOutput {
  const { places, groupOf, rows, bytesMax, sink } = input;
  const unusable: UnusableGroup[] = [];
  let leftBytes = bytesMax;
  const groups = places.map((place, group) =>
    useOrList(unusable, group, () => {
      const opened = rowGroups.open(place);
      const wanted = leftBytes > 0 ? rows.filter((_, i) => groupOf[i] === group) : NO_ROWS;
      const sinkGroup = openSinkGroup(opened, place, wanted, leftBytes, sink);
      leftBytes -= sinkGroup.lines.bytes.length;
      return sinkGroup;
    }),
  );
  return { rendered: sinkRows(groups, input, sink), unusable };
}

/** Renders up to the first row whose line has not been built; rows of a group that cannot be read are left out. */
export function sinkRows(groups: readonly (SinkGroup | undefined)[], chosen: ChosenRows, sink: Sink): RenderedRows {
  return sink.kind === 'text' ? textOf(groups, chosen, sink) : blockOf(groups, chosen, sink);
}

/** Returns how many of the chosen rows are done. */
export function doneCountOf(rendered: RenderedRows): number {
  return rendered.kind === 'text' ? rendered.ends.length : rendered.doneCount;
}

export function pieceIn(rendered: RenderedRows): Piece {
  return rendered.kind === 'text' ? rendered.text : rendered.block;
}
