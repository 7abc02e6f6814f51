/**
 * Several tenants as one: what LogQL asks of a view is asked of each, and the answers are put together. Each stream gets the
 * label `__tenant_id__`, as Loki has it, by which a query can also choose among them.
 */
import { PodlogError } from '../../shared/errors.ts';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import { TENANT_LABEL } from '../../shared/tenant-name.ts';
import { Regexp } from '../../shared/regexp/regexp.ts';
import { UNION_ROWS_AT_ONCE } from '../limits.ts';
import { type AggregatePlan, type Aggregation, type Cell, WHOLE_STREAM } from '../store/aggregate-plan.ts';
import { NO_CURSOR_KEY } from '../store/cursor.ts';
import type { LogReader, LogView } from '../store/log-store.ts';
import { EVERYTHING, normalised, NOTHING, type Predicate, type ValueTest, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { type RowBlock, RowBlockBuilder } from '../store/row-block.ts';
import type { Direction, Plan } from '../store/search-plan.ts';
import type { PieceOf, RowsSink, Sink } from '../store/sink.ts';

export function unionReader(readers: ReadonlyMap<string, LogReader>): LogReader {
  return {
    cursorKey: NO_CURSOR_KEY,
    view: () => unionView([...readers].map(([name, reader]) => ({ name, view: reader.view() }))),
    follow: () => {
      throw notOfSeveral('a live tail');
    },
  };
}

/** Returns the error of a question that only one tenant can be asked. */
export function notOfSeveral(what: string): PodlogError {
  return new PodlogError(
    'PODLOG_SEVERAL_TENANTS',
    400,
    `${what} cannot be asked of several tenants: name one in X-Scope-OrgID`,
  );
}

interface TenantView {
  readonly name: string;
  readonly view: LogView;
}

function unionView(views: readonly TenantView[]): LogView {
  const unasked = (): never => {
    throw notOfSeveral('this');
  };
  return {
    search: (plan, sink, query) => search(views, plan, sink, query),
    aggregate: (plan, query) => aggregate(views, plan, query),
    streams: async (predicate, query) => {
      const found = await Promise.all(
        views.map(async ({ name, view }) =>
          (await view.streams(ofTenant(predicate, name), query)).map((labels) => labelled(labels, name)),
        ),
      );
      return found.flat();
    },
    facets: unasked,
    facetsOfSides: unasked,
    rowValues: unasked,
    nameRows: unasked,
    [Symbol.dispose]: () => {
      for (const { view } of views) view[Symbol.dispose]();
    },
  };
}

function labelled(labels: Labels, tenant: string): Labels {
  return { ...labels, [TENANT_LABEL]: tenant };
}

/** Returns the predicate without conditions on the name of the tenant, which are known. */
function ofTenant<P extends Predicate>(predicate: P, tenant: string): P {
  return { ...predicate, where: normalised(known(predicate.where, tenant)) };
}

function known(where: Where, tenant: string): Where {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map((each) => known(each, tenant)) };
    case 'not':
      return { kind: 'not', of: known(where.of, tenant) };
    case 'value':
      if (where.name !== TENANT_LABEL) return where;
      return where.tests.some((test) => passes(test, tenant)) ? EVERYTHING : NOTHING;
    case 'text':
    case 'regexp':
    case 'json':
      return where;
  }
}

/** Selectors have no other tests. */
function passes(test: ValueTest, tenant: string): boolean {
  switch (test.kind) {
    case 'exists':
      return true;
    case 'equals':
      return Buffer.from(tenant).equals(test.text);
    case 'regexp':
      return new Regexp(test.pattern).testText(tenant);
    case 'wildcard':
    case 'compare':
      throw notOfSeveral('such a condition on the tenant');
  }
}

/** Merges by time; of equal times, the tenants' lines come in the order of their names. */
async function* search<S extends Sink>(
  views: readonly TenantView[],
  plan: Plan,
  sink: S,
  query: Query,
): AsyncGenerator<PieceOf<S>> {
  if (sink.kind !== 'rows') throw notOfSeveral('an answer as text');
  const rows: RowsSink = sink;
  const fields = rows.fields.map((_, i) => i);
  const sources = views.map(({ name, view }) => new Source(view.search(ofTenant(plan, name), rows, query), name));
  try {
    await Promise.all(sources.map((source) => source.next()));
    for (let left = plan.limit; left > 0;) {
      const rowsMax = Math.min(left, UNION_ROWS_AT_ONCE);
      const builder = new RowBlockBuilder(rows.fields, rowsMax);
      let rowCount = 0;
      for (; rowCount < rowsMax; rowCount++) {
        const source = firstOf(sources, plan.direction);
        if (source === undefined) break;
        builder.addFrom(source.block!, source.row, fields);
        if (!source.advance()) await source.next();
      }
      if (rowCount === 0) return;
      left -= rowCount;
      yield builder.finish() as PieceOf<S>;
    }
  } finally {
    for (const source of sources) await source.end();
  }
}

/** The rows of one tenant, one after the other. */
class Source {
  readonly #blocks: AsyncIterator<RowBlock>;
  readonly #tenant: string;
  /** Undefined when there is none any more. */
  block: RowBlock | undefined;
  row = 0;

  constructor(blocks: AsyncIterable<RowBlock>, tenant: string) {
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#tenant = tenant;
  }

  /** Returns false where the next row is in another block. */
  advance(): boolean {
    return ++this.row < this.block!.rowCount;
  }

  async next(): Promise<void> {
    let block: RowBlock | undefined;
    do {
      const piece = await this.#blocks.next();
      block = piece.done === true ? undefined : piece.value;
    } while (block?.rowCount === 0);
    this.row = 0;
    this.block = block && { ...block, streams: block.streams.map((labels) => labelled(labels, this.#tenant)) };
  }

  async end(): Promise<void> {
    await this.#blocks.return?.();
  }
}

function firstOf(sources: readonly Source[], direction: Direction): Source | undefined {
  const sign = direction === 'forward' ? 1 : -1;
  let first: Source | undefined;
  for (const source of sources) {
    if (source.block === undefined) continue;
    if (first === undefined || sign * distance(source, first) < 0) first = source;
  }
  return first;
}

function distance(a: Source, b: Source): number {
  const days = a.block!.days[a.row]! - b.block!.days[b.row]!;
  return days === 0 ? a.block!.timesNs[a.row]! - b.block!.timesNs[b.row]! : days;
}

/**
 * Adds up groups that several tenants have. With a limit, a tenant's groups beyond it are missing in the sums; whoever wants those of
 * the largest exactly counts them again.
 */
async function aggregate(views: readonly TenantView[], plan: AggregatePlan, query: Query): Promise<Aggregation> {
  if (plan.orderBy !== undefined || plan.having !== undefined || plan.measures.some(({ kind }) => kind !== 'bytes'))
    throw notOfSeveral('this');
  const byKey = new Map<string, Cell>();
  let groupCount = 0;
  let groupCountError = 0;
  for (const { name, view } of views) {
    const own = await view.aggregate(ofTenant(plan, name), query);
    groupCount = Math.max(groupCount, own.groupCount);
    groupCountError = Math.max(groupCountError, own.groupCountError);
    for (const each of own.cells) {
      const cell = { ...each, by: each.by.map((value, i) => valueOf(plan.by[i]!, value, name)) };
      const key = JSON.stringify([cell.bucket, cell.by]);
      const other = byKey.get(key);
      byKey.set(key, other === undefined ? cell : sumOf(cell, other));
    }
  }
  const cells = [...byKey.values()].toSorted((a, b) => b.rows - a.rows).slice(0, plan.limit);
  return { cells, groupCount: Math.max(groupCount, byKey.size), groupCountError };
}

function valueOf(by: string, value: string, tenant: string): string {
  if (by === `label.${TENANT_LABEL}`) return tenant;
  if (by !== WHOLE_STREAM) return value;
  return labelsKey(labelled(Object.fromEntries(JSON.parse(value) as [string, string][]), tenant));
}

function sumOf(a: Cell, b: Cell): Cell {
  const bytesOf = ({ measures }: Cell, i: number): number => {
    const measured = measures[i];
    return measured?.kind === 'bytes' ? measured.bytes : 0;
  };
  const measures = a.measures.map((_, i) => ({ kind: 'bytes' as const, bytes: bytesOf(a, i) + bytesOf(b, i) }));
  return { ...a, rows: a.rows + b.rows, measures };
}
