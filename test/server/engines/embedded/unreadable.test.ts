/** A disk that does not give some bytes (EIO, EACCES, …): the rest is served, and what comes back is served again. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { FLUSH_READ_TRIES_MAX, FLUSH_RETRY_MS_MAX, UNREADABLE_RETRY_MS } from '../../../../server/limits.ts';
import { checkFolder } from '../../../../server/engines/embedded/check/check-folder.ts';
import { checkSegment } from '../../../../server/engines/embedded/check/check-segment.ts';
import type { CheckEvent } from '../../../../server/engines/embedded/check/finding.ts';
import { compact } from '../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../server/engines/embedded/lane/compaction/compactor.ts';
import {
  type Disk,
  isReadError,
  realDisk,
  unreadableError,
} from '../../../../server/engines/embedded/platform/disk.ts';
import { planForAll } from '../../../../server/store/search-plan.ts';
import { EVERYTHING as EVERY_LINE } from '../../../../server/store/predicate.ts';
import { eraseQuarantine } from '../../../../server/engines/embedded/lane/erasure/remains.ts';
import { OpenFiles } from '../../../../server/engines/embedded/scan/open-files.ts';
import { placeOf, RowGroups } from '../../../../server/engines/embedded/scan/row-groups.ts';
import { streamsInRange } from '../../../../server/engines/embedded/scan/streams-in-range.ts';
import type { RowGroupRef } from '../../../../server/engines/embedded/segment/row-group-ref.ts';
import { readLink } from '../../../../server/engines/embedded/wal/chain.ts';
import { scanWal } from '../../../../server/engines/embedded/wal/reader.ts';
import { errorOfUnusable, UnreadableError } from '../../../../shared/errors.ts';
import { Metrics } from '../../../../shared/metrics.ts';
import { batchOf, type Line, linesAsRead, numberedLines } from './batches.ts';
import {
  append,
  closeStore,
  expectDamage,
  expectLines,
  filesIn,
  linesOf,
  newFolder,
  openStore,
  type OpenStore,
} from './open-store.ts';

const CODES = ['EIO', 'EBADMSG', 'EUCLEAN', 'EACCES', 'ESTALE'] as const;

/** Fails to read some bytes of files whose path contains `path`. */
class BadDisk {
  path: string | undefined;
  code: string = 'EIO';
  from = 0;
  to = Infinity;
  /** Happens while the next read is under way. */
  onRead: (() => Promise<void>) | undefined;

  readonly disk: Disk = {
    ...realDisk,
    open: async (path, mode) => {
      const file = await realDisk.open(path, mode);
      return {
        ...file,
        read: async (offset, sizeBytes) => {
          this.#check(path, offset, sizeBytes);
          await this.onRead?.();
          return file.read(offset, sizeBytes);
        },
      };
    },
    readFile: (path) => {
      this.#check(path, 0, Infinity);
      return realDisk.readFile(path);
    },
  };

  #check(path: string, offset: number, sizeBytes: number): void {
    if (this.path === undefined || !path.includes(this.path)) return;
    if (offset >= this.to || offset + sizeBytes <= this.from) return;
    throw Object.assign(new Error(`${this.code}: injected, read`), { code: this.code });
  }
}

interface Bad extends OpenStore {
  readonly bad: BadDisk;
  readonly lists: readonly Line[][];
  later(ms: number): Promise<void>;
}

/** Three segments of one day. */
async function threeSegments(bad = new BadDisk(), dataDir?: string): Promise<Bad> {
  let nowMs = Date.UTC(2026, 10, 23, 12);
  const open = await openStore({ disk: bad.disk, now: () => nowMs, ...(dataDir !== undefined && { dataDir }) });
  const lists = ['a', 'b', 'c'].map((name) => numberedLines(name, 0, 10));
  if (dataDir === undefined) {
    for (const lines of lists) {
      await append(open.store, batchOf({ lines }));
      await open.store.flushAll();
    }
  }
  const later = async (ms: number): Promise<void> => {
    nowMs += ms;
    await open.store.tick();
  };
  return { ...open, bad, lists, later };
}

test('what is a read error, and what says nothing about a file', () => {
  for (const code of [...CODES, 'ENOENT', 'EPERM', 'ENODATA', 'EREMOTEIO', 'ENOKEY']) {
    expect(isReadError(Object.assign(new Error(code), { code }))).toBe(true);
  }
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ERR_OUT_OF_RANGE', 'PODLOG_CORRUPTION', undefined]) {
    expect(isReadError(Object.assign(new Error(code), { code }))).toBe(false);
  }
});

for (const code of CODES) {
  test(`${code} on one segment at the start: the others are served, and it is back once it can be read`, async () => {
    const first = await threeSegments();
    await closeStore(first);
    const second = (await filesIn(first.dataDir)).filter((path) => path.endsWith('.seg'))[1]!;
    first.bad.path = second;
    first.bad.code = code;
    const open = await threeSegments(first.bad, first.dataDir);
    expect(linesOf(open.store)).toEqual(linesAsRead([...open.lists[0]!, ...open.lists[2]!]));
    expect(open.store.stats()).toMatchObject({ unreadableCount: 1, quarantinedCount: 0 });
    expect(open.store.problem).toBeUndefined();
    await open.later(UNREADABLE_RETRY_MS);
    expect(open.store.unreadableCount).toBe(1);
    open.bad.path = undefined;
    await open.later(UNREADABLE_RETRY_MS);
    expect(open.store.unreadableCount).toBe(0);
    expect(linesOf(open.store)).toEqual(linesAsRead(open.lists.flat()));
    expect((await filesIn(open.dataDir)).some((path) => path.startsWith('quarantine/'))).toBe(false);
  });
}

test('a row group that a query could not read is left out, counted, and tried again', async () => {
  const open = await threeSegments();
  const [rowGroup] = open.store.snapshot().rowGroups;
  const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
  await open.store.quarantine(rowGroup!, unreadableError(rowGroup!.path, cause));
  expect(linesOf(open.store)).toHaveLength(20);
  expect(open.store.stats()).toMatchObject({ unreadableCount: 1, quarantinedCount: 0 });
  await open.later(UNREADABLE_RETRY_MS);
  expect(linesOf(open.store)).toEqual(linesAsRead(open.lists.flat()));
  expect(open.store.unreadableCount).toBe(0);
});

test('merges leave out a segment that cannot be read, and go on with the others', async () => {
  const open = await threeSegments();
  for (const name of ['d', 'e']) {
    await append(open.store, batchOf({ lines: numberedLines(name, 0, 10) }));
    await open.store.flushAll();
  }
  const { store, dataDir, options, bad } = open;
  const compactor = new Compactor({
    store,
    dataDir,
    now: options.now,
    log: options.log,
    indexedFields: options.indexedFields,
    metrics: new Metrics(),
    compact: (input, stop) => compact(bad.disk, input, () => stop.aborted),
  });
  bad.path = store.segments()[0]!.path;
  await compactor.settle();
  expect(store.segments()).toHaveLength(2);
  expect(store.unreadableCount).toBe(1);
  bad.path = undefined;
  await open.later(UNREADABLE_RETRY_MS);
  await compactor.settle();
  expect(store.segments()).toHaveLength(1);
  expect(linesOf(store)).toHaveLength(50);
});

test('bytes of the WAL that cannot be read cost their record alone, and the file is kept', async () => {
  const bad = new BadDisk();
  const open = await openStore({ disk: bad.disk });
  const lists = ['a', 'b', 'c'].map((name) => numberedLines(name, 0, 400));
  for (const lines of lists) {
    await append(
      open.store,
      batchOf({ lines: lines.map((line, i) => ({ ...line, text: `${line.text}${Math.sin(i * lines.length)}` })) }),
    );
  }
  const want = linesOf(open.store);
  await closeStore(open);
  const path = join(open.dataDir, 'wal/000000000001.wal');
  const records = scanWal(await readFile(path), 'newest').records.filter(({ payload }) => payload.length > 1000);
  const second = records[1]!;
  bad.path = 'wal/000000000001.wal';
  bad.from = second.offset + 1000;
  bad.to = bad.from + 10;
  const again = await openStore({ disk: bad.disk, dataDir: open.dataDir });
  expectDamage(again);
  const left = linesOf(again.store);
  expect(left.length).toBeGreaterThanOrEqual(400);
  expect(left.every((line) => want.includes(line))).toBe(true);
  expect(again.store.stats().quarantinedCount).toBeGreaterThan(0);
  expect(await filesIn(open.dataDir)).toContain('quarantine/000000000001.wal');
  await again.store.flushAll();
  expect(again.store.stats().walFileCount).toBe(0);
});

const EVERYTHING = planForAll({ from: undefined, to: undefined, where: EVERY_LINE });

/** A store with three batches in one WAL file. */
async function threeInWal(): Promise<Bad> {
  const bad = new BadDisk();
  let nowMs = Date.UTC(2026, 10, 23, 12);
  const open = await openStore({ disk: bad.disk, now: () => nowMs });
  const lists = ['a', 'b', 'c'].map((name) => numberedLines(name, 0, 10));
  for (const lines of lists) await append(open.store, batchOf({ lines }));
  const later = async (ms: number): Promise<void> => {
    nowMs += ms;
    await open.store.tick();
    await open.store.flushAll();
  };
  return { ...open, bad, lists, later };
}

async function nextFlushes(open: Bad, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await open.later(FLUSH_RETRY_MS_MAX);
}

for (const code of CODES) {
  test.each([
    ['the first', (refs: readonly RowGroupRef[]) => refs.slice(0, 1)],
    ['the second', (refs: readonly RowGroupRef[]) => refs.slice(1, 2)],
    ['the last', (refs: readonly RowGroupRef[]) => refs.slice(2)],
    ['every', (refs: readonly RowGroupRef[]) => refs],
  ])(`${code} on %s row group of a WAL file: the others are flushed, and the file is kept`, async (_, badOf) => {
    const open = await threeInWal();
    const refs = open.store.snapshot().rowGroups;
    const wanted = badOf(refs);
    const bytes = await readFile(refs[0]!.path);
    open.bad.path = basename(refs[0]!.path);
    open.bad.code = code;
    open.bad.from = wanted[0]!.offset;
    open.bad.to = wanted.at(-1)!.offset + 1;
    await open.store.flushAll();
    await nextFlushes(open, FLUSH_READ_TRIES_MAX - 2);
    expect(open.store.stats()).toMatchObject({ walFileCount: 1, quarantinedCount: 0 });
    await nextFlushes(open, 1);
    expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: wanted.length });
    const left = open.lists.filter((__, i) => !wanted.includes(refs[i]!));
    expect(linesOf(open.store)).toEqual(linesAsRead(left.flat()));
    const copy = join(open.dataDir, 'quarantine', basename(refs[0]!.path));
    expect(await readFile(copy)).toEqual(bytes);
    const later = numberedLines('later', 0, 10);
    await append(open.store, batchOf({ lines: later }));
    await open.store.flushAll();
    expect(open.store.stats().walFileCount).toBe(0);
    expect(linesOf(open.store)).toEqual(linesAsRead([...left.flat(), ...later]));
    // An erasure must not wait for what may never be read again.
    await eraseQuarantine(open.bad.disk, open.dataDir, EVERYTHING);
    expect(await filesIn(open.dataDir)).not.toContain(`quarantine/${basename(refs[0]!.path)}`);
  });
}

test('a WAL file that cannot be opened for a moment is flushed later, with all that it has', async () => {
  const open = await threeInWal();
  open.bad.path = '.wal';
  await open.store.flushAll();
  await nextFlushes(open, FLUSH_READ_TRIES_MAX - 2);
  open.bad.path = undefined;
  await nextFlushes(open, 1);
  expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: 0 });
  await expectLines(open, open.lists.flat());
});

test('a row group that a query could not read is flushed with the others', async () => {
  const open = await threeInWal();
  const [first] = open.store.snapshot().rowGroups;
  const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
  await open.store.quarantine(first!, unreadableError(first!.path, cause));
  await open.store.flushAll();
  expect(open.store.stats()).toMatchObject({ walFileCount: 0, quarantinedCount: 0 });
  await expectLines(open, open.lists.flat());
});

test('a header of the WAL that the disk gives only when it is asked again is read', async () => {
  const bad = new BadDisk();
  const { path, dataDir } = await (async () => {
    const open = await openStore();
    await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
    await closeStore(open);
    return { path: join(open.dataDir, 'wal/000000000001.wal'), dataDir: open.dataDir };
  })();
  bad.path = basename(path);
  let tries = 0;
  const disk: Disk = {
    ...bad.disk,
    open: (of, mode) => {
      if (of === path && mode === 'read' && ++tries > 2) bad.path = undefined;
      return bad.disk.open(of, mode);
    },
  };
  const { header, isUnborn, readError } = await readLink(disk, 1, path);
  expect({ header, isUnborn, readError }).toEqual({
    header: { sequence: 1, previousSequence: 0, previousBytes: 0 },
    isUnborn: false,
    readError: undefined,
  });
  bad.path = basename(path);
  expect(await readLink(bad.disk, 1, path)).toMatchObject({ header: undefined, isUnborn: false });
  await openStore({ dataDir });
});

test('a WAL file that may not be read stops the start, with its path', async () => {
  const bad = new BadDisk();
  const open = await openStore({ disk: bad.disk });
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
  await closeStore(open);
  bad.path = 'wal/000000000001.wal';
  bad.code = 'EACCES';
  await expect(openStore({ disk: bad.disk, dataDir: open.dataDir })).rejects.toThrow(
    /000000000001\.wal may not be read/,
  );
});

test('a worker that cannot read a file says which, and tries it again', async () => {
  const files = new OpenFiles();
  const folder = await newFolder();
  const path = join(folder, 'segment');
  await mkdir(path);
  expect(() => files.read(path, 0, 10)).toThrow(UnreadableError);
  expect(() => files.peek(path, 0, 10)).toThrow(/segment: cannot be read: EISDIR/);
  await rm(path, { recursive: true });
  expect(() => files.read(path, 0, 10)).toThrow(/ENOENT/);
  await writeFile(path, '0123456789');
  expect(files.read(path, 2, 3).toString()).toBe('234');
});

test('labels of a row group that cannot be read are left out, and the row group is tried again', async () => {
  const { store } = await threeSegments();
  const [rowGroup] = store.snapshot().rowGroups;
  const place = { ...placeOf(rowGroup!), path: `${rowGroup!.path}.gone` };
  const { streams, unusable } = streamsInRange(
    { places: [place], range: { from: 0n, to: undefined } },
    new RowGroups(new OpenFiles()),
  );
  expect(streams).toEqual([[]]);
  expect(unusable).toMatchObject([{ group: 0, isUnreadable: true }]);
  expect(errorOfUnusable(unusable[0]!)).toBeInstanceOf(UnreadableError);
});

test('a segment that is dropped while it is read again does not come back', async () => {
  const first = await threeSegments();
  await closeStore(first);
  const failing = (await filesIn(first.dataDir)).filter((path) => path.endsWith('.seg'))[1]!;
  first.bad.path = failing;
  const open = await threeSegments(first.bad, first.dataDir);
  const { streamCount } = open.store.stats();
  open.bad.path = undefined;
  open.bad.onRead = () => {
    open.bad.onRead = undefined;
    return open.store.replaceSegments([{ path: join(open.dataDir, failing) }], []);
  };
  await open.later(UNREADABLE_RETRY_MS);
  expect(open.bad.onRead).toBeUndefined();
  expect(linesOf(open.store)).toEqual(linesAsRead([...open.lists[0]!, ...open.lists[2]!]));
  expect(open.store.segments()).toHaveLength(2);
  expect(open.store.stats().streamCount).toBe(streamCount);
});

test('a check reports a segment that cannot be read, and looks at the others', async () => {
  const open = await threeSegments();
  await closeStore(open);
  const failing = (await filesIn(open.dataDir)).filter((path) => path.endsWith('.seg'))[1]!;
  const events = checkFolder({
    disk: realDisk,
    dataDir: open.dataDir,
    checkSegment: (input) => {
      const isFailing = failing.includes(String(input.segment.sequence).padStart(12, '0'));
      if (isFailing) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      return checkSegment(realDisk, input);
    },
    stateProblem: () => undefined,
  });
  const found: CheckEvent[] = [];
  for await (const event of events) if (event.kind !== 'progress') found.push(event);
  expect(found).toMatchObject([
    { kind: 'finding', finding: { kind: 'segment', path: join(open.dataDir, failing), rowCount: 10 } },
    { kind: 'done', summary: { segmentCount: 3, problemCount: 1 } },
  ]);
});
