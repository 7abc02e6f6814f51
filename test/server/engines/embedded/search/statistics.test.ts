/** What the embedded store says of its work: which row groups it has looked into, and how much it has read for that. */
import { expect, test } from 'vitest';
import { QueryEngine } from '../../../../../server/query/engine.ts';
import type { LogView } from '../../../../../server/store/log-store.ts';
import type { Query, QueryStatistics } from '../../../../../server/store/query.ts';
import { instantOf } from '../../../../../shared/time.ts';
import type { Store } from '../../../../../server/engines/embedded/core/store.ts';
import { batchOf, numberedLines, TODAY } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf, RAW, readerOf } from '../query-context.ts';

const LINES = 2000;

/** Three row groups of a label and a time of their own. */
async function openFilled(): Promise<{ store: Store; sizes: readonly number[] }> {
  const { store } = await openStore();
  for (let part = 0; part < 3; part++) {
    const lines = numberedLines(`part-${part}`, part * LINES, LINES);
    await append(store, batchOf({ lines: lines.map((line) => ({ ...line, labels: { pod: `p${part}` } })) }));
  }
  const snapshot = store.snapshot();
  const sizes = snapshot.rowGroups.map(({ sizeBytes }) => sizeBytes);
  snapshot.release();
  return { store, sizes };
}

type About = (view: LogView, query: Query) => AsyncIterable<Uint8Array>;

const searching =
  (changes: Parameters<typeof planOf>[0]): About =>
  (view, query) =>
    view.search(planOf(changes), RAW, query);

async function costOf(engine: QueryEngine, about: About): Promise<Readonly<QueryStatistics>> {
  const { pieces, statistics } = engine.stream({ caller: 'a', signal: new AbortController().signal }, about);
  await Array.fromAsync(pieces);
  return statistics;
}

test('a search counts what it considers, what it reads, and what matches', async () => {
  const { store, sizes } = await openFilled();
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const engine = new QueryEngine(readerOf(store));
  const everything = await costOf(engine, searching({}));
  expect(everything).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 3, rowsMatched: 3 * LINES });
  expect(everything.bytesConsidered).toBe(all);
  expect(everything.bytesRead).toBeGreaterThan(all / 2);
  expect(everything.bytesRead).toBeLessThanOrEqual(2 * all);
});

test('times and labels that exclude row groups save reading them', async () => {
  const { store, sizes } = await openFilled();
  const from = instantOf(TODAY, 2 * LINES * 1e6);
  const engine = new QueryEngine(readerOf(store));
  const late = await costOf(engine, searching({ from }));
  expect(late).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 1, rowsMatched: LINES });
  expect(late.bytesRead).toBeLessThanOrEqual(2 * sizes[2]!);
  const none = await costOf(engine, searching({ from: instantOf(TODAY + 1, 0) }));
  expect(none).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 0, bytesRead: 0, rowsMatched: 0 });
});

test('what is still in memory is not read again', async () => {
  const { store } = await openFilled();
  const engine = new QueryEngine(readerOf(store));
  const text = { any: [Buffer.from('"n":17}')], none: [] };
  const first = await costOf(engine, searching({ text }));
  const second = await costOf(engine, searching({ text }));
  expect(first).toMatchObject({ rowsMatched: 1 });
  expect(second).toMatchObject({ rowGroupsRead: first.rowGroupsRead, rowsMatched: 1 });
  expect(second.bytesRead).toBeLessThan(first.bytesRead);
});

test('aggregations, facets and streams count what they read', async () => {
  const { store } = await openFilled();
  const engine = new QueryEngine(readerOf(store));
  const asker = { caller: 'a', signal: new AbortController().signal };
  const counted = { measures: [], stepNs: undefined, limit: undefined, by: ['n'] };
  const aggregated = await engine.run(asker, (view, query) => view.aggregate({ ...planOf(), ...counted }, query));
  expect(aggregated.statistics).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 3 });
  expect(aggregated.statistics.bytesRead).toBeGreaterThan(0);
  const facets = await engine.run(asker, (view, query) => view.facets(planOf(), ['pod'], query));
  expect(facets.statistics).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 3 });
  const from = instantOf(TODAY, (2 * LINES + 1) * 1e6);
  const streams = await engine.run(asker, (view, query) => view.streams(planOf({ from }), query));
  expect(streams.statistics).toMatchObject({ rowGroupsConsidered: 3, rowGroupsRead: 1 });
});
