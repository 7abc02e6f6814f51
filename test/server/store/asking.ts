/** Questions to a store as production asks them: through the query engine. */
import type { LogStore, LogView } from '../../../server/store/log-store.ts';
import type { Query, QueryStatistics } from '../../../server/store/query.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import type { TextSink } from '../../../server/store/sink.ts';
import { type Asker, QueryEngine } from '../../../server/query/engine.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import type { Filters } from '../engines/embedded/filters.ts';
import { batchOf, type BatchOfLines, type Line } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { type ReadRow, rowsOf } from './naive-block.ts';

export const SOMEBODY: Asker = { caller: 'a test', signal: new AbortController().signal };

export async function ask<T>(store: LogStore, about: (view: LogView, query: Query) => Promise<T>): Promise<T> {
  return (await new QueryEngine(store).run(SOMEBODY, about)).answer;
}

export function append(store: LogStore, lines: readonly Line[]): Promise<{ rowCount: number }> {
  return appendBatch(store, { lines });
}

export function appendBatch(store: LogStore, batch: BatchOfLines): Promise<{ rowCount: number }> {
  const bytes = batchOf(batch);
  return store.append(bytes, decodeBatch(bytes));
}

/** The lines that a search finds, as text. */
export async function found(
  store: LogStore,
  plan: Partial<Plan> & Filters,
  sink: Omit<TextSink, 'kind'> = { format: 'raw' },
): Promise<string[]> {
  const { pieces } = new QueryEngine(store).stream(SOMEBODY, (view, query) =>
    view.search(planOf(plan), { kind: 'text', ...sink }, query),
  );
  return linesIn(Buffer.concat(await Array.fromAsync(pieces)));
}

/** The same as rows, and what it has cost. */
export async function foundRows(
  store: LogStore,
  plan: Plan,
  fields: readonly string[],
  withoutLines = false,
): Promise<{ rows: ReadRow[]; statistics: Readonly<QueryStatistics> }> {
  const { pieces, statistics } = new QueryEngine(store).stream(SOMEBODY, (view, query) =>
    view.search(plan, { kind: 'rows', fields, ...(withoutLines ? { withoutLines } : { withMetadata: true }) }, query),
  );
  return { rows: (await Array.fromAsync(pieces)).flatMap(rowsOf), statistics };
}

export function linesIn(text: Uint8Array): string[] {
  return Buffer.from(text).toString().split('\n').slice(0, -1);
}
