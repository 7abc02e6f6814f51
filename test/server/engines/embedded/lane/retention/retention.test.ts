/** Retention by rules and by size: the lines that should go do, all others stay, whatever fails on the way. */
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compact } from '../../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { realDisk } from '../../../../../../server/engines/embedded/platform/disk.ts';
import { MAX_SIZE_RESERVE_BYTES } from '../../../../../../server/limits.ts';
import { manifestPaths } from '../../../../../../server/engines/embedded/core/manifest-file.ts';
import { oldestBeyond } from '../../../../../../server/engines/embedded/lane/retention/plan.ts';
import {
  Retention,
  type RetentionOptions,
} from '../../../../../../server/engines/embedded/lane/retention/retention.ts';
import type { RetentionRule } from '../../../../../../server/engines/embedded/lane/retention/rules.ts';
import { batchOf, type Line, linesAsRead, numberedLines, TODAY } from '../../batches.ts';
import { FaultyDisk } from '../../platform/faulty-disk.ts';
import {
  append,
  expectLines,
  filesIn,
  linesOf,
  openStore,
  type OpenStore,
  reopen,
  retentionByAge,
} from '../../open-store.ts';

const DAY_MS = 86_400_000;
const NOON_MS = TODAY * DAY_MS + DAY_MS / 2;
const RULES: readonly RetentionRule[] = [
  { selector: new Map([['app', 'short-*']]), ageMs: 2 * DAY_MS },
  { selector: new Map([['app', 'long']]), ageMs: Infinity },
];

function retentionOf({ store, dataDir, options }: OpenStore, changes: Partial<RetentionOptions> = {}): Retention {
  const { disk = realDisk, now: expiryNow, log, indexedFields } = options;
  const run: RetentionOptions['compact'] = (input, stop) => compact(disk, input, () => stop.aborted);
  const rules = { rules: RULES, retentionMs: 5 * DAY_MS, bytesMax: Infinity };
  return new Retention({ store, dataDir, indexedFields, expiryNow, log, disk, compact: run, ...rules, ...changes });
}

function linesOfApp(app: string, day: number, count = 10): Line[] {
  return numberedLines(app, day * 100, count, day).map((line) => ({ ...line, labels: { app } }));
}

/** A segment for each list. */
async function segments(open: OpenStore, ...lists: readonly Line[][]): Promise<Line[]> {
  for (const lines of lists) {
    await append(open.store, batchOf({ lines }));
    await open.store.flushAll();
  }
  return lists.flat();
}

test('retention drops segments as a whole, when no snapshot reads them any more', async () => {
  let nowMs = (TODAY + 1) * DAY_MS;
  const open = await openStore({ now: () => nowMs });
  const retention = retentionByAge(open, 3 * DAY_MS);
  const old = numberedLines('old', 0, 10, TODAY - 2);
  const young = numberedLines('young', 0, 10, TODAY);
  await append(open.store, batchOf({ lines: [...old, ...young] }));
  await open.store.flushAll();
  await retention.tick();
  expect(open.store.stats().segmentCount).toBe(2);
  const snapshot = open.store.snapshot();
  nowMs += DAY_MS;
  await retention.tick();
  expect(linesOf(open.store)).toEqual(linesAsRead(young));
  expect((await filesIn(open.dataDir)).filter((path) => path.endsWith('.seg'))).toHaveLength(2);
  snapshot.release();
  const again = await expectLines(open, young);
  expect((await filesIn(again.dataDir)).filter((path) => path.endsWith('.seg'))).toHaveLength(1);
});

test('retention takes its turn when other jobs run at every look', async () => {
  let nowMs = (TODAY + 1) * DAY_MS;
  const open = await openStore({ now: () => nowMs });
  const retention = retentionByAge(open, 3 * DAY_MS);
  await append(open.store, batchOf({ lines: numberedLines('old', 0, 10, TODAY - 2) }));
  await open.store.flushAll();
  nowMs += DAY_MS;
  const merge = Promise.withResolvers<void>();
  const merged = open.store.maintain(() => merge.promise);
  const ticks = [retention.tick(), retention.tick()];
  expect(open.store.stats().segmentCount).toBe(1);
  merge.resolve();
  await Promise.all([merged, ...ticks]);
  await expectLines(open, []);
});

test('rules drop whole segments, write others anew, and leave the rest alone', async () => {
  const open = await openStore({ now: () => NOON_MS });
  const old = TODAY - 4;
  const [short, other, long] = ['short-1', 'other', 'long'].map((app) => linesOfApp(app, old)) as [
    Line[],
    Line[],
    Line[],
  ];
  const young = linesOfApp('short-1', TODAY);
  const ancient = linesOfApp('other', TODAY - 9);
  const kept = linesOfApp('long', TODAY - 9);
  await segments(open, short, [...short, ...other], [...other, ...long], young, [...ancient, ...kept]);
  await retentionOf(open).tick();
  expect(open.store.stats().segmentCount).toBe(4);
  await expectLines(open, [...other, ...other, ...long, ...young, ...kept]);
});

test('while nothing may expire, rules drop and rewrite nothing', async () => {
  const open = await openStore({ now: () => NOON_MS });
  const short = linesOfApp('short-1', TODAY - 4);
  const all = await segments(open, short, [...short, ...linesOfApp('long', TODAY - 4)]);
  await retentionOf(open, { expiryNow: () => undefined }).tick();
  await expectLines(open, all);
});

test('few expired lines wait, but not for ever', async () => {
  let nowMs = NOON_MS;
  const open = await openStore({ now: () => nowMs });
  const short = linesOfApp('short-1', TODAY - 4);
  const others = ['a', 'b', 'c', 'd'].flatMap((app) => linesOfApp(app, TODAY - 4));
  const all = await segments(open, [...short, ...others]);
  const retention = retentionOf(open, { retentionMs: 100 * DAY_MS });
  await retention.tick();
  expect(linesOf(open.store)).toEqual(linesAsRead(all));
  nowMs += 7 * DAY_MS;
  await retention.tick();
  expect(linesOf(open.store)).toEqual(linesAsRead(others));
  const before = open.store.segments();
  await retention.tick();
  expect(open.store.segments()).toEqual(before);
});

test('a rewrite that is killed at any step leaves all lines or the kept ones', async () => {
  let steps = 0;
  for (let died = true; died; steps++) {
    const disk = new FaultyDisk();
    const open = await openStore({ disk, now: () => NOON_MS });
    const short = linesOfApp('short-1', TODAY - 4);
    const other = linesOfApp('other', TODAY - 4);
    await segments(open, [...short, ...other]);
    disk.dieAfter(steps);
    await retentionOf(open).tick();
    died = disk.isDead;
    const again = await reopen(open, { disk: realDisk });
    expect([linesAsRead(other), linesAsRead([...short, ...other])]).toContainEqual(linesOf(again.store));
    await retentionOf(again).tick();
    await expectLines(again, other);
  }
  expect(steps).toBeGreaterThan(10);
});

test('by size the oldest segments go first, and not before they must', async () => {
  const open = await openStore({ now: () => NOON_MS });
  const days = [TODAY - 2, TODAY - 3, TODAY, TODAY - 1];
  const lists = days.map((day) => linesOfApp('other', day, 200));
  await segments(open, ...lists);
  const sizes = open.store.segments().map(({ sizeBytes }) => sizeBytes);
  const manifests = await Promise.all(manifestPaths(open.dataDir).map((path) => stat(path)));
  const total = [...sizes, ...manifests.map(({ size }) => size)].reduce((sum, size) => sum + size);
  const rules: readonly RetentionRule[] = [];
  await retentionOf(open, { rules, bytesMax: MAX_SIZE_RESERVE_BYTES + total }).tick();
  expect(open.store.stats().segmentCount).toBe(4);
  await retentionOf(open, { rules, bytesMax: MAX_SIZE_RESERVE_BYTES + total - sizes[1]! - 1 }).tick();
  const kept = days.flatMap((day, i) => (day >= TODAY - 1 ? lists[i]! : []));
  await expectLines(open, kept);
});

test.for([
  { bytesMax: 60, want: [] },
  { bytesMax: 59, want: [1n] },
  { bytesMax: 31, want: [1n, 2n] },
  { bytesMax: 0, want: [1n, 2n, 3n] },
])('of 60 bytes, at most $bytesMax: $want go', ({ bytesMax, want }) => {
  const files = [
    { sizeBytes: 30, newest: 3n },
    { sizeBytes: 10, newest: 1n },
    { sizeBytes: 20, newest: 2n },
  ];
  expect(oldestBeyond(files, 60, bytesMax).map(({ newest }) => newest)).toEqual(want);
});
