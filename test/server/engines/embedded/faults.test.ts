/** A disk that is full, fails, or is slow: what was acknowledged stays, what was refused is never seen. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { UnavailableError } from '../../../../shared/errors.ts';
import { WAL_QUEUE_RECORDS_MAX } from '../../../../server/limits.ts';
import { IN_DOUBT } from '../../../../server/engines/embedded/wal/chain.ts';
import {
  decodeFileHeader,
  encodeMark,
  endsWithMark,
  FILE_HEADER_BYTES,
} from '../../../../server/engines/embedded/wal/format.ts';
import { scanWal } from '../../../../server/engines/embedded/wal/reader.ts';
import { batchOf, type Line, linesAsRead, numberedLines, range } from './batches.ts';
import { findingsOf } from './check/findings.ts';
import { type Fault, FaultyDisk } from './platform/faulty-disk.ts';
import { append, closeStore, expectLines, filesIn, linesOf, openStore, type OpenStore, reopen } from './open-store.ts';

const FAULTS: readonly Fault[] = [
  { operation: 'write', path: '/wal/', code: 'ENOSPC' },
  { operation: 'write', path: '/wal/', code: 'EIO' },
  { operation: 'sync', path: '/wal/', code: 'EIO' },
  { operation: 'sync', path: '/wal/', code: 'ENOSPC' },
];

for (const fault of FAULTS) {
  for (const alsoTruncate of [false, true]) {
    const name = `${fault.code} in ${fault.operation}${alsoTruncate ? ', and the file cannot be cut' : ''}`;
    test(`${name}: 503, reads go on, writes resume, nothing half-written is seen`, async () => {
      const disk = new FaultyDisk();
      const open = await openStore({ disk });
      const before = numberedLines('before', 0, 10);
      await append(open.store, batchOf({ lines: before, files: [range('f', 0, 1)] }));
      const uncut: Fault = { operation: 'truncate', path: '/wal/', code: 'EIO' };
      disk.fail(fault, ...(alsoTruncate ? [uncut] : []));
      const refused = batchOf({ lines: numberedLines('refused', 0, 10), files: [range('f', 1, 2)] });
      await expect(append(open.store, refused)).rejects.toThrow(UnavailableError);
      await expect(append(open.store, refused)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 10 });
      expect(open.store.problem).toContain(fault.code === 'ENOSPC' ? 'full' : 'cannot be written');
      expect(linesOf(open.store)).toEqual(linesAsRead(before));
      disk.heal();
      const after = numberedLines('after', 0, 10);
      await append(open.store, batchOf({ lines: after, files: [range('f', 1, 2)] }));
      expect(open.store.problem).toBeUndefined();
      const again = await expectLines(open, [...before, ...after]);
      await again.store.flushAll();
      await expectLines(again, [...before, ...after]);
      expect(again.store.stats().quarantinedCount).toBe(0);
    });
  }
}

/** Batches a and c are acknowledged in a file each; b was refused between them, is still in a's file, and c is b sent again. */
async function refusedAndSentAgain(): Promise<{ open: OpenStore; lines: readonly Line[]; paths: readonly string[] }> {
  const disk = new FaultyDisk();
  const full = Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
  const open = await openStore({ disk, flush: () => Promise.reject(full) });
  const lines = [numberedLines('a', 0, 10), numberedLines('b', 0, 10)];
  const [a, b] = lines.map((each, i) => batchOf({ lines: each, files: [range('f', i, i + 1)] }));
  await append(open.store, a!);
  disk.fail({ operation: 'sync', path: '/wal/', code: 'EIO' }, { operation: 'truncate', path: '/wal/', code: 'EIO' });
  await expect(append(open.store, b!)).rejects.toThrow(UnavailableError);
  disk.heal();
  await append(open.store, b!);
  await closeStore(open);
  const paths = (await filesIn(open.dataDir)).filter((name) => name.endsWith('.wal'));
  expect(paths).toHaveLength(2);
  const recordsIn = async (path: string): Promise<number> => {
    const { records } = scanWal(await readFile(join(open.dataDir, path)), 'newest');
    return records.filter(({ payload }) => payload.length > 100).length;
  };
  expect(await Promise.all(paths.map(recordsIn))).toEqual([2, 1]);
  return { open, lines: lines.flat(), paths };
}

test.each(['flipped', 'zeros'] as const)(
  'a batch that was refused and sent again is there once, also when the header between is %s',
  async (harm) => {
    const { open, lines, paths } = await refusedAndSentAgain();
    const path = join(open.dataDir, paths[1]!);
    const bytes = await readFile(path);
    if (harm === 'zeros') bytes.fill(0, 0, FILE_HEADER_BYTES);
    else bytes[20]! ^= 1;
    await writeFile(path, bytes);
    const found = await findingsOf(open.dataDir);
    expect(found.map(({ kind, path: where, what }) => [kind, where, what])).toEqual([
      ['wal-record', paths[0], IN_DOUBT],
      ['wal-record', paths[1], 'no valid header'],
    ]);
    const again = await openStore({ dataDir: open.dataDir });
    expect(linesOf(again.store)).toEqual(linesAsRead(lines));
    expect(again.state.ends).toEqual({ f: 2 });
    expect(again.store.stats().quarantinedCount).toBe(2);
    const aside = (await filesIn(open.dataDir)).filter((name) => name.startsWith('quarantine/'));
    expect(aside).toEqual([`quarantine/${basename(paths[0]!)}-${found[0]!.offset}`]);
    await again.store.flushAll();
    await expectLines(again, lines);
  },
);

test('a file that is given up ends with its mark, so that its end is known whatever becomes of the next header', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
  disk.fail({ operation: 'sync', path: '/wal/', code: 'EIO' });
  await expect(append(open.store, batchOf({ lines: numberedLines('b', 0, 10) }))).rejects.toThrow(UnavailableError);
  const [path] = (await filesIn(open.dataDir)).filter((name) => name.endsWith('.wal'));
  const bytes = await readFile(join(open.dataDir, path!));
  expect(endsWithMark(bytes)).toBe(true);
  const { records, doubtful } = scanWal(bytes, 'unknown');
  expect(records.map(({ payload }) => payload.length > 100)).toEqual([true]);
  expect(doubtful).toBeUndefined();
});

test('of a file that a crash left without a header, the one before it is taken for the newest', async () => {
  const open = await openStore();
  const first = numberedLines('a', 0, 10);
  await append(open.store, batchOf({ lines: first, files: [range('f', 0, 1)] }));
  await closeStore(open);
  const path = join(open.dataDir, 'wal/000000000001.wal');
  const bytes = await readFile(path);
  // As a crash before the mark leaves it.
  await truncate(path, bytes.length - encodeMark(0).length);
  await writeFile(join(open.dataDir, 'wal/000000000002.wal'), bytes.subarray(0, 10));
  expect((await findingsOf(open.dataDir)).map(({ kind }) => kind)).toEqual(['leftover']);
  const disk = new FaultyDisk();
  const synced: string[] = [];
  disk.beforeSync = async (of) => void synced.push(basename(of));
  const again = await reopen(open, { disk });
  expect(synced).toContain('000000000001.wal');
  expect(await readFile(path)).toEqual(bytes);
  const second = numberedLines('b', 0, 10);
  await append(again.store, batchOf({ lines: second, files: [range('f', 1, 2)] }));
  const names = (await filesIn(open.dataDir)).filter((name) => name.endsWith('.wal'));
  expect(decodeFileHeader(await readFile(join(open.dataDir, names.at(-1)!)))?.previousSequence).toBe(1);
  await expectLines(again, [...first, ...second]);
});

test('a tick finds out that the disk is well again', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  disk.fail({ operation: 'open', path: '/wal/', code: 'ENOSPC' });
  await expect(append(open.store, batchOf({ lines: numberedLines('a', 0, 1) }))).rejects.toThrow('full');
  await open.store.tick();
  expect(open.store.problem).toContain('full');
  disk.heal();
  await open.store.tick();
  expect(open.store.problem).toBeUndefined();
});

test('all batches of a failed group and those behind it fail together', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  disk.fail({ operation: 'sync', path: '/wal/', code: 'EIO', after: 2 });
  const first = numberedLines('b0', 0, 5);
  const appends = Array.from({ length: 6 }, (_, i) =>
    append(open.store, batchOf({ lines: numberedLines(`b${i}`, 0, 5) })),
  );
  // The header's sync and the first group's succeed; all others wait behind the second group's.
  const outcomes = await Promise.allSettled(appends);
  disk.heal();
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', ...Array<string>(5).fill('rejected')]);
  await expectLines(open, first);
});

test('a failed flush is tried again though the clock was set back meanwhile', async () => {
  let nowMs = Date.UTC(2026, 10, 23, 12);
  const disk = new FaultyDisk();
  const open = await openStore({ disk, now: () => nowMs });
  const lines = numberedLines('a', 0, 10);
  await append(open.store, batchOf({ lines }));
  disk.fail({ operation: 'write', path: '/segments/', code: 'EIO' });
  await open.store.flushAll();
  disk.heal();
  await open.store.flushAll();
  expect(open.store.stats().segmentCount).toBe(0);
  nowMs -= 6 * 3_600_000;
  await open.store.flushAll();
  expect(open.store.stats().segmentCount).toBe(1);
  await expectLines(open, lines);
});

test('nearly no space: writes are refused before the disk is full, and reads go on', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  const lines = numberedLines('a', 0, 10);
  await append(open.store, batchOf({ lines }));
  disk.freeBytes = 1000;
  await open.store.tick();
  await expect(append(open.store, batchOf({ lines }))).rejects.toThrow('nearly full');
  expect(open.store.problem).toContain('nearly full');
  expect(linesOf(open.store)).toEqual(linesAsRead(lines));
  disk.freeBytes = undefined;
  await open.store.tick();
  await append(open.store, batchOf({ lines: [] }));
});

test('a slow disk: the queue is bounded, and all that was taken is stored', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  await append(open.store, batchOf({ lines: numberedLines('first', 0, 1) }));
  const gate = Promise.withResolvers<void>();
  disk.beforeSync = () => gate.promise;
  const bytes = batchOf({ lines: numberedLines('a', 0, 1) });
  const first = append(open.store, bytes);
  const waiting = Array.from({ length: WAL_QUEUE_RECORDS_MAX }, () => append(open.store, bytes));
  await expect(append(open.store, bytes)).rejects.toThrow(/already wait/);
  gate.resolve();
  await Promise.all([first, ...waiting]);
  expect(open.store.stats().rowCount).toBe(WAL_QUEUE_RECORDS_MAX + 2);
});

const FLUSH_FAULTS: readonly Fault[] = [
  { operation: 'open', path: '/segments/', code: 'ENOSPC' },
  { operation: 'write', path: '/segments/', code: 'ENOSPC', after: 2 },
  { operation: 'sync', path: '/segments/', code: 'EIO' },
  { operation: 'open', path: 'MANIFEST', code: 'ENOSPC' },
  { operation: 'write', path: 'MANIFEST', code: 'ENOSPC' },
  { operation: 'rename', path: 'MANIFEST', code: 'EIO' },
];

for (const fault of FLUSH_FAULTS) {
  test(`a flush that fails (${fault.operation} ${fault.path}) is tried again, or by the next start`, async () => {
    const disk = new FaultyDisk();
    let nowMs = Date.now();
    const open = await openStore({ disk, now: () => nowMs });
    const lines = numberedLines('a', 0, 100);
    await append(open.store, batchOf({ lines }));
    disk.fail(fault);
    await open.store.flushAll();
    expect(open.store.stats()).toMatchObject({ rowCount: 100, segmentCount: 0 });
    const again = await reopen(open);
    expect(linesOf(again.store)).toEqual(linesAsRead(lines));
    await again.store.flushAll();
    expect(again.store.stats().segmentCount).toBe(0);
    disk.heal();
    nowMs += 60_000;
    await again.store.flushAll();
    expect(again.store.stats()).toMatchObject({ segmentCount: 1, walFileCount: 0 });
    await expectLines(again, lines);
  });
}

test('what waits for a flush that a full disk refuses says why', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
  disk.fail({ operation: 'write', path: '/segments/', code: 'ENOSPC' });
  await expect(open.store.checkpoint()).rejects.toThrow(/^the WAL cannot be flushed now: the disk is full; make room/);
  disk.heal();
});
