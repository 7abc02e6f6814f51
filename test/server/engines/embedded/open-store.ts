/**
 * A store in a folder of its own. After each test it is checked: what a snapshot shows is what was appended, it is the
 * same after a reopening, no file is left that nothing names, and `podlog check` finds nothing.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect } from 'vitest';
import { Metrics } from '../../../../shared/metrics.ts';
import { type Batch, decodeBatch } from '../../../../shared/wire.ts';
import type { BatchState } from '../../../../server/engines/embedded/core/batch-state.ts';
import { type Disk, realDisk } from '../../../../server/engines/embedded/platform/disk.ts';
import { flush } from '../../../../server/engines/embedded/core/flush.ts';
import { ExpiryClock } from '../../../../server/engines/embedded/core/expiry-clock.ts';
import { Retention } from '../../../../server/engines/embedded/lane/retention/retention.ts';
import { Store, type StoreOptions } from '../../../../server/engines/embedded/core/store.ts';
import { findingsOf } from './check/findings.ts';
import { type Line, linesAsRead, readLines } from './batches.ts';

/** How far each file has come, as a stand-in for the positions: enough to see that rows and state agree. */
export class FileEnds implements BatchState {
  ends: Record<string, number> = {};

  restore(saved: unknown): void {
    this.ends = { ...(saved as Record<string, number> | null) };
  }

  apply(batch: Batch): void {
    for (const { file, to } of batch.files) this.ends[file] = to.stdout;
    for (const file of batch.gone) delete this.ends[file];
  }

  save(): Record<string, number> {
    return { ...this.ends };
  }
}

export interface OpenStore {
  readonly store: Store;
  readonly state: FileEnds;
  readonly dataDir: string;
  readonly clock: ExpiryClock;
  readonly options: StoreOptions;
}

const folders: string[] = [];
const opened = new Map<Store, string>();
const damaged = new Set<string>();

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-store-'));
  folders.push(folder);
  return folder;
}

export type StoreChanges = Partial<StoreOptions>;

export async function openStore(changes: StoreChanges = {}): Promise<OpenStore> {
  const dataDir = changes.dataDir ?? join(await newFolder(), 'data');
  const disk: Disk = changes.disk ?? realDisk;
  const state = new FileEnds();
  const options: StoreOptions = {
    indexedFields: ['n', 'request_id', 'user_id'],
    now: () => Date.now(),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    flush: (input) => flush(disk, input),
    disk,
    state,
    ...changes,
    dataDir,
  };
  // Time goes by as the test says: its clock does not jump unless it has two.
  const { now, log } = options;
  const clock = options.clock ?? new ExpiryClock({ now, monotonicMs: now, log });
  const store = await Store.open({ ...options, clock });
  opened.set(store, dataDir);
  return { store, state, dataDir, clock, options };
}

/** Retention by age alone. */
export function retentionByAge({ store, dataDir, clock, options }: OpenStore, retentionMs: number): Retention {
  const { indexedFields, log, disk = realDisk } = options;
  return new Retention({
    store,
    dataDir,
    indexedFields,
    log,
    disk,
    rules: [],
    retentionMs,
    bytesMax: Infinity,
    expiryNow: () => clock.expiryNow(),
    compact: () => Promise.reject(new Error('BUG: no rule')),
  });
}

/** Does what the server does at intervals, with retention by age. */
export async function tickAndRetain(open: OpenStore, retentionMs: number): Promise<void> {
  await open.store.tick();
  await retentionByAge(open, retentionMs).tick();
}

export async function closeStore({ store }: Pick<OpenStore, 'store'>): Promise<void> {
  opened.delete(store);
  await store.close();
}

/** Ends the store as kill -9 would, as far as the folder can tell, and opens it anew. */
export async function reopen(open: OpenStore, changes: StoreChanges = {}): Promise<OpenStore> {
  await closeStore(open);
  const { state: _, ...options } = open.options;
  return openStore({ ...options, metrics: new Metrics(), ...changes });
}

export function append(store: Store, bytes: Buffer): Promise<{ rowCount: number }> {
  return store.append(bytes, decodeBatch(bytes));
}

export function linesOf(store: Store): string[] {
  const snapshot = store.snapshot();
  try {
    return readLines(snapshot.rowGroups);
  } finally {
    snapshot.release();
  }
}

/** The store has exactly these lines, now and after a reopening, and its folder nothing else. */
export async function expectLines(open: OpenStore, lines: readonly Line[]): Promise<OpenStore> {
  const want = linesAsRead(lines);
  expect(linesOf(open.store)).toEqual(want);
  const again = await reopen(open);
  expect(linesOf(again.store)).toEqual(want);
  expect(again.state.ends).toEqual(open.state.ends);
  return again;
}

/** Names of all files below a folder, without the locks. */
export async function filesIn(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dataDir.length + 1))
    .toSorted();
}

/** Invariants of any open store, which is flushed first: nothing is in the making then. */
export async function checkStore(store: Store, dataDir: string): Promise<void> {
  await store.flushAll();
  const snapshot = store.snapshot();
  const { rowGroups } = snapshot;
  const stats = store.stats();
  const spans = rowGroups.map(({ path, offset, sizeBytes }) => ({ path, offset, end: offset + sizeBytes }));
  const sorted = spans.toSorted((a, b) => (a.path === b.path ? a.offset - b.offset : a.path < b.path ? -1 : 1));
  for (const [i, span] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next?.path === span.path) expect(next.offset).toBeGreaterThanOrEqual(span.end);
  }
  const orders = rowGroups.map(({ order }) => order);
  expect(rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(stats.rowCount);
  for (const order of orders) expect(Number.isSafeInteger(order)).toBe(true);
  const live = new Set(rowGroups.map(({ path }) => basename(path)));
  const segments = (await filesIn(dataDir)).filter((path) => path.startsWith('segments/'));
  for (const path of segments) expect(live).toContain(basename(path));
  // Streams of row groups that were set aside are in no snapshot.
  const streams = new Set(rowGroups.flatMap((rowGroup) => rowGroup.streams));
  if (stats.quarantinedCount === 0) expect(stats.streamCount).toBe(streams.size);
  snapshot.release();
}

/** The test breaks files of this folder in ways that no store reports: it is not checked in the end. */
export function expectDamage({ dataDir }: OpenStore): void {
  damaged.add(dataDir);
}

/** Checks a store and its folder, and closes it: for tests that open many. */
export async function checkAndClose({ store, dataDir }: Pick<OpenStore, 'store' | 'dataDir'>): Promise<void> {
  opened.delete(store);
  try {
    await checkStore(store, dataDir);
  } finally {
    await store.close();
  }
  if (store.stats().quarantinedCount === 0 && !damaged.has(dataDir)) expect(await findingsOf(dataDir)).toEqual([]);
}

afterEach(async () => {
  const errors: unknown[] = [];
  for (const [store, dataDir] of opened) {
    await checkAndClose({ store, dataDir }).catch((error: unknown) => errors.push(error));
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  if (errors.length > 0) throw errors[0];
});
