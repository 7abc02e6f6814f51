/** A snapshot is a data folder with every acknowledged row, whatever goes on beside it. */
import { cp, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Backups } from '../../../../../server/engines/embedded/core/backup.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { RETRY_AFTER_DISK_SECONDS } from '../../../../../server/limits.ts';
import { eraseSegment } from '../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { findErased } from '../../../../../server/engines/embedded/lane/erasure/find-erased.ts';
import { Erasures } from '../../../../../server/engines/embedded/lane/erasure/erasures.ts';
import { parseFilters } from '../../../../../server/query/parameters.ts';
import { batchOf, linesAsRead, numberedLines, range, TODAY } from '../batches.ts';
import { findingsOf } from '../check/findings.ts';
import { FaultyDisk } from '../platform/faulty-disk.ts';
import { append, closeStore, filesIn, linesOf, newFolder, type OpenStore, openStore, reopen } from '../open-store.ts';

function openBackups({ store, dataDir, options }: OpenStore): Promise<Backups> {
  return Backups.open({ store, dataDir, disk: options.disk ?? realDisk });
}

test('it has all that was acknowledged, with the positions, and outlives what it was made of', async () => {
  const open = await openStore();
  const lines = [...numberedLines('a', 0, 50, TODAY - 1), ...numberedLines('b', 0, 50)];
  await append(open.store, batchOf({ lines: lines.slice(0, 50), files: [range('f', 0, 50)] }));
  await open.store.flushAll();
  await append(open.store, batchOf({ lines: lines.slice(50), files: [range('f', 50, 100)] }));
  const backups = await openBackups(open);
  const info = await backups.create('first');
  expect(info).toMatchObject({ name: 'first', rowCount: 100, segmentCount: 2 });
  expect(await backups.list()).toEqual([info]);
  expect(await findingsOf(info.path)).toEqual([]);
  await append(open.store, batchOf({ lines: numberedLines('later', 0, 5) }));
  await open.store.flushAll();
  // Restored: a copy elsewhere, after the original was lost.
  const restored = join(await newFolder(), 'data');
  await cp(info.path, restored, { recursive: true });
  const old = await reopen(open);
  expect(await filesIn(join(old.dataDir, 'snapshots', 'first'))).toContain('MANIFEST.json');
  const again = await openStore({ dataDir: restored });
  expect(linesOf(again.store)).toEqual(linesAsRead(lines));
  expect(again.state.ends).toEqual({ f: 100 });
  await append(again.store, batchOf({ lines: numberedLines('after the restore', 0, 5) }));
  await closeStore(again);
  expect(await findingsOf(restored)).toEqual([]);
});

test('one whose manifest is damaged is listed with what is wrong, and hides no other', async () => {
  const open = await openStore();
  const backups = await openBackups(open);
  const whole = await backups.create('whole');
  const { path } = await backups.create('broken');
  for (const name of ['MANIFEST.json', 'MANIFEST.copy.json']) await truncate(join(path, name), 20);
  const [broken, ...others] = await backups.list();
  expect(broken).toMatchObject({ name: 'broken', path, problem: expect.stringContaining('manifest') as string });
  expect(others).toEqual([whole]);
  expect(await backups.remove('broken')).toBe(true);
});

test('a name twice is refused; removed ones are gone', async () => {
  const open = await openStore();
  const backups = await openBackups(open);
  await backups.create('a');
  await expect(backups.create('a')).rejects.toMatchObject({ status: 409 });
  expect(await backups.remove('a')).toBe(true);
  expect(await backups.remove('a')).toBe(false);
  expect(await backups.list()).toEqual([]);
  await backups.create('a');
});

test('under writes and flushes: each is a prefix of what was written', async () => {
  const open = await openStore();
  const backups = await openBackups(open);
  let acknowledged = 0;
  const written = new AbortController();
  const write = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await append(
        open.store,
        batchOf({ lines: numberedLines('a', i * 10, 10), files: [range('f', i * 10, i * 10 + 10)] }),
      );
      acknowledged = i * 10 + 10;
    }
    written.abort();
  };
  const names: [string, number][] = [];
  const snap = async (): Promise<void> => {
    do {
      const atLeast = acknowledged;
      const { name } = await backups.create(`s${names.length}`);
      names.push([name, atLeast]);
    } while (!written.signal.aborted);
  };
  await Promise.all([write(), snap()]);
  for (const [name, atLeast] of names) {
    const dataDir = join(open.dataDir, 'snapshots', name);
    expect(await findingsOf(dataDir)).toEqual([]);
    const snapshot = await openStore({ dataDir });
    const count = snapshot.state.ends['f'] ?? 0;
    expect(count).toBeGreaterThanOrEqual(atLeast);
    expect(linesOf(snapshot.store)).toEqual(linesAsRead(numberedLines('a', 0, count)));
    await closeStore(snapshot);
  }
});

test('is made though batches never stop coming', async () => {
  const open = await openStore();
  const backups = await openBackups(open);
  const made = new AbortController();
  const write = async (name: string): Promise<void> => {
    for (let i = 0; !made.signal.aborted; i++) {
      await append(open.store, batchOf({ lines: numberedLines(name, i, 1) }));
    }
  };
  const writers = ['a', 'b', 'c', 'd'].map(write);
  for (let n = 0; n < 3; n++) await backups.create(`s${n}`);
  made.abort();
  await Promise.all(writers);
  expect(await backups.list()).toHaveLength(3);
});

test('a failure leaves no snapshot; a crash leaves half of one, which the next start removes', async () => {
  const disk = new FaultyDisk();
  const open = await openStore({ disk });
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 5) }));
  const backups = await openBackups(open);
  disk.fail({ operation: 'open', path: '.a/MANIFEST', code: 'ENOSPC' });
  await expect(backups.create('a')).rejects.toThrow(/no room/);
  expect(await backups.list()).toEqual([]);
  disk.heal();
  const { path } = await backups.create('a');
  await cp(path, join(open.dataDir, 'snapshots', '.b'), { recursive: true });
  await rm(join(open.dataDir, 'snapshots', '.b', 'MANIFEST.json'));
  const again = await openBackups(open);
  expect((await again.list()).map(({ name }) => name)).toEqual(['a']);
  expect((await filesIn(open.dataDir)).some((name) => name.includes('/.b/'))).toBe(false);
});

test.for([
  ['ENOSPC', /no room or no inodes left.*remove snapshots/],
  ['EDQUOT', /no room or no inodes left/],
  ['EMLINK', /hard links/],
  ['EROFS', /writable mount/],
  ['EIO', /the disk failed: EIO/],
] as const)('a disk that gives no link (%s) is a 503 with advice', async ([code, advice]) => {
  const open = await openStore();
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 5) }));
  const fail = (): Promise<never> => Promise.reject(Object.assign(new Error(`${code}: injected`), { code }));
  for (const broken of [{ link: fail }, { makeFolder: fail }, { rename: fail }]) {
    const disk = { ...realDisk, ...broken };
    const backups = await Backups.open({ store: open.store, dataDir: open.dataDir, disk });
    await expect(backups.create('a')).rejects.toMatchObject({
      status: 503,
      retryAfterSeconds: RETRY_AFTER_DISK_SECONDS,
      message: expect.stringMatching(advice) as string,
    });
    expect(await backups.list()).toEqual([]);
  }
});

test('an erasure reaches into snapshots: those from before it, and only rows from before it', async () => {
  const open = await openStore();
  const lines = numberedLines('a', 0, 20);
  await append(open.store, batchOf({ lines }));
  const backups = await openBackups(open);
  const { path } = await backups.create('before');
  const { dataDir, now, log } = open.options;
  const erasures = await Erasures.open({
    store: open.store,
    dataDir,
    indexedFields: ['name'],
    erase: (input) => eraseSegment(realDisk, input),
    find: (input) => findErased(realDisk, input),
    now,
    log,
  });
  await erasures.request(parseFilters({ query: { n: ['3', '4'] }, namespaces: 'all' }, now()));
  await erasures.idle();
  await erasures.tick();
  expect(erasures.list()).toMatchObject([{ state: 'done', rowCount: 2 }]);
  expect(await findingsOf(path)).toEqual([]);
  const kept = lines.filter((_, n) => n !== 3 && n !== 4);
  expect(linesOf(open.store)).toEqual(linesAsRead(kept));
  const snapshot = await openStore({ dataDir: path });
  expect(linesOf(snapshot.store)).toEqual(linesAsRead(kept));
});
