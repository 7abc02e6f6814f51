/** What a crash or a bad disk does to WAL files. */
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import {
  encodeFileHeader,
  encodeMark,
  encodeRecordHeader,
  FILE_HEADER_BYTES,
} from '../../../../server/engines/embedded/wal/format.ts';
import { type DurableSize, durableSizeOf, type LinkedWal } from '../../../../server/engines/embedded/wal/chain.ts';
import { scanWal } from '../../../../server/engines/embedded/wal/reader.ts';
import { batchOf, linesAsRead, numberedLines, range } from './batches.ts';
import { findingsOf } from './check/findings.ts';
import { append, closeStore, expectDamage, filesIn, linesOf, newFolder, openStore } from './open-store.ts';

const PAYLOADS = ['PLB1-the-first-payload', 'PLB1-two', 'PLB1-and-a-third', 'PLB1-four-is-the-last'].map((text) =>
  Buffer.from(text.padEnd(20, '.')),
);

const MARK_BYTES = encodeMark(0).length;

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

function payloadsOf(bytes: Buffer, durableSize: DurableSize = 'newest'): string[] {
  return scanWal(bytes, durableSize).records.map(({ payload }) => payload.toString());
}

const want = PAYLOADS.map(String);

test('a file cut anywhere has the whole records before the cut', () => {
  const { bytes, ends } = walFile(PAYLOADS, [1, 1, 1, 1]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { records, broken, durableBytes } = scanWal(bytes.subarray(0, cut), 'newest');
    const whole = ends.filter((end) => end <= cut).length;
    expect(records.length).toBe(whole);
    expect(broken).toEqual([]);
    expect(durableBytes).toBe(whole > 0 ? ends[whole - 1] : Math.min(cut, FILE_HEADER_BYTES));
  }
});

test('a tail of zeros, as a power cut leaves it, is no record', () => {
  const { bytes } = walFile(PAYLOADS, [2, 2]);
  expect(scanWal(Buffer.concat([bytes, Buffer.alloc(5000)]), 'newest')).toMatchObject({
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

test('where the end is unknown, the last group counts only with a mark behind it', () => {
  const { bytes, ends } = walFile(PAYLOADS, [1, 1, 2]);
  const cut = (size: number): Buffer => bytes.subarray(0, size);
  const [first, second, third] = [ends[0]!, ends[1]!, ends[2]!];
  const refused = (synced: number): Buffer => Buffer.concat([encodeRecordHeader(PAYLOADS[3]!, synced), PAYLOADS[3]!]);
  const cases: [Buffer, number, number][] = [
    [cut(0), 0, 0],
    [cut(FILE_HEADER_BYTES), 0, 0],
    [cut(first), 0, FILE_HEADER_BYTES],
    [Buffer.concat([cut(first), encodeMark(first)]), 1, 0],
    [cut(second), 1, first],
    [Buffer.concat([cut(second), encodeMark(second)]), 2, 0],
    // A group that was refused, whole and torn; behind a mark, and where the mark came over its beginning.
    [bytes, 2, second],
    [cut(third), 2, second],
    [cut(third + 5), 2, second],
    [Buffer.concat([cut(second), encodeMark(second), refused(second)]), 2, second],
    [Buffer.concat([cut(second), encodeMark(second), bytes.subarray(second + MARK_BYTES)]), 2, second],
    // A mark that a power cut took: nothing but the acknowledgement itself is missing.
    [Buffer.concat([cut(second), Buffer.alloc(MARK_BYTES)]), 1, first],
  ];
  for (const [file, count, offset] of cases) {
    const { records, broken, doubtful, tornBytes } = scanWal(file, 'unknown');
    expect(records.filter(({ payload }) => payload.length > 19).map(({ payload }) => String(payload))).toEqual(
      want.slice(0, count),
    );
    expect({ broken, tornBytes }).toEqual({ broken: [], tornBytes: 0 });
    expect(doubtful).toEqual(offset === 0 ? undefined : { offset, sizeBytes: file.length - offset });
  }
});

describe('how much of a file counts', () => {
  /** [sequence, previous sequence, previous size], or its sequence alone where the header cannot be read. */
  type Link = readonly [number, number, number] | readonly [number, 'lost' | 'unborn'];
  const linked = (link: Link): LinkedWal => {
    const [sequence, previousSequence, previousBytes = 0] = link;
    const isLost = typeof previousSequence === 'string';
    const header = isLost ? undefined : { sequence, previousSequence, previousBytes };
    return { sequence, path: `${sequence}.wal`, header, isUnborn: previousSequence === 'unborn' };
  };

  test.each<[string, Link[], DurableSize[]]>([
    ['one file', [[1, 0, 0]], ['newest']],
    [
      'as the next header says',
      [
        [1, 0, 0],
        [2, 1, 70],
        [3, 2, 80],
      ],
      [70, 80, 'newest'],
    ],
    [
      'one that was passed over',
      [
        [1, 0, 0],
        [2, 1, 70],
        [3, 1, 70],
      ],
      [70, 0, 'newest'],
    ],
    [
      'a lost header of one that was passed over',
      [
        [1, 0, 0],
        [2, 'lost'],
        [3, 1, 70],
      ],
      [70, 0, 'newest'],
    ],
    [
      'a lost header',
      [
        [1, 0, 0],
        [2, 'lost'],
        [3, 2, 80],
      ],
      ['unknown', 80, 'newest'],
    ],
    [
      'the newest header is lost',
      [
        [1, 0, 0],
        [2, 'lost'],
      ],
      ['unknown', 'newest'],
    ],
    [
      'two lost headers',
      [
        [1, 0, 0],
        [2, 'lost'],
        [3, 'lost'],
      ],
      ['unknown', 'unknown', 'newest'],
    ],
    [
      'the next file is missing',
      [
        [1, 0, 0],
        [3, 2, 80],
      ],
      ['unknown', 'newest'],
    ],
    [
      'one that was not made',
      [
        [1, 0, 0],
        [2, 'unborn'],
      ],
      ['newest', 'newest'],
    ],
    [
      'one that was not made is skipped',
      [
        [1, 0, 0],
        [2, 'unborn'],
        [3, 1, 70],
      ],
      [70, 0, 'newest'],
    ],
    [
      'one that was not made is named',
      [
        [1, 0, 0],
        [2, 'unborn'],
        [3, 2, 10],
      ],
      ['newest', 10, 'newest'],
    ],
    [
      'one that had records is cut short',
      [
        [1, 0, 0],
        [2, 'unborn'],
        [3, 2, 80],
      ],
      ['unknown', 80, 'newest'],
    ],
  ])('%s', (_, links, sizes) => {
    const files = links.map(linked);
    expect(files.map((_file, index) => durableSizeOf(files, index))).toEqual(sizes);
  });
});

test('a torn newest file: acknowledged batches are there, and the store goes on', async () => {
  for (const cutBytes of [1, 7, 30]) {
    const open = await openStore();
    const first = numberedLines('first', 0, 10);
    await append(open.store, batchOf({ lines: first, files: [range('f', 0, 1)] }));
    await append(open.store, batchOf({ lines: numberedLines('torn', 0, 10), files: [range('f', 1, 2)] }));
    await closeStore(open);
    const path = join(open.dataDir, 'wal/000000000001.wal');
    await truncate(path, (await readFile(path)).length - MARK_BYTES - cutBytes);
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

test('a flipped byte in what was acknowledged is damage, also in the last group of the newest file', async () => {
  const batches = ['a', 'b', 'c'].map((name) => numberedLines(name, 0, 3));
  const open = await openStore();
  for (const [i, lines] of batches.entries()) {
    await append(open.store, batchOf({ lines, files: [range(`f${i}`, 0, 1)] }));
  }
  await closeStore(open);
  const path = join(open.dataDir, 'wal/000000000001.wal');
  const bytes = await readFile(path);
  const scan = scanWal(bytes, 'newest');
  const ofBatches = scan.records.filter(({ payload }) => payload.length > 100);
  expect(ofBatches).toHaveLength(3);
  const last = ofBatches[2]!;
  for (let at = FILE_HEADER_BYTES; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1 << (at % 8);
    const { records, broken, tornBytes } = scanWal(damaged, 'newest');
    const isMark = !ofBatches.some(({ offset, payload }) => offset - 12 <= at && at < offset + payload.length);
    const isLastMark = at >= last.offset + last.payload.length;
    expect(records.filter(({ payload }) => payload.length > 100)).toHaveLength(isMark ? 3 : 2);
    expect(broken).toHaveLength(isLastMark ? 0 : 1);
    expect(tornBytes > 0).toBe(isLastMark);
  }
  bytes[last.offset + 50]! ^= 1;
  await writeFile(path, bytes);
  const again = await openStore({ dataDir: open.dataDir });
  expect(linesOf(again.store)).toEqual(linesAsRead(batches.slice(0, 2).flat()));
  expect(again.state.ends).toEqual({ f0: 1, f1: 1 });
  expect(again.store.stats().quarantinedCount).toBe(1);
  expect((await filesIn(open.dataDir)).filter((name) => name.startsWith('quarantine/'))).toHaveLength(1);
});

test('a group that a power cut tears by sectors is cut off in silence, behind a mark and without one', () => {
  const first = Buffer.from('PLB1'.padEnd(40, 'a'));
  const group = ['b', 'c', 'd'].map((letter) => Buffer.from('PLB1'.padEnd(40, letter)));
  const synced = FILE_HEADER_BYTES + 12 + first.length;
  const head = [
    encodeFileHeader({ sequence: 1, previousSequence: 0, previousBytes: 0 }),
    encodeRecordHeader(first, FILE_HEADER_BYTES),
    first,
  ];
  const writes = [encodeMark(synced), ...group.flatMap((payload) => [encodeRecordHeader(payload, synced), payload])];
  const tail = Buffer.concat(writes);
  const sectorBytes = 16;
  const sectors = Math.ceil(tail.length / sectorBytes);
  for (let lost = 1; lost < 2 ** sectors; lost++) {
    const torn = Buffer.from(tail);
    for (let at = 0; at < torn.length; at++) if ((lost >> Math.floor(at / sectorBytes)) & 1) torn[at] = 0;
    const { records, broken } = scanWal(Buffer.concat([...head, torn]), 'newest');
    if (broken.length > 0 || !records[0]!.payload.equals(first)) expect({ lost, broken }).toBeUndefined();
  }
});

/** Three WAL files that are not flushed, of a batch each. */
async function threeFiles(end: 'closed' | 'killed'): Promise<{ dataDir: string; paths: string[] }> {
  const failing = (): Promise<never> => Promise.reject(Object.assign(new Error('ENOSPC: full'), { code: 'ENOSPC' }));
  const open = await openStore({ flush: failing });
  for (const name of ['a', 'b', 'c']) {
    await append(open.store, batchOf({ lines: numberedLines(name, 0, 10) }));
    if (name !== 'c') await open.store.flushAll();
  }
  await open.store.tick();
  const { dataDir } = open;
  if (end === 'closed') await closeStore(open);
  const paths = (await filesIn(dataDir)).filter((name) => name.endsWith('.wal'));
  expect(paths).toHaveLength(3);
  if (end === 'closed') return { dataDir, paths };
  const copy = join(await newFolder(), 'data');
  await cp(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('lock') });
  await closeStore(open);
  expectDamage(open);
  return { dataDir: copy, paths };
}

describe.each(['closed', 'killed'] as const)('a WAL file that was deleted after a store was %s', (end) => {
  test.each([[['a']], [['b']], [['c']], [['a', 'c']], [['b', 'c']], [['a', 'b', 'c']]])(
    'is reported: %j',
    async (gone) => {
      const { dataDir, paths } = await threeFiles(end);
      const missing = gone.map((name) => paths['abc'.indexOf(name)]!);
      for (const path of missing) await rm(join(dataDir, path));
      const found = (await findingsOf(dataDir)).filter(({ kind }) => kind === 'missing');
      expect(found.map(({ path }) => path).toSorted()).toEqual(missing);

      const messages: Record<string, unknown>[] = [];
      const log = pino(
        { level: 'error' },
        { write: (text) => void messages.push(JSON.parse(text) as (typeof messages)[0]) },
      );
      const open = await openStore({ dataDir, log });
      expect(open.store.stats().quarantinedCount).toBe(missing.length);
      expect(messages.map(({ path }) => relative(dataDir, String(path)))).toEqual(
        found.map(({ path }) => path).toSorted(),
      );
      for (const { msg, reason } of messages) {
        expect(msg).toBe('a file is missing, with the lines in it; the rest goes on');
        expect(reason).toMatch(/^the WAL file \d+ is missing$/);
      }
      const kept = ['a', 'b', 'c'].filter((name) => !gone.includes(name));
      expect(linesOf(open.store)).toEqual(linesAsRead(kept.flatMap((name) => numberedLines(name, 0, 10))));
      // Once: the next start has nothing to miss.
      await open.store.flushAll();
      await closeStore(open);
      const again = await openStore({ dataDir });
      expect(again.store.stats().quarantinedCount).toBe(0);
      expect(await findingsOf(dataDir)).toEqual([]);
    },
  );
});
