import { expect, test } from 'vitest';
import { batchOf, numberedLines, range, readLines, TODAY } from '../batches.ts';
import { append, expectLines, filesIn, linesOf, openStore, reopen } from '../open-store.ts';

test('what was appended is there at once, after a flush, and after a restart', async () => {
  const open = await openStore();
  const first = numberedLines('a', 0, 100);
  const second = numberedLines('b', 0, 50);
  expect(await append(open.store, batchOf({ lines: first, files: [range('f', 0, 10)] }))).toEqual({ rowCount: 100 });
  await append(open.store, batchOf({ lines: second, files: [range('f', 10, 20)] }));
  const again = await expectLines(open, [...first, ...second]);
  await again.store.flushAll();
  expect(again.store.stats()).toMatchObject({ rowCount: 150, segmentCount: 1, walFileCount: 0 });
  await expectLines(again, [...first, ...second]);
});

test('rows of several days go to a segment each', async () => {
  const open = await openStore();
  const lines = [
    ...numberedLines('a', 0, 10, TODAY - 3),
    ...numberedLines('b', 0, 10, TODAY),
    ...numberedLines('c', 0, 10, TODAY + 1),
  ];
  await append(open.store, batchOf({ lines }));
  await open.store.flushAll();
  expect(
    (await filesIn(open.dataDir)).filter((path) => path.endsWith('.seg')).map((path) => path.split('/')[1]),
  ).toEqual(['2026-11-20', '2026-11-23', '2026-11-24']);
  await expectLines(open, lines);
});

test('a snapshot is not changed by appends and flushes, and keeps its files until it is released', async () => {
  const open = await openStore();
  const lines = numberedLines('a', 0, 10);
  await append(open.store, batchOf({ lines }));
  const before = open.store.snapshot();
  const text = readLines(before.rowGroups);
  await append(open.store, batchOf({ lines: numberedLines('b', 0, 10) }));
  await open.store.flushAll();
  expect(readLines(before.rowGroups)).toEqual(text);
  before.release();
  before.release();
  await reopen(open);
  expect((await filesIn(open.dataDir)).filter((path) => path.startsWith('wal/'))).toEqual([]);
});

test('batches without rows move positions only', async () => {
  const open = await openStore();
  await append(open.store, batchOf({ files: [range('f', 0, 10)] }));
  await open.store.flushAll();
  await append(open.store, batchOf({ files: [range('g', 0, 10)], gone: ['f'] }));
  const again = await expectLines(open, []);
  expect(again.state.ends).toEqual({ g: 10 });
  expect(linesOf(again.store)).toEqual([]);
});
