/** How many lines a predicate has. */
import type { LogView } from '../store/log-store.ts';
import type { Predicate } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';

export async function countLines(
  predicate: Predicate,
  view: Pick<LogView, 'aggregate'>,
  query: Query,
): Promise<number> {
  const plan = { ...predicate, by: [], measures: [], stepNs: undefined, limit: 1 };
  return (await view.aggregate(plan, query)).cells[0]?.rows ?? 0;
}
