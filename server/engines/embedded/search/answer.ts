/** Turns the rows that a search found into the pieces of its sink, some rows at a time. */
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { RENDER_ROWS_AT_FIRST, RENDER_ROWS_AT_ONCE, SCANS_AT_ONCE } from '../../../limits.ts';
import type { AnswerPage } from '../../../store/query.ts';
import type { QueryBudget } from '../../../store/query-budget.ts';
import type { Plan } from '../../../store/search-plan.ts';
import { placeOf } from '../scan/row-groups.ts';
import { type ScanContext, selectRows } from '../scan/select.ts';
import { isRowOf } from '../scan/scan.ts';
import type { SelectedRow, SelectedRows } from '../scan/top-rows.ts';
import { quarantineAll } from '../scan/unusable.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { freeMemory } from '../../../../shared/own-memory.ts';
import type { RenderedText } from './render.ts';
import { mergedBlocks, type RenderedBlock } from './row-columns.ts';
import { doneCountOf, type RenderedRows, type RenderInput, type RenderOutput } from './sink-rows.ts';
import type { RowBlock } from '../../../store/row-block.ts';
import { type Piece, type PieceOf, type RowsSink, type Sink, sizeOfPiece } from '../../../store/sink.ts';

/** Runs the scans and the rendering of one query. */
export interface QueryContext extends ScanContext, Pick<QueryBudget, 'answerRows' | 'answerText'> {
  /** Set before the first piece. */
  readonly page: AnswerPage;
  readonly render: (input: RenderInput, signal: AbortSignal) => Promise<RenderOutput>;
}

export interface AnswerOptions {
  /** Returns the rows in another order than the plan's. */
  readonly arranged?: (rows: SelectedRows) => Pick<SelectedRows, 'length' | 'slice'>;
}

/**
 * Yields the answer, in pieces. Broken row groups are quarantined and left out.
 * @param rowGroups  must stay readable until the generator ends
 * @throws UnavailableError  there are too many answers in flight, or they have too many rows
 */
export async function* answerBest<S extends Sink>(
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
  sink: S,
  context: QueryContext,
  signal: AbortSignal,
  { arranged = (rows) => rows }: AnswerOptions = {},
): AsyncGenerator<PieceOf<S>> {
  const rowsMax = Math.min(
    plan.limit,
    rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0),
  );
  using held = context.answerRows.reserve(rowsMax);
  // One more than wanted shows whether there are more; one is that of the cursor.
  const found = await selectRows(rowGroups, { ...plan, limit: plan.limit + 2 }, context, signal);
  held.keep(found.length);
  const from = found.length > 0 && isRowOf(found.cursorAt(0), plan) ? 1 : 0;
  const rows = portionOf(found, from, plan.limit);
  context.page.hasMore = found.length - from > rows.length;
  if (rows.length === 0) return;
  context.page.last = rows.cursorAt(rows.length - 1);
  yield* renderAll(arranged(rows), sink, context, signal);
}

function portionOf(rows: SelectedRows, from: number, limit: number): SelectedRows {
  const length = Math.min(rows.length - from, limit);
  return {
    length,
    slice: (start, end) => rows.slice(from + start, from + Math.min(end, length)),
    cursorAt: (index) => rows.cursorAt(from + index),
  };
}

/** Renders selected rows in their order. */
async function* renderAll<S extends Sink>(
  rows: Pick<SelectedRows, 'length' | 'slice'>,
  sink: S,
  context: QueryContext,
  signal: AbortSignal,
): AsyncGenerator<PieceOf<S>> {
  using pieces = context.answerText.begin();
  let rowsAtOnce = RENDER_ROWS_AT_FIRST;
  for (let from = 0; from < rows.length;) {
    signal.throwIfAborted();
    const parts = partsOf(rows.slice(from, from + rowsAtOnce));
    rowsAtOnce = Math.min(rowsAtOnce * 2, RENDER_ROWS_AT_ONCE);
    const bytesMax = pieces.reserve() / parts.length;
    const outputs = await Promise.all(parts.map((part) => renderPart(part, bytesMax, sink, context, signal)));
    const count = renderedRows(parts, outputs);
    const piece = pieceOf(parts, outputs, count, sink);
    pieces.hold(sizeOfPiece(piece));
    if (!isEmpty(piece)) yield piece as PieceOf<S>;
    from += count;
  }
}

/** Rows for one worker thread, in the order of the answer, with their places in it. */
interface Part {
  readonly groups: RowGroupRef[];
  readonly rows: SelectedRow[];
  readonly positions: number[];
}

/**
 * Distributes row groups among the workers: each opens its own, since opening dominates the cost when few rows are
 * wanted.
 */
function partsOf(rows: readonly SelectedRow[]): Part[] {
  const parts = Array.from({ length: SCANS_AT_ONCE }, (): Part => ({ groups: [], rows: [], positions: [] }));
  const partOf = new Map<RowGroupRef, Part>();
  for (const [position, row] of rows.entries()) {
    let part = partOf.get(row.group);
    if (part === undefined) {
      part = parts[partOf.size % parts.length]!;
      partOf.set(row.group, part);
      part.groups.push(row.group);
    }
    part.rows.push(row);
    part.positions.push(position);
  }
  return parts.filter((part) => part.rows.length > 0);
}

async function renderPart(
  { groups, rows }: Part,
  bytesMax: number,
  sink: Sink,
  context: QueryContext,
  signal: AbortSignal,
): Promise<RenderedRows> {
  const indexOf = new Map(groups.map((group, index) => [group, index]));
  const output = await context.render(
    {
      places: groups.map(placeOf),
      groupOf: Uint32Array.from(rows, ({ group }) => indexOf.get(group)!),
      rows: Uint32Array.from(rows, ({ row }) => row),
      timesNs: Float64Array.from(rows, ({ group, day, timeNs }) => (day - group.baseDay) * NS_PER_DAY + timeNs),
      sink,
      bytesMax,
    },
    signal,
  );
  await quarantineAll(output.unusable, groups, context.quarantine);
  return output.rendered;
}

/** Returns the number of rows, in the order of the answer, before the first one that no part has rendered. */
function renderedRows(parts: readonly Part[], outputs: readonly RenderedRows[]): number {
  const rowCount = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  return Math.min(...parts.map(({ positions }, p) => positions[doneCountOf(outputs[p]!)] ?? rowCount));
}

/**
 * Joins what all parts have rendered, row by row in the order of the answer, for the first `count` rows. Consumes the
 * outputs.
 */
function pieceOf(parts: readonly Part[], outputs: readonly RenderedRows[], count: number, sink: Sink): Piece {
  if (sink.kind === 'rows') return blockOfParts(parts, outputs.filter(isBlock), count, sink);
  return textOfParts(parts, outputs.filter(isText), count);
}

function isEmpty(piece: Piece): boolean {
  return piece instanceof Uint8Array ? piece.length === 0 : piece.rowCount === 0;
}

function isText(rendered: RenderedRows): rendered is RenderedText {
  return rendered.kind === 'text';
}

function isBlock(rendered: RenderedRows): rendered is RenderedBlock {
  return rendered.kind === 'rows';
}

function textOfParts(parts: readonly Part[], outputs: readonly RenderedText[], count: number): Uint8Array {
  if (outputs.length === 1) return outputs[0]!.text;
  const pieces: Uint8Array[] = [];
  for (const [p, { positions }] of parts.entries()) {
    const { text, ends } = outputs[p]!;
    for (const [i, position] of positions.entries()) {
      if (position < count) pieces[position] = text.subarray(ends[i - 1] ?? 0, ends[i]);
    }
  }
  const all = Buffer.concat(pieces);
  for (const { text } of outputs) freeMemory(text);
  return all;
}

function blockOfParts(
  parts: readonly Part[],
  outputs: readonly RenderedBlock[],
  count: number,
  { fields }: RowsSink,
): RowBlock {
  if (outputs.length === 1) return outputs[0]!.block;
  const rows: (readonly [part: number, row: number])[] = [];
  for (const [p, { places }] of outputs.entries()) {
    for (const [row, place] of places.entries()) {
      const position = parts[p]!.positions[place]!;
      if (position < count) rows[position] = [p, row];
    }
  }
  // Rows of unreadable row groups are missing.
  const chosen = rows.filter(() => true);
  return mergedBlocks(
    outputs.map(({ block }) => block),
    fields,
    chosen,
  );
}
