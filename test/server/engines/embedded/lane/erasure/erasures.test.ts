/** What an erasure was asked to take is gone from every file, whatever happens meanwhile, and nothing else is. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { eventually } from '../../../../../eventually.ts';
import { parseFilters, type QueryString } from '../../../../../../server/query/parameters.ts';
import { type Disk, realDisk } from '../../../../../../server/engines/embedded/platform/disk.ts';
import {
  type EraseInput,
  type EraseOutput,
  eraseSegment,
} from '../../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { findErased } from '../../../../../../server/engines/embedded/lane/erasure/find-erased.ts';
import { Backups } from '../../../../../../server/engines/embedded/core/backup.ts';
import type { Store } from '../../../../../../server/engines/embedded/core/store.ts';
import { Erasures } from '../../../../../../server/engines/embedded/lane/erasure/erasures.ts';
import { DEFAULT_INDEXED_FIELDS, rowsOfUsers, user, UUID_OF_7 } from './users.ts';
import { batchOf, type Line, linesAsRead, readLines, TODAY } from '../../batches.ts';
import { findingsOf } from '../../check/findings.ts';
import { type Fault, FaultyDisk } from '../../platform/faulty-disk.ts';
import {
  append,
  closeStore,
  expectLines,
  filesIn,
  linesOf,
  type OpenStore,
  openStore,
  reopen,
} from '../../open-store.ts';
import { CorruptionError, UnavailableError } from '../../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../../shared/row-group/reader.ts';
import { readSegment } from '../../../../../../server/engines/embedded/segment/reader.ts';
import { compact, type CompactInput } from '../../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { Metrics } from '../../../../../../shared/metrics.ts';
import { ERASURES_WAITING_MAX } from '../../../../../../server/limits.ts';
import type { ErasureStatus } from '../../../../../../server/store/erasure-status.ts';

type Erase = (input: EraseInput) => Promise<EraseOutput>;

async function openErasures(open: OpenStore, run?: Erase): Promise<Erasures> {
  const disk: Disk = open.options.disk ?? realDisk;
  const { dataDir, now, log } = open.options;
  return Erasures.open({
    store: open.store,
    dataDir,
    indexedFields: DEFAULT_INDEXED_FIELDS,
    erase: run ?? ((input) => eraseSegment(disk, input)),
    find: (input) => findErased(disk, input),
    now,
    log,
    disk,
  });
}

function filterOf(query: QueryString) {
  return parseFilters({ query, namespaces: 'all' }, Date.now());
}

/** Runs what is wanted, and waits until it is done. */
async function erase(open: OpenStore, query: QueryString): Promise<{ rowCount: number; erasures: Erasures }> {
  const erasures = await openErasures(open);
  const { id } = await erasures.request(filterOf(query));
  await finished(erasures, id);
  return { rowCount: erasures.get(id)!.rowCount, erasures };
}

/** Replaced files are removed in the background, and only then is a job done. */
async function finished(erasures: Erasures, id: string): Promise<void> {
  await eventually(async () => {
    await erasures.idle();
    await erasures.tick();
    expect(erasures.get(id)).toMatchObject({ state: 'done', problem: undefined });
  });
}

/** Neither as text nor as the bits of a UUID is a value in any file. */
async function expectNowhere(dataDir: string, values: readonly string[]): Promise<void> {
  for (const name of await filesIn(dataDir)) {
    const bytes = await readFile(join(dataDir, name));
    const decoded = name.endsWith('.seg') ? await everyValueOf(join(dataDir, name), bytes.length) : '';
    for (const value of values) {
      expect(decoded.includes(value), `${value} in ${name}`).toBe(false);
      expect(bytes.includes(value), `${value} in ${name}`).toBe(false);
      expect(bytes.includes(Buffer.from(value).toString('base64')), `${value} in ${name}`).toBe(false);
      const bits = Buffer.from(value.replaceAll('-', ''), 'hex');
      if (value.length === 36) expect(bits.length === 16 && bytes.includes(bits), `${value} in ${name}`).toBe(false);
    }
  }
  expect(await findingsOf(dataDir)).toEqual([]);
}

/** All that the row groups of a segment hold: literals, values, also those of dictionaries that no row has. */
async function everyValueOf(path: string, sizeBytes: number): Promise<string> {
  const bytes = await readFile(path);
  const texts: string[] = [];
  for (const { offset, sizeBytes: size } of (await readSegment(realDisk, path, sizeBytes)).rowGroups) {
    const group = new RowGroup(bytes.subarray(offset, offset + size));
    texts.push(JSON.stringify(group.info.streams), group.lines([...group.flags().keys()]).bytes.toString());
    for (const { literals } of group.templates) texts.push(...literals.map(String));
    for (const [column, { chunk }] of group.columns.entries()) {
      const values = group.values(column);
      texts.push(chunk.parameters.toString(), values.kind === 'dictionary' ? values.values.bytes.toString() : '');
    }
  }
  return texts.join('\n');
}

test('an undamaged row group that cannot be searched stays as it is, and the erasure says why it is not done', async () => {
  const open = await openStore();
  const lines = rowsOfUsers(400, TODAY);
  await append(open.store, batchOf({ lines }));
  await open.store.flushAll();
  const erasures = await openErasures(open);
  const search = vi.spyOn(RowGroup.prototype, 'findUuids').mockImplementation(() => {
    throw new CorruptionError('a column chunk lacks a page');
  });
  const { id } = await erasures.request(filterOf({ request_id: UUID_OF_7 }));
  await erasures.idle();
  search.mockRestore();
  expect(erasures.get(id)!.problem).toMatch(/undamaged row group cannot be searched: a column chunk lacks a page/);
  expect(open.store.stats().rowCount).toBe(lines.length);
  await finished(erasures, id);
  await expectLines(
    open,
    lines.filter(({ text }) => !text.includes(UUID_OF_7)),
  );
});

test('rows in segments, in the WAL and in old copies go; all others stay', async () => {
  let open = await openStore();
  const lines = [...rowsOfUsers(400, TODAY - 1), ...rowsOfUsers(400, TODAY)];
  for (let at = 0; at < lines.length; at += 100) {
    await append(open.store, batchOf({ lines: lines.slice(at, at + 100) }));
    if (at === 300) await open.store.flushAll();
  }
  await mkdir(join(open.dataDir, 'quarantine'));
  await writeFile(join(open.dataDir, 'quarantine/000000000001.wal-24'), `broken bytes of ${user(7)}`);
  const { rowCount, erasures } = await erase(open, { user_id: user(7) });
  const kept = lines.filter(({ text }) => !text.includes(`"${user(7)}"`));
  expect(rowCount).toBe(lines.length - kept.length);
  expect(rowCount).toBeGreaterThan(0);
  open = await expectLines(open, kept);
  await closeStore(open);
  await expectNowhere(open.dataDir, [user(7), UUID_OF_7]);
  expect(await readFile(join(open.dataDir, 'erasures', `${erasures.list()[0]!.id}.json`), 'utf8')).toContain('user_id');
});

test('too many that wait are refused until fewer do, and all are while the server ends', async () => {
  const open = await openStore();
  await append(open.store, batchOf({ lines: rowsOfUsers(20, TODAY) }));
  await open.store.flushAll();
  const gate = Promise.withResolvers<void>();
  const erasures = await openErasures(open, async (input) => {
    await gate.promise;
    return eraseSegment(realDisk, input);
  });
  const request = () => erasures.request(filterOf({ user_id: user(7) }));
  const requested: ErasureStatus[] = [];
  for (let i = 0; i < ERASURES_WAITING_MAX; i++) requested.push(await request());
  await expect(request()).rejects.toThrow(`${ERASURES_WAITING_MAX} erasures are not done yet`);
  await expect(request()).rejects.toThrow(/retry when GET \/erasures shows fewer$/);
  gate.resolve();
  for (const { id } of requested) await finished(erasures, id);
  await finished(erasures, (await request()).id);
  await erasures.close();
  await expect(request()).rejects.toThrow(/^the server is shutting down$/);
  await closeStore(open);
});

const FILTERS: readonly [string, QueryString, (line: Line) => boolean][] = [
  ['a number', { n: '3' }, ({ text }) => text.includes('"n":3,')],
  ['a UUID', { request_id: UUID_OF_7 }, ({ text }) => text.includes(UUID_OF_7)],
  ['a label', { pod: 'api-2' }, ({ labels }) => labels?.['pod'] === 'api-2'],
  ['a text', { q: 'user-1' }, ({ text }) => text.includes('user-1')],
  ['a wildcard', { user_id: 'user-1*' }, ({ text }) => text.includes('"user-1')],
  ['all but one', { user_id: `!${user(1)}` }, ({ text }) => !text.includes(`"${user(1)}"`)],
  [
    'two filters',
    { user_id: user(2), pod: 'api-1' },
    ({ text, labels }) => {
      return text.includes(`"${user(2)}"`) && labels?.['pod'] === 'api-1';
    },
  ],
  [
    'a time range',
    { since: '2026-11-23T00:00:00.100Z', until: '2026-11-23T00:00:00.200Z' },
    ({ timeNs }) => {
      return timeNs! >= 100e6 && timeNs! < 200e6;
    },
  ],
  ['everything', { user_id: '*' }, () => true],
  ['nothing', { user_id: 'nobody' }, () => false],
];

for (const [name, query, matches] of FILTERS) {
  test(`takes what a query with the same filters finds: ${name}`, async () => {
    let open = await openStore();
    const lines = rowsOfUsers(300, TODAY);
    await append(open.store, batchOf({ lines }));
    const { rowCount } = await erase(open, query);
    const kept = lines.filter((line) => !matches(line));
    expect(rowCount).toBe(lines.length - kept.length);
    open = await expectLines(open, kept);
    await closeStore(open);
    expect(await findingsOf(open.dataDir)).toEqual([]);
  });
}

test('rows that come after the request stay, though they match', async () => {
  const open = await openStore();
  const before = rowsOfUsers(100, TODAY);
  await append(open.store, batchOf({ lines: before }));
  const gate = Promise.withResolvers<void>();
  const erasures = await openErasures(open, async (input) => {
    await gate.promise;
    return eraseSegment(realDisk, input);
  });
  await erasures.request(filterOf({ user_id: user(7) }));
  const after: Line[] = [{ text: `{"user_id":"${user(7)}","late":true}`, timeNs: 5e6 }];
  await append(open.store, batchOf({ lines: after }));
  await open.store.flushAll();
  await append(open.store, batchOf({ lines: after }));
  gate.resolve();
  await erasures.idle();
  const kept = before.filter(({ text }) => !text.includes(`"${user(7)}"`));
  await expectLines(open, [...kept, ...after, ...after]);
});

test('a snapshot sees its rows as long as it is held, and only then is the job done', async () => {
  const open = await openStore();
  const lines = rowsOfUsers(100, TODAY);
  await append(open.store, batchOf({ lines }));
  await open.store.flushAll();
  const snapshot = open.store.snapshot();
  const erasures = await openErasures(open);
  const { id } = await erasures.request(filterOf({ user_id: user(7) }));
  await erasures.idle();
  await erasures.tick();
  expect(erasures.get(id)).toMatchObject({ state: 'unlinking', segments: { done: 1, total: 1 } });
  expect(readLines(snapshot.rowGroups)).toEqual(linesAsRead(lines));
  expect(linesOf(open.store).some((line) => line.includes(`"${user(7)}"`))).toBe(false);
  snapshot.release();
  await expect
    .poll(async () => {
      await erasures.tick();
      return erasures.get(id)!.state;
    })
    .toBe('done');
  await expectNowhere(open.dataDir, [user(7)]);
});

test('two at once: one after the other, both in full', async () => {
  const open = await openStore();
  const lines = rowsOfUsers(200, TODAY);
  await append(open.store, batchOf({ lines }));
  const erasures = await openErasures(open);
  const jobs = await Promise.all([7, 8, 9].map((n) => erasures.request(filterOf({ user_id: user(n) }))));
  for (const { id } of jobs) await finished(erasures, id);
  const users = [7, 8, 9].map(user);
  await expectLines(
    open,
    lines.filter(({ text }) => !users.some((each) => text.includes(`"${each}"`))),
  );
  await expectNowhere(open.dataDir, users);
});

const FAULTS: readonly Fault[] = [
  { operation: 'open', path: '/segments/', code: 'ENOSPC' },
  { operation: 'write', path: '/segments/', code: 'ENOSPC', after: 1 },
  { operation: 'sync', path: '/segments/', code: 'EIO' },
  { operation: 'open', path: '.json.tmp', code: 'ENOSPC', after: 1 },
  { operation: 'rename', path: 'MANIFEST', code: 'EIO' },
  { operation: 'rename', path: 'MANIFEST', code: 'EIO', after: 1 },
  { operation: 'rename', path: '/erasures/', code: 'EIO' },
  { operation: 'rename', path: '/erasures/', code: 'EIO', after: 1 },
  { operation: 'rename', path: '/erasures/', code: 'EIO', after: 2 },
];

for (const restart of [false, true]) {
  for (const fault of FAULTS) {
    const place = `${fault.operation} ${fault.path} after ${fault.after ?? 0}`;
    test(`a disk that fails (${place}): ${restart ? 'the next start' : 'a later tick'} goes on, exactly`, async () => {
      const disk = new FaultyDisk();
      let open = await openStore({ disk });
      const lines = [...rowsOfUsers(100, TODAY - 1), ...rowsOfUsers(100, TODAY)];
      await append(open.store, batchOf({ lines: lines.slice(0, 100) }));
      await append(open.store, batchOf({ lines: lines.slice(100) }));
      await open.store.flushAll();
      const gate = Promise.withResolvers<void>();
      let erasures = await openErasures(open, async (input) => {
        await gate.promise;
        return eraseSegment(disk, input);
      });
      const { id } = await erasures.request(filterOf({ user_id: user(7) }));
      disk.fail(fault);
      gate.resolve();
      await erasures.idle();
      expect(erasures.get(id)!.state).not.toBe('done');
      disk.heal();
      if (restart) {
        open = await reopen(open, { metrics: new Metrics() });
        erasures = await openErasures(open);
      }
      const kept = lines.filter(({ text }) => !text.includes(`"${user(7)}"`));
      // Replaced files are removed in the background, and only then is a job done.
      await eventually(async () => {
        await erasures.tick();
        await erasures.idle();
        expect(erasures.get(id)).toMatchObject({ state: 'done', rowCount: lines.length - kept.length });
      });
      open = await expectLines(open, kept);
      await expectNowhere(open.dataDir, [user(7)]);
    });
  }
}

test('a flush that fails when the rows are in the WAL again: the erasure says so, and a later tick goes on', async () => {
  const open = await openStore();
  const { store } = open;
  const lines = rowsOfUsers(100, TODAY);
  await append(store, batchOf({ lines }));
  let isFailing = false;
  const failing = new Proxy(store, {
    get: (_, name: keyof Store) => {
      if (isFailing && name === 'manifest') return { ...store.manifest, walFrom: 0 };
      if (isFailing && name === 'checkpoint') return () => Promise.reject(new UnavailableError('not flushed', 1));
      const value: unknown = store[name];
      return typeof value === 'function' ? (value.bind(store) as unknown) : value;
    },
  });
  const gate = Promise.withResolvers<void>();
  const running = store.maintain(() => gate.promise);
  const erasures = await openErasures({ ...open, store: failing });
  const { id } = await erasures.request(filterOf({ user_id: user(7) }));
  isFailing = true;
  gate.resolve();
  await running;
  await erasures.idle();
  expect(erasures.get(id)).toMatchObject({ state: 'rewriting', problem: 'not flushed' });
  isFailing = false;
  await finished(erasures, id);
  await expectLines(
    open,
    lines.filter(({ text }) => !text.includes(`"${user(7)}"`)),
  );
});

/** Notes which removals would be undone by a power cut. */
class RemovalsDisk extends FaultyDisk {
  readonly #pending = new Set<string>();
  /** New name of a file → removals that were not durable when it was renamed. */
  readonly pendingAt = new Map<string, readonly string[]>();

  override remove = async (path: string): Promise<void> => {
    const isThere = (await realDisk.sizeOf(path)) !== undefined;
    await realDisk.remove(path);
    if (isThere) this.#pending.add(path);
  };

  override async syncFolder(path: string): Promise<void> {
    const before = [...this.#pending].filter((each) => dirname(each) === path);
    await super.syncFolder(path);
    for (const each of before) this.#pending.delete(each);
  }

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    this.pendingAt.set(to, [...this.#pending]);
  }
}

test('what is removed stays removed after a power cut once an erasure is done: from segments, the WAL, quarantine and snapshots', async () => {
  const disk = new RemovalsDisk();
  const open = await openStore({ disk });
  const { store, dataDir } = open;
  await append(store, batchOf({ lines: rowsOfUsers(100, TODAY) }));
  const backups = await Backups.open({ store, dataDir, disk });
  for (const name of ['kept', 'removed']) await backups.create(name);
  await mkdir(join(dataDir, 'quarantine'));
  await writeFile(join(dataDir, 'quarantine/000000000001.wal-24'), `broken bytes of ${user(7)}`);
  await append(store, batchOf({ lines: rowsOfUsers(100, TODAY) }));
  await backups.remove('removed');
  const { erasures } = await erase(open, { user_id: user(7) });
  const [job] = erasures.list();
  expect(disk.pendingAt.get(join(dataDir, 'erasures', `${job!.id}.json`))).toEqual([]);
  await expectNowhere(dataDir, [user(7)]);
});

test('a job that could not be kept is refused, and nothing is erased', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  const lines = rowsOfUsers(50, TODAY);
  await append(open.store, batchOf({ lines }));
  const erasures = await openErasures(open);
  disk.fail({ operation: 'write', path: '/erasures/', code: 'ENOSPC' });
  await expect(erasures.request(filterOf({ user_id: user(7) }))).rejects.toMatchObject({ status: 503 });
  disk.heal();
  await erasures.idle();
  expect(erasures.list()).toEqual([]);
  await expectLines(open, lines);
});

test('a row group that cannot be read goes when it may have such a row, and stays when it cannot', async () => {
  const open = await openStore();
  const today = rowsOfUsers(60, TODAY);
  const other = today.map((line) => ({ ...line, timeNs: line.timeNs! + 3_600e9 }));
  await append(open.store, batchOf({ lines: [...today, ...other] }));
  await open.store.flushAll();
  const [segment] = (await filesIn(open.dataDir)).filter((name) => name.endsWith('.seg'));
  const path = join(open.dataDir, segment!);
  const bytes = await readFile(path);
  bytes[60]! ^= 1;
  await writeFile(path, bytes);
  await erase(open, { since: '2026-11-24' });
  expect(await readFile(path)).toEqual(bytes);
  await erase(open, { user_id: user(7) });
  expect((await filesIn(open.dataDir)).filter((name) => name.endsWith('.seg'))).toEqual([]);
});

test('queries beside an erasure: each other row once, whenever they look', async () => {
  const open = await openStore();
  const lines = [...rowsOfUsers(200, TODAY - 1), ...rowsOfUsers(200, TODAY)];
  for (let at = 0; at < lines.length; at += 50) {
    await append(open.store, batchOf({ lines: lines.slice(at, at + 50) }));
    await open.store.flushAll();
  }
  const isKept = (line: string): boolean => !line.includes(`"${user(7)}"`);
  const kept = linesAsRead(lines).filter(isKept);
  const erasures = await openErasures(open);
  await erasures.request(filterOf({ user_id: user(7) }));
  const done = new AbortController();
  const running = erasures.idle().then(() => done.abort());
  while (!done.signal.aborted) {
    const snapshot = open.store.snapshot();
    const first = readLines(snapshot.rowGroups);
    await new Promise((resolve) => setImmediate(resolve));
    expect(first.filter(isKept)).toEqual(kept);
    expect(readLines(snapshot.rowGroups)).toEqual(first);
    snapshot.release();
  }
  await running;
  expect(linesOf(open.store)).toEqual(kept);
});

test('beside compaction: rows of before and after the request stay apart until the job is through, whatever it waits for', async () => {
  let open = await openStore();
  const compactorOf = ({ store, dataDir, options }: OpenStore): Compactor => {
    const { now, log } = options;
    const metrics = new Metrics();
    const indexedFields = DEFAULT_INDEXED_FIELDS;
    const run = (input: CompactInput, stop: AbortSignal) => compact(realDisk, input, () => stop.aborted);
    return new Compactor({ store, dataDir, indexedFields, now, log, metrics, compact: run });
  };
  const write = async (lines: readonly Line[]): Promise<void> => {
    for (let at = 0; at < lines.length; at += 10) {
      await append(open.store, batchOf({ lines: lines.slice(at, at + 10) }));
      await open.store.flushAll();
    }
  };
  const before = rowsOfUsers(100, TODAY);
  await write(before);
  const erasures = await openErasures(open, () => Promise.reject(new Error('not now')));
  const { id } = await erasures.request(filterOf({ user_id: user(7) }));
  await erasures.idle();
  expect(erasures.get(id)).toMatchObject({ problem: 'not now' });
  const after = rowsOfUsers(100, TODAY);
  await write(after);
  await compactorOf(open).settle();
  expect(open.store.stats().segmentCount).toBe(2);
  open = await reopen(open);
  const again = await openErasures(open);
  await compactorOf(open).settle();
  await finished(again, id);
  expect(again.get(id)).toMatchObject({ rowCount: 5 });
  await compactorOf(open).settle();
  expect(open.store.stats().segmentCount).toBe(1);
  await expectLines(open, [...before.filter(({ text }) => !text.includes(`"${user(7)}"`)), ...after]);
});
