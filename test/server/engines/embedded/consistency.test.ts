/** Snapshots taken at any moment of appends, flushes and retention: each shows every acknowledged line exactly once. */
import { expect, test } from 'vitest';
import type { RowGroupRef } from '../../../../server/engines/embedded/segment/row-group-ref.ts';
import { batchOf, linesAsRead, numberedLines, range, readLines, TODAY } from './batches.ts';
import { append, checkStore, expectLines, openStore } from './open-store.ts';

const BATCHES = 60;
const ROWS = 20;

test('readers beside a writer and a flusher', async () => {
  const open = await openStore();
  const { store } = open;
  let acknowledged = 0;
  let begun = 0;
  const written = new AbortController();
  const write = async (): Promise<void> => {
    for (let i = 0; i < BATCHES; i++) {
      begun = (i + 1) * ROWS;
      await append(store, batchOf({ lines: numberedLines('a', i * ROWS, ROWS), files: [range('f', i, i + 1)] }));
      acknowledged = begun;
    }
    written.abort();
  };
  const flushOften = async (): Promise<void> => {
    do await store.flushAll();
    while (!written.signal.aborted);
  };
  const read = async (): Promise<void> => {
    do {
      const atLeast = acknowledged;
      const snapshot = store.snapshot();
      const atMost = begun;
      await new Promise((resolve) => setImmediate(resolve));
      const lines = readLines(snapshot.rowGroups);
      snapshot.release();
      expect(lines.length).toBeGreaterThanOrEqual(atLeast);
      expect(lines.length).toBeLessThanOrEqual(atMost);
      expect(lines).toEqual(linesAsRead(numberedLines('a', 0, lines.length)));
    } while (!written.signal.aborted);
  };
  await Promise.all([write(), flushOften(), read(), read()]);
  await checkStore(store, open.dataDir);
  await expectLines(open, numberedLines('a', 0, BATCHES * ROWS));
});

test('a listener gets each row group once, when snapshots have it', async () => {
  const { store } = await openStore();
  const heard: RowGroupRef[] = [];
  const end = store.onAppend((rowGroups) => {
    const snapshot = store.snapshot();
    for (const rowGroup of rowGroups) expect(snapshot.rowGroups).toContain(rowGroup);
    snapshot.release();
    heard.push(...rowGroups);
  });
  await Promise.all([1, 2, 3].map((n) => append(store, batchOf({ lines: numberedLines(`b${n}`, 0, 5) }))));
  end();
  await append(store, batchOf({ lines: numberedLines('unheard', 0, 5) }));
  expect(readLines(heard)).toEqual(linesAsRead([1, 2, 3].flatMap((n) => numberedLines(`b${n}`, 0, 5))));
  expect(heard.map(({ order }) => order)).toEqual([0, 5, 10]);
});

test('order tells rows with equal times apart, across flushes and restarts', async () => {
  let open = await openStore();
  const batch = (name: string): Buffer => batchOf({ lines: [{ text: name, day: TODAY, timeNs: 7 }] });
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
    await append(open.store, batch(name));
    if (i % 2 === 0) await open.store.flushAll();
    open = await expectLines(
      open,
      ['a', 'b', 'c', 'd'].slice(0, i + 1).map((text) => ({ text, day: TODAY, timeNs: 7 })),
    );
  }
  const snapshot = open.store.snapshot();
  const inOrder = snapshot.rowGroups.toSorted((a, b) => a.order - b.order).flatMap((each) => readLines([each]));
  expect(inOrder.map((line) => line.at(-1))).toEqual(['a', 'b', 'c', 'd']);
  snapshot.release();
});
