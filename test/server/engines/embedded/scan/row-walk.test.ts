/** A walk gives every row that matches, once and in order, whatever room it has. */
import { expect, test } from 'vitest';
import { instantOf } from '../../../../../shared/time.ts';
import type { RowBatch } from '../../../../../server/engines/embedded/scan/row-batch.ts';
import { type WalkLimits, walkRows } from '../../../../../server/engines/embedded/scan/row-walk.ts';
import type { ScanInput } from '../../../../../server/engines/embedded/scan/scan.ts';
import { compareCursors } from '../../../../../server/store/cursor.ts';
import { valueLeaf } from '../../../../../server/store/predicate.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { Random } from '../../../../corpus/random.ts';
import { naiveCursor, naiveSearch } from '../../../store/naive-search.ts';
import { batchOf, type Line, TODAY } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf, queryContext } from '../query-context.ts';

const NEVER = new AbortController().signal;
const ROOMY: WalkLimits = { rowsAtFirst: 16, rows: 512, lineBytes: 1 << 20, rowsHeld: 1 << 18 };

/** Batches of a few streams: some at a few instants, some spread over a day and over midnight. */
function linesOf(random: Random, from: number, count: number): Line[] {
  const spread = random.below(3);
  const startNs = random.below(86_400) * 1e9;
  return Array.from({ length: count }, (_, i) => ({
    text: `{"n":${from + i},"user":${random.below(5)}}`,
    day: TODAY + (spread === 2 ? random.below(2) : 0),
    timeNs: spread === 0 ? random.below(4) * 1e9 : startNs / 2 + random.below(40_000) * 1e9,
    labels: { namespace: 'shop', pod: `api-${random.below(3)}` },
  }));
}

async function walked(
  batches: AsyncIterable<RowBatch>,
  limits: WalkLimits,
): Promise<{ arrival: number; batch: number }[]> {
  const rows: { arrival: number; batch: number }[] = [];
  let count = 0;
  for await (const batch of batches) {
    expect(batch.rows.length).toBeLessThanOrEqual(limits.rows);
    for (let i = 0; i < batch.rows.length; i++) {
      // Of rows in the WAL.
      const arrival = batch.groups[batch.groupOf[i]!]!.order + batch.rows[i]!;
      expect(batch.cursorAt(i).arrival).toBe(arrival);
      rows.push({ arrival, batch: count });
    }
    count++;
  }
  return rows;
}

test.each([0, 1, 2, 3, 4, 5, 6, 7])(
  'rows of row groups that overlap, with much room and with little: seed %i',
  async (seed) => {
    const random = new Random(seed);
    const { store } = await openStore();
    const lines: Line[] = [];
    for (let batch = 0; batch < 24; batch++) {
      const added = linesOf(random, lines.length, 1 + random.below(300));
      lines.push(...added);
      await append(store, batchOf({ lines: added }));
    }
    const naive = lines.map((line, arrival) => ({
      text: line.text,
      labels: line.labels!,
      instant: instantOf(line.day!, line.timeNs!),
      arrival,
    }));
    const limits: readonly WalkLimits[] = [ROOMY, { rowsAtFirst: 1, rows: 100, lineBytes: 700, rowsHeld: 200 }];
    const where = valueLeaf('user', [parsePattern('2')]);
    using snapshot = store.snapshot();
    for (const direction of ['forward', 'backward'] as const) {
      const after = naiveCursor(naive[random.below(naive.length)]!, NaN);
      const plans: Plan[] = [planOf({ direction }), planOf({ direction, where }), planOf({ direction, after })];
      for (const plan of plans.map((each) => ({ ...each, limit: Infinity }))) {
        const want = naiveSearch(naive, plan).map(({ arrival }) => arrival);
        for (const limit of limits) {
          const rows = await walked(walkRows(snapshot.rowGroups, plan, queryContext(store), NEVER, limit), limit);
          expect(rows.map(({ arrival }) => arrival)).toEqual(want);
        }
      }
    }
  },
);

test('row groups that follow each other are scanned once each, and not before they are wanted', async () => {
  const { store } = await openStore();
  const count = 60;
  for (let batch = 0; batch < count; batch++) {
    const lines = Array.from({ length: 1000 }, (_, i) => ({ text: `{"n":${i}}`, timeNs: (batch * 1000 + i) * 1e6 }));
    await append(store, batchOf({ lines }));
  }
  const context = queryContext(store);
  let scanned = 0;
  const counting = {
    ...context,
    scan: (input: ScanInput, signal: AbortSignal) => {
      scanned += input.places.length;
      return context.scan(input, signal);
    },
  };
  using snapshot = store.snapshot();
  const plan = { ...planOf({ direction: 'forward' }), limit: Infinity };
  const batches = walkRows(snapshot.rowGroups, plan, counting, NEVER, ROOMY);
  const { value: first } = await batches.next();
  expect((first as RowBatch).rows.length).toBe(ROOMY.rowsAtFirst);
  expect(scanned).toBeLessThan(count / 2);
  let last = (first as RowBatch).cursorAt(0);
  for await (const batch of batches) {
    expect(compareCursors(last, batch.cursorAt(0))).toBeLessThan(0);
    last = batch.cursorAt(batch.rows.length - 1);
  }
  expect(scanned).toBe(count);
});

test('a walk ends when nobody waits for it', async () => {
  const { store } = await openStore();
  await append(store, batchOf({ lines: linesOf(new Random(1), 0, 50) }));
  const stop = new AbortController();
  using snapshot = store.snapshot();
  const batches = walkRows(
    snapshot.rowGroups,
    { ...planOf(), limit: Infinity },
    queryContext(store),
    stop.signal,
    ROOMY,
  );
  await batches.next();
  stop.abort();
  const rest = walkRows(snapshot.rowGroups, { ...planOf(), limit: Infinity }, queryContext(store), stop.signal, ROOMY);
  await expect(rest.next()).rejects.toThrow(/abort/i);
});
