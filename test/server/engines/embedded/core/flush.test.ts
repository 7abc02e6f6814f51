/** A flush is bounded in memory by what its rows are decoded to, and nothing keeps it from its end but a failing disk. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RowGroupTooLargeError, WorkerDiedError } from '../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { encodeBatch } from '../../../../../shared/wire.ts';
import { FLUSH_DEATHS_MAX, FLUSH_DECODED_BYTES_MAX, WAL_FILE_DECODED_BYTES_MAX } from '../../../../../server/limits.ts';
import { realDisk, withFile } from '../../../../../server/engines/embedded/platform/disk.ts';
import { flush, type FlushInput, segmentsMax } from '../../../../../server/engines/embedded/core/flush.ts';
import { SMALL, withHeader } from '../../../../fuzz/row-groups.ts';
import { batchOf, linesAsRead, numberedLines, rowGroupOf } from '../batches.ts';
import { append, closeStore, expectDamage, expectLines, linesOf, newFolder, openStore, reopen } from '../open-store.ts';

const MIB = 1024 * 1024;

/** A few hundred bytes that are 3 MiB when they are decoded. */
const DENSE_ROWS = 65_536;
const DENSE = encodeBatch({
  node: 'n',
  files: [],
  gone: [],
  rowGroup: rowGroupOf(Array.from({ length: DENSE_ROWS }, (_, row) => ({ text: '{"a":1}', timeNs: row }))),
});
const DENSE_BYTES = new RowGroup(DENSE.subarray(DENSE.indexOf('PRG1'))).decodedSize().allBytes;

describe('rows that compress to nothing', () => {
  test('a WAL file ends when its rows are as many as a flush can hold', async () => {
    const open = await openStore({ flush: () => Promise.reject(new Error('not now')) });
    const fileBatches = Math.ceil(WAL_FILE_DECODED_BYTES_MAX / DENSE_BYTES);
    // At once, so that many would share a write.
    await Promise.all(Array.from({ length: fileBatches * 2 + 1 }, () => append(open.store, DENSE)));
    expect(open.store.sealedWalFileCount).toBe(2);
    expect(open.store.stats()).toMatchObject({ walFileCount: 3, rowCount: (fileBatches * 2 + 1) * DENSE_ROWS });
    await closeStore(open);
  });

  test('a WAL file of any size is flushed a piece at a time, in the order of arrival', async () => {
    const batches = Math.floor(FLUSH_DECODED_BYTES_MAX / DENSE_BYTES) + 1;
    const dataDir = await newFolder();
    const path = join(dataDir, 'dense.wal');
    await realDisk.makeFolder(dataDir);
    await withFile(realDisk, path, 'create', (file) => file.write(Array<Buffer>(batches).fill(DENSE), 0));
    const { info } = new RowGroup(DENSE.subarray(DENSE.indexOf('PRG1')));
    const rowGroups = Array.from({ length: batches }, (_, i) => ({
      ...info,
      path,
      offset: (i + 1) * DENSE.length - info.sizeBytes,
      decodedBytes: DENSE_BYTES,
      order: i * DENSE_ROWS,
    }));
    const origin = { wal: 6, attempt: 7, orderFrom: 0, orderTo: batches * DENSE_ROWS, positions: null };
    const input = { dataDir, rowGroups, indexedFields: [], sequenceFrom: 7, origin, leavesOutUnreadable: false };
    const { segments, damages } = await flush(realDisk, input);
    expect(damages).toEqual([]);
    expect(segments.map(({ sequence, rowCount }) => [sequence, rowCount])).toEqual([
      [7, (batches - 1) * DENSE_ROWS],
      [8, DENSE_ROWS],
    ]);
  });

  test.each([
    [
      'ROW_GROUP_DECODED_BYTES_MAX',
      'texts of their own',
      (row: number) => `${'x'.repeat(MIB)}${String.fromCodePoint(0x100 + row)}`,
    ],
    ['ROW_GROUP_LINE_BYTES_MAX', 'a number in a long text', (row: number) => `${'x'.repeat(MIB)}${row}`],
  ])('one row group beyond %s is refused: %s', async (limit, _, lineOf) => {
    const open = await openStore();
    const lines = Array.from({ length: 66 }, (__, row) => ({ text: lineOf(row) }));
    const refused = append(open.store, batchOf({ lines }));
    await expect(refused).rejects.toThrow(RowGroupTooLargeError);
    await expect(refused).rejects.toMatchObject({ status: 413, message: expect.stringContaining(limit) as string });
    await expectLines(open, []);
  });
});

/** A row group whose checksums are right and whose last column has values that cannot be. */
const NONSENSE = encodeBatch({
  node: 'n',
  files: [],
  gone: [],
  rowGroup: withHeader(SMALL, (body) => body.fill(0xff, body.length - 200)),
});

describe('a row group whose checksums are right and whose content is not', () => {
  test.each([1, 2, 3])('is set aside, and the others are flushed (%i)', async (count) => {
    let open = await openStore();
    expectDamage(open);
    const [before, after] = [numberedLines('before', 0, 10), numberedLines('after', 0, 10)];
    await append(open.store, batchOf({ lines: before }));
    for (let i = 0; i < count; i++) await append(open.store, NONSENSE);
    await append(open.store, batchOf({ lines: after }));
    if (count === 2) open = await reopen(open);
    await open.store.flushAll();
    expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: count });
    expect(linesOf(open.store)).toEqual(linesAsRead([...before, ...after]));
    const copies = await readdir(join(open.dataDir, 'quarantine'));
    expect(copies.length).toBe(count);
    const rowGroup = NONSENSE.subarray(NONSENSE.indexOf('PRG1'));
    expect(await readFile(join(open.dataDir, 'quarantine', copies[0]!))).toEqual(rowGroup);
    const later = numberedLines('later', 0, 10);
    await append(open.store, batchOf({ lines: later }));
    await open.store.flushAll();
    await expectLines(open, [...before, ...after, ...later]);
  });

  test('alone', async () => {
    const open = await openStore();
    await append(open.store, NONSENSE);
    await open.store.flushAll();
    expect(open.store.stats()).toMatchObject({ walFileCount: 0, segmentCount: 0, quarantinedCount: 1 });
    await expectLines(open, []);
  });
});

describe('a worker that dies in a flush', () => {
  const batches = Array.from({ length: 9 }, (_, i) => numberedLines(`batch ${i}`, 0, 5));

  /** Dies as long as `dies` says so of a row group that it is given. */
  function dyingFlush(dies: (order: number) => boolean): {
    flush: (input: FlushInput) => ReturnType<typeof flush>;
    deaths: number;
  } {
    const worker = {
      deaths: 0,
      flush: async (input: FlushInput) => {
        if (!input.rowGroups.some(({ order }) => dies(order))) return flush(realDisk, input);
        worker.deaths++;
        throw new WorkerDiedError('a worker thread died in the middle of this', 1);
      },
    };
    return worker;
  }

  test.each([0, 4, 8])('takes nothing with it but what kills it (batch %i)', async (killer) => {
    const worker = dyingFlush((order) => order === killer * 5);
    const open = await openStore({ flush: worker.flush });
    for (const lines of batches) await append(open.store, batchOf({ lines }));
    await open.store.flushAll();
    expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: 1 });
    expect(worker.deaths).toBeLessThanOrEqual(5);
    await expectLines(open, batches.filter((_, i) => i !== killer).flat());
  });

  test('once, for another reason: nothing is set aside', async () => {
    for (const count of [1, 9]) {
      const worker = dyingFlush(() => worker.deaths < FLUSH_DEATHS_MAX - 1);
      const open = await openStore({ flush: worker.flush });
      for (const lines of batches.slice(0, count)) await append(open.store, batchOf({ lines }));
      await open.store.flushAll();
      expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: 0 });
      await expectLines(open, batches.slice(0, count).flat());
    }
  });
});

test('a flush has a sequence for each day of each row group', async () => {
  const days = [
    { baseDay: 20_780, minTimeNs: 0, maxTimeNs: 1 },
    { baseDay: 20_780, minTimeNs: -1, maxTimeNs: 86_400e9 },
  ];
  const rowGroup = { path: '', offset: 0, sizeBytes: 0, rowCount: 1, lineBytes: 0, order: 0, streams: [] };
  expect(segmentsMax(days.map((day) => ({ ...rowGroup, ...day })))).toBe(1 + 3);
});
