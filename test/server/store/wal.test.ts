/** What a crash or a bad disk does to WAL files. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeFileHeader, encodeRecordHeader, FILE_HEADER_BYTES } from '../../../server/store/wal/format.ts';
import { scanWal } from '../../../server/store/wal/reader.ts';
import { batchOf, linesAsRead, numberedLines, range } from './batches.ts';
import { append, closeStore, filesIn, linesOf, openStore } from './open-store.ts';

const PAYLOADS = ['PLB1-the-first-payload', 'PLB1-two', 'PLB1-and-a-third', 'PLB1-four-is-the-last'].map((text) =>
  Buffer.from(text.padEnd(20, '.')),
);

/** A file of records; `groups` says how many records each commit has. */
function walFile(payloads: readonly Buffer[], groups: readonly number[]): { bytes: Buffer; ends: number[] } {
  const parts: Buffer[] = [encodeFileHeader({ sequence: 1, previousSequence: 0, previousBytes: 0 })];
  const ends: number[] = [];
  let size = FILE_HEADER_BYTES;
  let next = 0;
  for (const count of groups) {
    const syncedBytes = size;
    for (const payload of payloads.slice(next, next + count)) {
      const header = encodeRecordHeader(payload, syncedBytes);
      parts.push(header, payload);
      size += header.length + payload.length;
      ends.push(size);
    }
    next += count;
  }
  return { bytes: Buffer.concat(parts), ends };
}

function payloadsOf(bytes: Buffer, durableBytes?: number): string[] {
  return scanWal(bytes, durableBytes).records.map(({ payload }) => payload.toString());
}

const want = PAYLOADS.map(String);

test('a file cut anywhere has the whole records before the cut', () => {
  const { bytes, ends } = walFile(PAYLOADS, [1, 1, 1, 1]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { records, broken, durableBytes } = scanWal(bytes.subarray(0, cut), undefined);
    const whole = ends.filter((end) => end <= cut).length;
    expect(records.length).toBe(whole);
    expect(broken).toEqual([]);
    expect(durableBytes).toBe(whole > 0 ? ends[whole - 1] : Math.min(cut, FILE_HEADER_BYTES));
  }
});

test('a tail of zeros, as a power cut leaves it, is no record', () => {
  const { bytes } = walFile(PAYLOADS, [2, 2]);
  expect(scanWal(Buffer.concat([bytes, Buffer.alloc(5000)]), undefined)).toMatchObject({
    broken: [],
    durableBytes: bytes.length,
  });
});

test('a flipped byte costs one record, and only the last group may be torn', () => {
  const { bytes, ends } = walFile(PAYLOADS, [1, 1, 2]);
  for (let at = FILE_HEADER_BYTES; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x10;
    const record = ends.findIndex((end) => at < end);
    const sealed = scanWal(damaged, bytes.length);
    expect(sealed.records.map(({ payload }) => String(payload))).toEqual(want.filter((_, i) => i !== record));
    expect(sealed.broken).toHaveLength(1);
    const survivors = record < 2 ? want.filter((_, i) => i !== record) : want.slice(0, record);
    expect(payloadsOf(damaged)).toEqual(survivors);
  }
});

test('a sealed file that lost its end is broken, not torn', () => {
  const { bytes } = walFile(PAYLOADS, [1, 1, 1, 1]);
  const { records, broken } = scanWal(bytes.subarray(0, bytes.length - 3), bytes.length);
  expect(records).toHaveLength(3);
  expect(broken.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeGreaterThan(3);
});

test('what lies behind the durable size never counts', () => {
  const { bytes, ends } = walFile(PAYLOADS, [1, 1, 1, 1]);
  expect(payloadsOf(bytes, ends[1])).toEqual(want.slice(0, 2));
});

test('a torn newest file: acknowledged batches are there, and the store goes on', async () => {
  for (const cutBytes of [1, 7, 30]) {
    const open = await openStore();
    const first = numberedLines('first', 0, 10);
    await append(open.store, batchOf({ lines: first, files: [range('f', 0, 1)] }));
    await append(open.store, batchOf({ lines: numberedLines('torn', 0, 10), files: [range('f', 1, 2)] }));
    await closeStore(open);
    const path = join(open.dataDir, 'wal/000000000001.wal');
    await truncate(path, (await readFile(path)).length - cutBytes);
    const again = await openStore({ dataDir: open.dataDir });
    expect(linesOf(again.store)).toEqual(linesAsRead(first));
    expect(again.state.ends).toEqual({ f: 1 });
    const third = numberedLines('third', 0, 10);
    await append(again.store, batchOf({ lines: third, files: [range('f', 1, 2)] }));
    await again.store.flushAll();
    expect(linesOf(again.store)).toEqual(linesAsRead([...first, ...third]));
    expect(again.store.stats().quarantinedCount).toBe(0);
  }
});

test('a broken record in the middle is set aside, counted, and the rest is read', async () => {
  const open = await openStore();
  const kept = [numberedLines('a', 0, 10), numberedLines('c', 0, 10)];
  await append(open.store, batchOf({ lines: kept[0]! }));
  await append(open.store, batchOf({ lines: numberedLines('b', 0, 10) }));
  await append(open.store, batchOf({ lines: kept[1]! }));
  const [, second] = open.store.snapshot().rowGroups;
  await closeStore(open);
  const path = join(open.dataDir, 'wal/000000000001.wal');
  const bytes = await readFile(path);
  bytes[second!.offset + 20]! ^= 1;
  await writeFile(path, bytes);
  const again = await openStore({ dataDir: open.dataDir });
  expect(linesOf(again.store)).toEqual(linesAsRead(kept.flat()));
  expect(again.store.stats().quarantinedCount).toBe(1);
  expect((await filesIn(open.dataDir)).filter((name) => name.startsWith('quarantine/'))).toHaveLength(1);
});
