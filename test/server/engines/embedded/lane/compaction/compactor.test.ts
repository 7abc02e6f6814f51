/** Segments become fewer, and nothing else changes: rows, their order, snapshots; whatever fails, and wherever it ends. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { WorkerDiedError } from '../../../../../../shared/errors.ts';
import { labelsMemoryBytes } from '../../../../../../shared/labels.ts';
import { Metrics } from '../../../../../../shared/metrics.ts';
import { RowGroup } from '../../../../../../shared/row-group/reader.ts';
import { realDisk } from '../../../../../../server/engines/embedded/platform/disk.ts';
import { compact } from '../../../../../../server/engines/embedded/lane/compaction/compact.ts';
import {
  Compactor,
  type CompactorOptions,
} from '../../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import {
  COMPACTION_LABELS_BYTES_MAX,
  COMPACTION_QUIET_MS,
  COMPACTION_RETRY_MS,
  COMPACTION_WAITING_SEGMENTS_MAX,
  COMPACTION_WAL_FILES_MAX,
} from '../../../../../../server/limits.ts';
import { batchOf, type Line, linesAsRead, numberedLines, range, readLines, TODAY } from '../../batches.ts';
import { type Fault, FaultyDisk } from '../../platform/faulty-disk.ts';
import {
  append,
  expectDamage,
  expectLines,
  filesIn,
  linesOf,
  openStore,
  type OpenStore,
  reopen,
} from '../../open-store.ts';

function compactorOf({ store, dataDir, options }: OpenStore, run?: CompactorOptions['compact']): Compactor {
  const { disk = realDisk, now, log, indexedFields } = options;
  return new Compactor({
    store,
    dataDir,
    indexedFields,
    now,
    log,
    metrics: new Metrics(),
    compact: run ?? ((input, stop) => compact(disk, input, () => stop.aborted)),
  });
}

/** As many segments as flushes, each with rows of two streams. */
async function flushes(open: OpenStore, count: number, from = 0): Promise<Line[]> {
  const lines: Line[] = [];
  for (let i = from; i < from + count; i++) {
    const batch = [...numberedLines('a', i * 10, 10), ...numberedLines('b', i * 10, 10)].map((line, row) => ({
      ...line,
      labels: { namespace: 'shop', pod: row < 10 ? 'b' : 'a' },
    }));
    await append(open.store, batchOf({ lines: batch, files: [range('f', i, i + 1)] }));
    await open.store.flushAll();
    lines.push(...batch);
  }
  return lines;
}

/** All maintenance that was begun before has ended. */
function laneIsFree({ store }: OpenStore): Promise<void> {
  return store.maintain(() => Promise.resolve());
}

async function segmentFiles(dataDir: string): Promise<string[]> {
  return (await filesIn(dataDir)).filter((path) => path.endsWith('.seg'));
}

test('many small segments become one; a snapshot of before stays readable, then their files go', async () => {
  const open = await openStore();
  const lines = await flushes(open, 14);
  const snapshot = open.store.snapshot();
  expect(await segmentFiles(open.dataDir)).toHaveLength(14);
  await compactorOf(open).settle();
  expect(open.store.stats()).toMatchObject({ segmentCount: 1, rowCount: lines.length });
  expect(readLines(snapshot.rowGroups)).toEqual(linesAsRead(lines));
  expect(await segmentFiles(open.dataDir)).toHaveLength(15);
  snapshot.release();
  const again = await expectLines(open, lines);
  expect(await segmentFiles(again.dataDir)).toHaveLength(1);
});

test('a tick merges what pays, and all of a day once nothing comes any more', async () => {
  let nowMs = Date.now();
  const open = await openStore({ now: () => nowMs });
  const compactor = compactorOf(open);
  const lines = await flushes(open, 8);
  compactor.tick();
  await compactor.close();
  expect(open.store.stats().segmentCount).toBe(8);
  const next = compactorOf(open);
  next.tick();
  await laneIsFree(open);
  nowMs += COMPACTION_QUIET_MS;
  lines.push(...(await flushes(open, 1, 8)));
  next.tick();
  await laneIsFree(open);
  expect(open.store.stats().segmentCount).toBe(9);
  nowMs += COMPACTION_QUIET_MS;
  next.tick();
  await next.close();
  expect(open.store.stats().segmentCount).toBe(1);
  await expectLines(open, lines);
});

test('rows with equal times keep the order in which they came', async () => {
  const open = await openStore();
  const names = Array.from({ length: 9 }, (_, i) => `line ${i}`);
  for (const text of names) {
    await append(open.store, batchOf({ lines: [{ text, day: TODAY, timeNs: 7 }] }));
    if (text !== 'line 8') await open.store.flushAll();
  }
  await compactorOf(open).settle();
  const again = await reopen(open);
  const snapshot = again.store.snapshot();
  const { rowGroups } = snapshot;
  expect(rowGroups).toHaveLength(2);
  const [merged] = rowGroups.toSorted((a, b) => a.order - b.order);
  expect(textsInOrder(await readFile(merged!.path), merged!)).toEqual(names.slice(0, 8));
  snapshot.release();
});

test('a merge waits for the flush, but not for ever', async () => {
  const open = await openStore();
  const lines = await flushes(open, COMPACTION_WAITING_SEGMENTS_MAX);
  Object.defineProperty(open.store, 'sealedWalFileCount', { value: COMPACTION_WAL_FILES_MAX + 1 });
  const compactor = compactorOf(open);
  compactor.tick();
  await laneIsFree(open);
  expect(open.store.stats().segmentCount).toBe(COMPACTION_WAITING_SEGMENTS_MAX);
  lines.push(...(await flushes(open, 1, COMPACTION_WAITING_SEGMENTS_MAX)));
  const next = compactorOf(open);
  next.tick();
  await laneIsFree(open);
  expect(open.store.stats().segmentCount).toBeLessThan(COMPACTION_WAITING_SEGMENTS_MAX);
  await Promise.all([compactor.close(), next.close()]);
  await expectLines(open, lines);
});

test('segments of different days stay apart', async () => {
  const open = await openStore();
  const lines: Line[] = [];
  for (let i = 0; i < 4; i++) {
    const batch = [...numberedLines('old', i * 5, 5, TODAY - 1), ...numberedLines('new', i * 5, 5)];
    await append(open.store, batchOf({ lines: batch }));
    await open.store.flushAll();
    lines.push(...batch);
  }
  await compactorOf(open).settle();
  expect(open.store.stats().segmentCount).toBe(2);
  await expectLines(open, lines);
});

test('killed at any step, either the old segments are there or the new one', async () => {
  let steps = 0;
  for (let died = true; died; steps++) {
    const disk = new FaultyDisk();
    const open = await openStore({ disk });
    const lines = await flushes(open, 3);
    disk.dieAfter(steps);
    await compactorOf(open).settle();
    died = disk.isDead;
    const before = open.store.stats().segmentCount;
    expect(linesOf(open.store)).toEqual(linesAsRead(lines));
    const again = await reopen(open, { disk: realDisk });
    expect([1, 3]).toContain(again.store.stats().segmentCount);
    expect(again.store.stats().segmentCount).toBeLessThanOrEqual(before);
    expect(await segmentFiles(again.dataDir)).toHaveLength(again.store.stats().segmentCount);
    await expectLines(again, lines);
  }
  expect(steps).toBeGreaterThan(10);
});

const FAULTS: readonly Fault[] = [
  { operation: 'open', path: '/segments/', code: 'ENOSPC' },
  { operation: 'write', path: '/segments/', code: 'ENOSPC', after: 2 },
  { operation: 'sync', path: '/segments/', code: 'EIO' },
  { operation: 'write', path: 'MANIFEST', code: 'ENOSPC' },
  { operation: 'rename', path: 'MANIFEST', code: 'EIO' },
];

for (const fault of FAULTS) {
  test(`a merge that fails (${fault.operation} ${fault.path}) is tried again and leaves no file`, async () => {
    const disk = new FaultyDisk();
    let nowMs = Date.now();
    const open = await openStore({ disk, now: () => nowMs });
    const lines = await flushes(open, 14);
    const compactor = compactorOf(open);
    disk.fail(fault);
    await compactor.settle();
    expect(linesOf(open.store)).toEqual(linesAsRead(lines));
    disk.heal();
    compactor.tick();
    await laneIsFree(open);
    expect(open.store.stats().segmentCount).toBe(14);
    nowMs += COMPACTION_RETRY_MS;
    compactor.tick();
    await compactor.close();
    expect(open.store.stats().segmentCount).toBe(1);
    const again = await expectLines(open, lines);
    expect(await segmentFiles(again.dataDir)).toHaveLength(1);
  });
}

test('a broken row group is set aside, its segment is left as it is, and the others are merged', async () => {
  const open = await openStore();
  expectDamage(open);
  const lines = await flushes(open, 9);
  const damagedSegment = open.store.segments()[4]!;
  const [rowGroup] = damagedSegment.rowGroups;
  const bytes = await readFile(damagedSegment.path);
  bytes[rowGroup!.offset + rowGroup!.sizeBytes - 1]! ^= 1;
  await writeFile(damagedSegment.path, bytes);
  await compactorOf(open).settle();
  expect(open.store.stats()).toMatchObject({ segmentCount: 3, quarantinedCount: 1 });
  expect(await readFile(damagedSegment.path)).toEqual(bytes);
  const kept = lines.filter((_, row) => row < 80 || row >= 100);
  expect(linesOf(open.store)).toEqual(linesAsRead(kept));
  // A start does not read row groups: somebody has to meet the broken one again.
  await reopen(open);
});

test('appends, flushes and readers beside a compactor', async () => {
  const open = await openStore();
  const { store } = open;
  const compactor = compactorOf(open);
  const lines: Line[] = [];
  for (let i = 0; i < 40; i++) {
    lines.push(...(await flushes(open, 1, i)));
    const snapshot = store.snapshot();
    compactor.tick();
    await new Promise((resolve) => setImmediate(resolve));
    expect(readLines(snapshot.rowGroups)).toEqual(linesAsRead(lines));
    snapshot.release();
  }
  await compactor.settle();
  await expectLines(open, lines);
});

test('a store that closes stops a merge', async () => {
  const open = await openStore();
  const lines = await flushes(open, 14);
  const compactor = compactorOf(open);
  compactor.tick();
  const compacted = compactor.close();
  const again = await expectLines(open, lines);
  await compacted;
  expect([1, 14]).toContain(again.store.stats().segmentCount);
});

/** The texts of a row group in the order of its rows. */
function textsInOrder(file: Buffer, { offset, sizeBytes }: { offset: number; sizeBytes: number }): string[] {
  const group = new RowGroup(file.subarray(offset, offset + sizeBytes));
  const { bytes, offsets } = group.lines(Array.from({ length: group.info.rowCount }, (_, row) => row));
  return Array.from({ length: group.info.rowCount }, (_, i) => bytes.toString('utf8', offsets[i], offsets[i + 1]));
}

test.each([1, 2, 3, 6])(
  'of segments that are too large for a merge, fewer are merged at once (%i fit)',
  async (fit) => {
    const open = await openStore();
    const lines = await flushes(open, 14);
    const widths: number[] = [];
    const compactor = compactorOf(open, async (input, stop) => {
      widths.push(input.segments.length);
      if (input.segments.length > fit) return { kind: 'too-large' };
      return compact(realDisk, input, () => stop.aborted);
    });
    await compactor.settle();
    expect(widths[0]).toBe(14);
    expect(widths.length).toBeLessThan(60);
    expect(open.store.stats().segmentCount < 14).toBe(fit > 1);
    await expectLines(open, lines);
  },
);

test('segments whose labels take too much together are merged by fewer; labels that all have count once', async () => {
  const open = await openStore();
  const value = 'x'.repeat(64_000);
  const setsOfAll = Math.floor(COMPACTION_LABELS_BYTES_MAX / 2 / value.length);
  const setsOfEach = Math.floor(COMPACTION_LABELS_BYTES_MAX / 6 / value.length);
  const labelsMax: number[] = [];
  for (let flush = 0; flush < 4; flush++) {
    const pods = [
      ...Array(setsOfAll).keys().map(String),
      ...Array(setsOfEach)
        .keys()
        .map((i) => `${flush}-${i}`),
    ];
    const lines = pods.map((pod, row) => ({ ...numberedLines('a', row, 1)[0]!, labels: { pod, value } }));
    await append(open.store, batchOf({ lines, files: [range('f', flush, flush + 1)] }));
    await open.store.flushAll();
  }
  const compactor = compactorOf(open, (input, stop) => {
    const labelSets = new Set(input.segments.flatMap(({ streams }) => streams));
    labelsMax.push([...labelSets].reduce((sum, labels) => sum + labelsMemoryBytes(labels), 0));
    return compact(realDisk, input, () => stop.aborted);
  });
  await compactor.settle();
  expect(Math.max(...labelsMax)).toBeLessThanOrEqual(COMPACTION_LABELS_BYTES_MAX);
  expect(open.store.stats()).toMatchObject({ rowCount: 4 * (setsOfAll + setsOfEach) });
  expect(open.store.stats().segmentCount).toBeLessThan(4);
});

test('segments that a worker dies of are not merged again', async () => {
  const open = await openStore();
  const lines = await flushes(open, 14);
  let deaths = 0;
  const compactor = compactorOf(open, () => {
    deaths++;
    return Promise.reject(new WorkerDiedError('a worker thread died in the middle of this', 1));
  });
  await compactor.settle();
  await compactor.settle();
  expect(deaths).toBe(1);
  await expectLines(open, lines);
});
