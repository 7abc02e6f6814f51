/**
 * A remembered erasure: lines of before it that come back go again, from the nodes, from an old file, or with a backup
 * of before; and nothing else goes, nor is anything looked at while only new lines arrive.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ERASE_AGAIN_DELAY_MS, ERASURES_REMEMBERED_BYTES_MAX } from '../../../../../../server/limits.ts';
import { Backups } from '../../../../../../server/engines/embedded/core/backup.ts';
import { compact, type CompactInput } from '../../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { eraseSegment } from '../../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { Erasures } from '../../../../../../server/engines/embedded/lane/erasure/erasures.ts';
import { findErased } from '../../../../../../server/engines/embedded/lane/erasure/find-erased.ts';
import { decodeJob, encodeJob } from '../../../../../../server/engines/embedded/core/erasure-job.ts';
import { realDisk } from '../../../../../../server/engines/embedded/platform/disk.ts';
import { parseFilters, type QueryString } from '../../../../../../server/query/parameters.ts';
import { Metrics } from '../../../../../../shared/metrics.ts';
import { eventually } from '../../../../../eventually.ts';
import { batchOf, type Line, TODAY } from '../../batches.ts';
import {
  append,
  closeStore,
  expectLines,
  filesIn,
  linesOf,
  newFolder,
  type OpenStore,
  openStore,
  reopen,
} from '../../open-store.ts';
import { type Fault, FaultyDisk } from '../../platform/faulty-disk.ts';
import { DEFAULT_INDEXED_FIELDS, rowsOfUsers, user } from './users.ts';

const DAY_MS = 86_400_000;
/** When erasures are requested: all lines of `rowsOfUsers` are from before. */
const NOON_MS = TODAY * DAY_MS + DAY_MS / 2;

/** A store with its erasures, a clock, and what its erasures have done. */
interface Remembering {
  open: OpenStore;
  erasures: Erasures;
  nowMs: number;
  searches: number;
  visits: number;
  readonly logged: string[];
}

interface Changes {
  readonly dataDir?: string;
  readonly disk?: FaultyDisk;
  readonly keptMs?: number;
}

async function openRemembering(changes: Changes = {}): Promise<Remembering> {
  const { keptMs = Infinity, ...rest } = changes;
  const remembering = { nowMs: NOON_MS, searches: 0, visits: 0, logged: [] } as unknown as Remembering;
  const log = pino({ level: 'warn' }, { write: (line: string) => remembering.logged.push(line) });
  remembering.open = await openStore({ ...rest, log, now: () => remembering.nowMs });
  await openErasures(remembering, keptMs);
  return remembering;
}

async function openErasures(remembering: Remembering, keptMs: number): Promise<void> {
  const { open } = remembering;
  const { dataDir, now, log, disk = realDisk } = open.options;
  remembering.erasures = await Erasures.open({
    store: open.store,
    dataDir,
    indexedFields: DEFAULT_INDEXED_FIELDS,
    erase: (input) => {
      remembering.visits++;
      return eraseSegment(disk, input);
    },
    find: (input) => {
      remembering.searches++;
      return findErased(disk, input);
    },
    keptMs,
    now,
    log,
    disk,
  });
}

async function restart(remembering: Remembering, keptMs = Infinity): Promise<void> {
  await remembering.erasures.close();
  remembering.open = await reopen(remembering.open, { metrics: new Metrics() });
  Object.assign(remembering, { visits: 0, searches: 0 });
  await openErasures(remembering, keptMs);
}

async function close({ open, erasures }: Remembering): Promise<void> {
  await erasures.close();
  await closeStore(open);
}

async function erase({ erasures }: Remembering, query: QueryString, isRemembered = true): Promise<string> {
  const filter = parseFilters({ query, namespaces: 'all' }, NOON_MS);
  const { id } = await erasures.request(filter, isRemembered);
  await finished(erasures, id);
  return id;
}

async function finished(erasures: Erasures, id: string): Promise<void> {
  await eventually(async () => {
    await erasures.idle();
    await erasures.tick();
    expect(erasures.get(id)).toMatchObject({ state: 'done', problem: undefined });
  });
}

/** Lets what has arrived be looked at, and erased. */
async function later(remembering: Remembering, id: string): Promise<void> {
  remembering.nowMs += ERASE_AGAIN_DELAY_MS;
  await remembering.erasures.tick();
  await finished(remembering.erasures, id);
}

function without(lines: readonly Line[], n: number): Line[] {
  return lines.filter(({ text }) => !text.includes(`"${user(n)}"`));
}

/** Names of the files that have the value that an erasure looks for. */
async function holders(dataDir: string, id: string): Promise<string[]> {
  const names = (await filesIn(dataDir)).filter((name) => name.endsWith(`${id}.json`));
  const texts = await Promise.all(names.map((name) => readFile(join(dataDir, name), 'utf8')));
  return names.filter((_, i) => texts[i]!.includes(Buffer.from(user(7)).toString('base64')));
}

const LINES = rowsOfUsers(100, TODAY);
/** A minute after the erasure. */
const NEWS: Line[] = [{ text: `{"user_id":"${user(7)}","new":true}`, timeNs: (DAY_MS / 2 + 60_000) * 1e6 }];

for (const flushes of [false, true]) {
  test(`lines that arrive once more go once more, ${flushes ? 'from segments' : 'from the WAL'}; others stay`, async () => {
    const remembering = await openRemembering();
    const { open } = remembering;
    await append(open.store, batchOf({ lines: LINES }));
    const id = await erase(remembering, { user_id: user(7) });
    expect(remembering.erasures.get(id)).toMatchObject({ rowCount: 5, rememberedUntilMs: Infinity });
    for (const lines of [NEWS, LINES, NEWS]) {
      await append(open.store, batchOf({ lines }));
      if (flushes) await open.store.flushAll();
    }
    await later(remembering, id);
    expect(remembering.erasures.get(id)).toMatchObject({ rowCount: 10 });
    const kept = [...without(LINES, 7), ...NEWS, ...without(LINES, 7), ...NEWS];
    remembering.open = await expectLines(open, kept);
    // What is to be looked at again is looked at once.
    await restart(remembering);
    await later(remembering, id);
    expect(remembering).toMatchObject({ searches: 0, visits: 0 });
    await append(remembering.open.store, batchOf({ lines: LINES }));
    await later(remembering, id);
    await expectLines(remembering.open, [...kept, ...without(LINES, 7)]);
  });
}

test('new lines cost no search; old ones that do not match cost one search and no rewriting', async () => {
  const remembering = await openRemembering();
  const { open } = remembering;
  await append(open.store, batchOf({ lines: LINES }));
  const id = await erase(remembering, { user_id: user(7) });
  remembering.visits = 0;
  await append(open.store, batchOf({ lines: NEWS }));
  await later(remembering, id);
  expect(remembering).toMatchObject({ searches: 0, visits: 0 });
  for (let times = 1; times <= 3; times++) {
    await append(open.store, batchOf({ lines: without(LINES, 7) }));
    await remembering.erasures.tick();
    expect(remembering.searches).toBe(times - 1);
    await later(remembering, id);
    await later(remembering, id);
    expect(remembering).toMatchObject({ searches: times, visits: 0 });
  }
  expect(open.store.stats().walFileCount).toBe(1);
});

test('by labels alone it is known that lines of other streams need no search', async () => {
  const remembering = await openRemembering();
  const { store } = remembering.open;
  const id = await erase(remembering, { pod: 'api-9' });
  await append(store, batchOf({ lines: LINES }));
  await later(remembering, id);
  expect(remembering.searches).toBe(0);
});

test('lines that arrive while it runs go, too, and so do those of a batch that a crash keeps from being looked at', async () => {
  const remembering = await openRemembering();
  await append(remembering.open.store, batchOf({ lines: LINES }));
  const gate = Promise.withResolvers<void>();
  const running = remembering.open.store.maintain(() => gate.promise);
  const filter = parseFilters({ query: { user_id: user(7) }, namespaces: 'all' }, NOON_MS);
  const { id } = await remembering.erasures.request(filter, true);
  await append(remembering.open.store, batchOf({ lines: LINES }));
  gate.resolve();
  await running;
  await finished(remembering.erasures, id);
  await append(remembering.open.store, batchOf({ lines: LINES }));
  await restart(remembering);
  await later(remembering, id);
  const kept = without(LINES, 7);
  await expectLines(remembering.open, [...kept, ...kept, ...kept]);
});

test('beside compaction, lines that wait to be looked at stay apart', async () => {
  const remembering = await openRemembering();
  const { open } = remembering;
  const { store, dataDir, options } = open;
  const compactor = new Compactor({
    store,
    dataDir,
    indexedFields: DEFAULT_INDEXED_FIELDS,
    now: options.now,
    log: options.log,
    metrics: new Metrics(),
    compact: (input: CompactInput, stop: AbortSignal) => compact(realDisk, input, () => stop.aborted),
  });
  const write = async (lines: readonly Line[]): Promise<void> => {
    for (let at = 0; at < lines.length; at += 10) {
      await append(store, batchOf({ lines: lines.slice(at, at + 10) }));
      await store.flushAll();
    }
  };
  await write(LINES);
  const id = await erase(remembering, { user_id: user(7) });
  await write(without(LINES, 7));
  await later(remembering, id);
  await compactor.settle();
  await write(LINES);
  await compactor.settle();
  remembering.visits = 0;
  await restart(remembering);
  await later(remembering, id);
  // The segments of what arrived last, and no other.
  expect(remembering.visits).toBeGreaterThan(0);
  expect(remembering.visits).toBeLessThanOrEqual(2);
  await compactor.close();
  const kept = without(LINES, 7);
  await expectLines(remembering.open, [...kept, ...kept, ...kept]);
});

/** A backup of before an erasure, opened beside the erasures of the store that has carried it out. */
async function restored(isMade: 'before' | 'anew', changes: Changes = {}): Promise<[Remembering, string]> {
  const lost = await openRemembering();
  await append(lost.open.store, batchOf({ lines: LINES }));
  const { dataDir } = lost.open;
  const folder = join(await newFolder(), 'restored');
  if (isMade === 'before') {
    const backups = await Backups.open({ store: lost.open.store, dataDir });
    await backups.create('before');
    await cp(join(dataDir, 'snapshots/before'), folder, { recursive: true });
  } else await mkdir(folder);
  const id = await erase(lost, { user_id: user(7) });
  for (let i = 0; i < 3; i++) {
    await append(lost.open.store, batchOf({ lines: NEWS }));
    await lost.open.store.flushAll();
  }
  await close(lost);
  await cp(join(dataDir, 'erasures'), join(folder, 'erasures'), { recursive: true });
  return [await openRemembering({ ...changes, dataDir: folder }), id];
}

test('a restored backup of before: nothing is shown until it is erased once more, and the next start does nothing', async () => {
  const [remembering, id] = await restored('before');
  expect(remembering.erasures.hides).toMatch(`erasure ${id} of before the restore is being done again`);
  await append(remembering.open.store, batchOf({ lines: NEWS }));
  expect(linesOf(remembering.open.store).some((line) => line.includes(`"${user(7)}"`))).toBe(true);
  await finished(remembering.erasures, id);
  expect(remembering.erasures.hides).toBeUndefined();
  expect(remembering.erasures.get(id)).toMatchObject({ rowCount: 10 });
  remembering.open = await expectLines(remembering.open, [...without(LINES, 7), ...NEWS]);
  await restart(remembering);
  expect(remembering.erasures.hides).toBeUndefined();
  await later(remembering, id);
  expect(remembering).toMatchObject({ searches: 0, visits: 0 });
  // Agents send again what they still have.
  await append(remembering.open.store, batchOf({ lines: LINES }));
  await later(remembering, id);
  await expectLines(remembering.open, [...without(LINES, 7), ...NEWS, ...without(LINES, 7)]);
});

test('a new store that its nodes fill again, beside the erasures of the lost one', async () => {
  const [remembering, id] = await restored('anew');
  await finished(remembering.erasures, id);
  for (let at = 0; at < 100; at += 25) {
    await append(remembering.open.store, batchOf({ lines: LINES.slice(at, at + 25) }));
    if (at === 50) await later(remembering, id);
  }
  await later(remembering, id);
  await expectLines(remembering.open, without(LINES, 7));
});

test('an erasure that the lost store had not done is done as of its request: lines that come later stay', async () => {
  for (const isRemembered of [true, false]) {
    const lost = await openRemembering();
    await append(lost.open.store, batchOf({ lines: LINES }));
    const backups = await Backups.open({ store: lost.open.store, dataDir: lost.open.dataDir });
    await backups.create('before');
    const folder = join(await newFolder(), 'restored');
    await cp(join(lost.open.dataDir, 'snapshots/before'), folder, { recursive: true });
    await append(lost.open.store, batchOf({ lines: NEWS }));
    const gate = Promise.withResolvers<void>();
    const running = lost.open.store.maintain(() => gate.promise);
    const filter = parseFilters({ query: { user_id: user(7) }, namespaces: 'all' }, NOON_MS);
    const { id } = await lost.erasures.request(filter, isRemembered);
    await cp(join(lost.open.dataDir, 'erasures'), join(folder, 'erasures'), { recursive: true });
    gate.resolve();
    await running;
    await close(lost);
    const remembering = await openRemembering({ dataDir: folder });
    expect(remembering.erasures.hides).toContain(id);
    await append(remembering.open.store, batchOf({ lines: NEWS }));
    await finished(remembering.erasures, id);
    expect(await holders(folder, id)).toHaveLength(isRemembered ? 1 : 0);
    await expectLines(remembering.open, [...without(LINES, 7), ...NEWS]);
  }
});

test('snapshots take remembered erasures along: those of before it, and of after it', async () => {
  const lost = await openRemembering();
  const { store, dataDir } = lost.open;
  await append(store, batchOf({ lines: LINES }));
  const backups = await Backups.open({ store, dataDir });
  await backups.create('before');
  const id = await erase(lost, { user_id: user(7) });
  await backups.create('after');
  await close(lost);
  for (const name of ['before', 'after']) {
    const folder = join(await newFolder(), name);
    await cp(join(dataDir, 'snapshots', name), folder, { recursive: true });
    const remembering = await openRemembering({ dataDir: folder });
    expect(remembering.erasures.hides).toBeUndefined();
    await later(remembering, id);
    expect(remembering).toMatchObject({ searches: 0, visits: 0 });
    await append(remembering.open.store, batchOf({ lines: LINES }));
    await later(remembering, id);
    await expectLines(remembering.open, [...without(LINES, 7), ...without(LINES, 7)]);
  }
});

test('it is remembered as long as such lines would be kept; then the values are nowhere, and lines stay', async () => {
  const remembering = await openRemembering({ keptMs: DAY_MS });
  const { store, dataDir } = remembering.open;
  await append(store, batchOf({ lines: LINES }));
  const id = await erase(remembering, { user_id: user(7) });
  await (await Backups.open({ store, dataDir })).create('after');
  expect(remembering.erasures.get(id)!.rememberedUntilMs).toBe(NOON_MS + DAY_MS);
  remembering.nowMs = NOON_MS + DAY_MS;
  await remembering.erasures.tick();
  expect(await holders(dataDir, id)).toHaveLength(2);
  remembering.nowMs++;
  await remembering.erasures.tick();
  expect(await holders(dataDir, id)).toEqual([]);
  expect(remembering.erasures.get(id)).toMatchObject({ state: 'done', rowCount: 5, rememberedUntilMs: undefined });
  expect(store.manifest.erasures).toEqual({});
  await append(store, batchOf({ lines: LINES }));
  await later(remembering, id);
  await expectLines(remembering.open, [...without(LINES, 7), ...LINES]);
});

test('one that is forgotten leaves no value, lets lines come back, and remains on record', async () => {
  const remembering = await openRemembering();
  const { store, dataDir } = remembering.open;
  await append(store, batchOf({ lines: LINES }));
  const id = await erase(remembering, { user_id: user(7) });
  await (await Backups.open({ store, dataDir })).create('after');
  await append(store, batchOf({ lines: LINES }));
  for (let times = 0; times < 2; times++) {
    expect(await remembering.erasures.forget(id)).toMatchObject({ id, state: 'done', rememberedUntilMs: undefined });
  }
  expect(await holders(dataDir, id)).toEqual([]);
  expect(await remembering.erasures.forget('none')).toBeUndefined();
  await later(remembering, id);
  const kept = [...without(LINES, 7), ...LINES];
  remembering.open = await expectLines(remembering.open, kept);
  await restart(remembering);
  await later(remembering, id);
  expect(remembering.erasures.get(id)).toMatchObject({ state: 'done', rowCount: 5 });
  await expectLines(remembering.open, kept);
});

test('one that is not done cannot be forgotten; one that cannot be done again after a restore can', async () => {
  const remembering = await openRemembering();
  const gate = Promise.withResolvers<void>();
  const running = remembering.open.store.maintain(() => gate.promise);
  const filter = parseFilters({ query: { user_id: user(7) }, namespaces: 'all' }, NOON_MS);
  const { id } = await remembering.erasures.request(filter, true);
  await expect(remembering.erasures.forget(id)).rejects.toMatchObject({ status: 409 });
  gate.resolve();
  await running;
  await finished(remembering.erasures, id);
  await close(remembering);

  const disk = new FaultyDisk();
  const [stuck, again] = await restored('before', { disk });
  disk.fail({ operation: 'write', path: '/segments/', code: 'ENOSPC' });
  await stuck.erasures.idle();
  expect(stuck.erasures.hides).toMatch(/being done again: .*DELETE \/erasures\/\w+ forgets it/);
  disk.heal();
  await stuck.erasures.forget(again);
  expect(stuck.erasures.hides).toBeUndefined();
  await later(stuck, again);
  await expectLines(stuck.open, LINES);
});

test('beyond the limit the oldest are forgotten, and the log says which', async () => {
  const remembering = await openRemembering();
  const { store } = remembering.open;
  const id = await erase(remembering, { user_id: user(7) });
  const long = Array.from({ length: 4 }, (_, i) => String(i).repeat(ERASURES_REMEMBERED_BYTES_MAX / 5));
  for (const text of long) {
    const where = { kind: 'text', needle: Buffer.from(text) } as const;
    const request = await remembering.erasures.request({ from: undefined, to: undefined, where }, true);
    await finished(remembering.erasures, request.id);
  }
  expect(remembering.erasures.list().map(({ rememberedUntilMs }) => rememberedUntilMs)).toEqual([
    undefined,
    undefined,
    Infinity,
    Infinity,
    Infinity,
  ]);
  const said = remembering.logged.filter((line) => line.includes('too many erasures are remembered'));
  expect(said.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ id, names: ['user_id'] }, { names: ['q'] }]);
  await append(store, batchOf({ lines: LINES }));
  await later(remembering, id);
  await expectLines(remembering.open, LINES);
});

const FAULTS: readonly Fault[] = [
  { operation: 'open', path: '/segments/', code: 'ENOSPC' },
  { operation: 'sync', path: '/segments/', code: 'EIO', after: 1 },
  { operation: 'rename', path: '/erasures/', code: 'EIO' },
  { operation: 'rename', path: '/erasures/', code: 'EIO', after: 1 },
  { operation: 'rename', path: '/erasures/', code: 'EIO', after: 2 },
  ...[0, 1, 2, 3, 4, 5].map((after): Fault => ({ operation: 'rename', path: 'MANIFEST', code: 'EIO', after })),
];
for (const isRestored of [false, true]) {
  for (const isRestarted of [false, true]) {
    for (const fault of FAULTS) {
      const place = `${fault.operation} ${fault.path} after ${fault.after ?? 0}`;
      const when = isRestored ? 'after a restore' : 'when lines come back';
      test(`a disk that fails ${when} (${place}): ${isRestarted ? 'the next start' : 'a later tick'} goes on`, async () => {
        const disk = new FaultyDisk();
        let remembering: Remembering;
        let id: string;
        if (isRestored) {
          [remembering, id] = await restored('before', { disk });
          disk.fail(fault);
          await remembering.erasures.idle();
        } else {
          remembering = await openRemembering({ disk });
          id = await erase(remembering, { user_id: user(7) });
          await append(remembering.open.store, batchOf({ lines: LINES }));
          remembering.nowMs += ERASE_AGAIN_DELAY_MS;
          disk.fail(fault);
          await remembering.erasures.tick();
          await remembering.erasures.idle();
        }
        const isGone = linesOf(remembering.open.store).every((line) => !line.includes(`"${user(7)}"`));
        if (isRestored) expect(remembering.erasures.hides === undefined).toBe(isGone);
        disk.heal();
        if (isRestarted) await restart(remembering);
        await later(remembering, id);
        await later(remembering, id);
        expect(remembering.erasures.hides).toBeUndefined();
        await expectLines(remembering.open, without(LINES, 7));
      });
    }
  }
}

test('erasures of older versions: done ones stay as they are, and their text is what it was', async () => {
  const dataDir = join(await newFolder(), 'data');
  const job = {
    id: '0123456789abcdef',
    requestedMs: NOON_MS,
    names: ['user_id'],
    scope: { orderBefore: 5, orderFrom: 0, segmentBefore: 9, walBefore: 3 },
    filter: undefined,
    remembered: undefined,
    request: undefined,
    rewritten: [],
    done: { atMs: NOON_MS, rowCount: 1, segmentCount: 1 },
    earlier: undefined,
  };
  const text = encodeJob(job);
  expect(Object.keys(JSON.parse(text) as object).toSorted()).toEqual(
    ['crc32', 'done', 'filter', 'id', 'names', 'requestedMs', 'rewritten', 'scope'].toSorted(),
  );
  expect(decodeJob(text)).toEqual(job);
  await mkdir(join(dataDir, 'erasures'), { recursive: true });
  await writeFile(join(dataDir, 'erasures', `${job.id}.json`), text);
  const remembering = await openRemembering({ dataDir });
  expect(remembering.erasures.hides).toBeUndefined();
  await append(remembering.open.store, batchOf({ lines: LINES }));
  await later(remembering, job.id);
  await expectLines(remembering.open, LINES);
});
