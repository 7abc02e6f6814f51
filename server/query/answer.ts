/** From the rows that a search found to the text of its answer, some rows at a time. */
import { CorruptionError } from '../../shared/errors.ts';
import { RENDER_ROWS_AT_ONCE } from '../limits.ts';
import type { Plan } from '../store/scan/plan.ts';
import { placeOf } from '../store/scan/row-groups.ts';
import { type ScanContext, selectRows } from '../store/scan/select.ts';
import type { SelectedRow } from '../store/scan/top-rows.ts';
import type { RowGroupRef } from '../store/snapshot.ts';
import type { Format, RenderInput, RenderOutput } from './render.ts';

/** Where scans and rendering run. */
export interface QueryContext extends ScanContext {
  readonly render: (input: RenderInput, signal: AbortSignal) => Promise<RenderOutput>;
}

/**
 * The text of the answer, in pieces. Broken row groups are set aside and left out.
 * @param rowGroups  must stay readable until the generator ends
 */
export async function* select(
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
  format: Format,
  context: QueryContext,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield* renderAll(await selectRows(rowGroups, plan, context, signal), format, context, signal);
}

/** Renders selected rows in their order. */
export async function* renderAll(
  rows: readonly SelectedRow[],
  format: Format,
  context: QueryContext,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < rows.length; from += RENDER_ROWS_AT_ONCE) {
    signal.throwIfAborted();
    const some = rows.slice(from, from + RENDER_ROWS_AT_ONCE);
    const groups = [...new Set(some.map(({ group }) => group))];
    const indexOf = new Map(groups.map((group, index) => [group, index]));
    const { text, corruptions } = await context.render(
      {
        places: groups.map(placeOf),
        groupOf: Uint32Array.from(some, ({ group }) => indexOf.get(group)!),
        rows: Uint32Array.from(some, ({ row }) => row),
        format,
      },
      signal,
    );
    for (const { group, message } of corruptions) await context.setAside(groups[group]!, new CorruptionError(message));
    if (text.length > 0) yield text;
  }
}
