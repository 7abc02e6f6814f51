/** Which lines a log query reads, and how many of them are surely enough. */
import type { LogView } from '../../store/log-store.ts';
import { anyOf, normalised, type Predicate } from '../../store/predicate.ts';
import type { Query } from '../../store/query.ts';
import type { Direction } from '../../store/search-plan.ts';
import { jsonColumns } from './json-columns.ts';
import { type Discovery, isExact, predicateOf } from './select.ts';
import type { LogExpr } from './syntax/ast.ts';

export interface LinesPlan {
  readonly predicate: Predicate;
  /** Infinity where a stage may drop some. */
  readonly limit: number;
  /** The lines that all stay, as their fields decide, some of which may have an index; and the other ones of the predicate, mostly none. */
  readonly byFields?: { readonly known: Predicate; readonly others: Predicate };
}

export interface LinesWanted {
  readonly expr: LogExpr;
  readonly visible: Predicate;
  readonly limit: number;
  readonly discovery: Discovery;
}

/** Filters of labels that `| json` finds are decided by columns, where the store knows what it finds. */
export async function linesPlan(
  { expr, visible, limit, discovery }: LinesWanted,
  view: LogView,
  query: Query,
): Promise<LinesPlan> {
  const asked = predicateOf(expr, visible, discovery);
  if (isExact(expr, discovery)) return { predicate: asked, limit };
  if (!expr.stages.some(({ kind }) => kind === 'json')) return { predicate: asked, limit: Infinity };
  const streams = await view.streams(asked, query);
  const columns = jsonColumns(expr, { names: [] }, streams, { visible, asked }, discovery);
  if (columns === undefined) return { predicate: asked, limit: Infinity };
  const where = normalised(anyOf([columns.known.where, columns.others.where]));
  const byFields = jsonColumns(expr, { names: [] }, streams, { visible, asked }, discovery, true);
  return { predicate: { ...asked, where }, limit: Infinity, ...(byFields !== undefined && { byFields }) };
}

/** Whether some line of the predicate is not before another in the direction of the answer; undefined for any. */
export async function hasLines(
  { from, to, where }: Predicate,
  upTo: bigint | undefined,
  direction: Direction,
  view: LogView,
  query: Query,
): Promise<boolean> {
  const range =
    direction === 'backward' ? { from: upTo ?? from, to } : { from, to: upTo === undefined ? to : upTo + 1n };
  const plan = { ...range, where, by: [], measures: [], stepNs: undefined, limit: 1 };
  return (await view.aggregate(plan, query)).groupCount > 0;
}
