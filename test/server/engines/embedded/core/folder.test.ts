/** The folder as a whole: lock, version, damage of what is not the WAL, leftovers, retention. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDataFolder } from '../../../../../server/check.ts';
import { UsageError } from '../../../../../shared/errors.ts';
import { decodeManifest } from '../../../../../server/engines/embedded/core/manifest.ts';
import { batchOf, linesAsRead, numberedLines, TODAY } from '../batches.ts';
import { append, closeStore, expectLines, filesIn, linesOf, newFolder, openStore, reopen } from '../open-store.ts';

test('a folder is open once, and free after that', async () => {
  const open = await openStore();
  await expect(openStore({ dataDir: open.dataDir })).rejects.toThrow(/in use by another podlog/);
  await closeStore(open);
  await openStore({ dataDir: open.dataDir });
});

test('of many who open a folder at once, at most one does', async () => {
  const dataDir = join(await newFolder(), 'data');
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openStore({ dataDir })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(UsageError);
});

test('a folder with a path that is longer than a socket address may be', async () => {
  const dataDir = join(await newFolder(), 'long'.repeat(30), 'data');
  await openStore({ dataDir });
  await expect(openStore({ dataDir })).rejects.toThrow(UsageError);
});

test('another version is refused with a clear line, a half-written one is a new folder', async () => {
  const dataDir = await newFolder();
  await writeFile(join(dataDir, 'VERSION'), 'podlog data 2\n');
  await expect(openStore({ dataDir })).rejects.toThrow(/"podlog data 2".*"podlog data 1"/);
  await writeFile(join(dataDir, 'VERSION'), 'podl');
  await openStore({ dataDir });
});

test.each([
  [['thesis.tex'], 'thesis.tex'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  [['.git', 'lost+found'], '.git'],
])("a folder of somebody else's files (%j) is not taken over", async (names, shown) => {
  const dataDir = await newFolder();
  for (const name of names) await mkdir(join(dataDir, name));
  await expect(openStore({ dataDir })).rejects.toThrow(`files that are not podlog's (${shown}): name an empty folder`);
  expect((await readdir(dataDir)).toSorted()).toEqual(names.toSorted());
});

test('the root folder of a volume, and what a start that was killed has left, are a new folder', async () => {
  const dataDir = await newFolder();
  for (const name of ['lost+found', 'lock', 'quarantine']) await mkdir(join(dataDir, name));
  await openStore({ dataDir });
});

test('a folder that cannot be one', async () => {
  const dataDir = join(await newFolder(), 'file');
  await writeFile(dataDir, '');
  await expect(openStore({ dataDir })).rejects.toThrow(UsageError);
});

/** What may become of the file VERSION. */
const LOSSES: Record<string, (path: string) => Promise<void>> = {
  missing: (path) => rm(path),
  empty: (path) => writeFile(path, ''),
  cut: (path) => writeFile(path, 'podlog da'),
  flipped: (path) => writeFile(path, 'podlog\u0000data 1\n'),
  longer: (path) => writeFile(path, 'podlog data 1\npodlog data 1\n'),
  zeros: (path) => writeFile(path, Buffer.alloc(14)),
};

/** Each leaves something that shows whose folder it is. */
const PROOFS: Record<string, (dataDir: string) => Promise<void>> = {
  'all files': async () => {},
  'the manifest': (dataDir) => rm(join(dataDir, 'MANIFEST.copy.json')),
  'the copy of the manifest': (dataDir) => rm(join(dataDir, 'MANIFEST.json')),
  'a segment and a WAL file': async (dataDir) => {
    for (const name of ['MANIFEST.json', 'MANIFEST.copy.json']) await rm(join(dataDir, name));
  },
};

for (const [loss, lose] of Object.entries(LOSSES)) {
  test.each(Object.entries(PROOFS))(
    `VERSION ${loss}: with %s the folder is served, and it is whole again`,
    async (_, leave) => {
      const open = await openStore();
      const lines = numberedLines('a', 0, 20);
      await append(open.store, batchOf({ lines: lines.slice(0, 10) }));
      await open.store.flushAll();
      await append(open.store, batchOf({ lines: lines.slice(10) }));
      await closeStore(open);
      await lose(join(open.dataDir, 'VERSION'));
      await leave(open.dataDir);
      const again = await openStore({ dataDir: open.dataDir });
      expect(again.store.stats().quarantinedCount).toBeGreaterThan(0);
      expect(await readFile(join(open.dataDir, 'VERSION'), 'utf8')).toBe('podlog data 1\n');
      const whole = await expectLines(again, lines);
      expect(whole.store.stats().quarantinedCount).toBe(0);
    },
  );
}

test.each([
  ['a WAL file of another program', 'wal/000000000001.wal'],
  ['a segment of another program', 'segments/2026-11-23/000000000001.seg'],
  ['a manifest of another program', 'MANIFEST.json'],
  ['a VERSION of another program', 'VERSION'],
])('a folder with %s is not taken over', async (_, name) => {
  const dataDir = join(await newFolder(), 'data');
  await mkdir(dirname(join(dataDir, name)), { recursive: true });
  await writeFile(join(dataDir, name), '12.4.1: the file of somebody else, which is longer than any header');
  const before = await filesIn(dataDir);
  await expect(openStore({ dataDir })).rejects.toThrow(/VERSION/);
  expect(await filesIn(dataDir)).toEqual(before);
});

const MUST_BE_FOLDERS = ['lock', 'wal', 'segments', 'segments/2026-11-23', 'quarantine', 'erasures', 'snapshots'];
const MUST_BE_FILES = ['VERSION', 'MANIFEST.json', 'MANIFEST.copy.json'];

test.each([...MUST_BE_FOLDERS, ...MUST_BE_FILES])('%s of the wrong kind: a clear line, and all stays', async (name) => {
  const open = await openStore();
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
  await open.store.flushAll();
  await closeStore(open);
  const path = join(open.dataDir, name);
  await rm(path, { recursive: true, force: true });
  if (MUST_BE_FILES.includes(name)) await mkdir(path);
  else await writeFile(path, "somebody else's");
  const before = await filesIn(open.dataDir);
  const line = new RegExp(
    `^${path} is a (file|folder), where podlog has a (folder|file) of its own: move it elsewhere$`,
  );
  const check = async (): Promise<unknown> => Array.fromAsync(checkDataFolder(open.dataDir));
  for (const use of [() => openStore({ dataDir: open.dataDir }), check]) {
    const error: unknown = await use().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(line);
  }
  expect(await filesIn(open.dataDir)).toEqual(before);
});

test('every flipped byte of a manifest is noticed', async () => {
  const open = await openStore();
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 10) }));
  await open.store.flushAll();
  const bytes = await readFile(join(open.dataDir, 'MANIFEST.json'));
  expect(decodeManifest(bytes.toString()).segments).toHaveLength(1);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x01;
    expect(() => decodeManifest(damaged.toString())).toThrow(/manifest/);
  }
});

test('a segment that is missing, cut or flipped in its footer is reported, and the others are read', async () => {
  const damages: ((path: string, bytes: Buffer) => Promise<void>)[] = [
    (path) => rm(path),
    (path, bytes) => writeFile(path, bytes.subarray(0, bytes.length - 1)),
    ...[1, 10, 14, 30, 60].map((fromEnd) => async (path: string, bytes: Buffer) => {
      const damaged = Buffer.from(bytes);
      damaged[bytes.length - fromEnd]! ^= 0x40;
      await writeFile(path, damaged);
    }),
  ];
  const open = await openStore();
  const kept = numberedLines('kept', 0, 10, TODAY);
  await append(open.store, batchOf({ lines: [...numberedLines('lost', 0, 10, TODAY - 1), ...kept] }));
  await open.store.flushAll();
  const path = join(
    open.dataDir,
    (await filesIn(open.dataDir)).find((name) => name.endsWith('.seg'))!,
  );
  const bytes = await readFile(path);
  let current = open;
  for (const damage of damages) {
    await mkdir(dirname(path), { recursive: true });
    await damage(path, bytes);
    current = await reopen(current);
    expect(linesOf(current.store)).toEqual(linesAsRead(kept));
    expect(current.store.stats()).toMatchObject({ quarantinedCount: 1, segmentCount: 1 });
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  current = await reopen(current);
  expect(current.store.stats()).toMatchObject({ quarantinedCount: 0, segmentCount: 2 });
});

test('a row group that broke on disk is left out of the flush, and the rest goes on', async () => {
  const open = await openStore();
  const kept = numberedLines('kept', 0, 10);
  await append(open.store, batchOf({ lines: numberedLines('lost', 0, 10) }));
  await append(open.store, batchOf({ lines: kept }));
  const snapshot = open.store.snapshot();
  const [lost] = snapshot.rowGroups;
  snapshot.release();
  const bytes = await readFile(lost!.path);
  bytes[lost!.offset + lost!.sizeBytes - 1]! ^= 1;
  await writeFile(lost!.path, bytes);
  await open.store.flushAll();
  expect(open.store.stats()).toMatchObject({ quarantinedCount: 1, segmentCount: 1 });
  const quarantine = join(open.dataDir, 'quarantine');
  const [copy] = await readdir(quarantine);
  expect(await readFile(join(quarantine, copy!))).toEqual(bytes.subarray(lost!.offset, lost!.offset + lost!.sizeBytes));
  await expectLines(open, kept);
});

test('leftovers of a crash are removed', async () => {
  const open = await openStore();
  const lines = numberedLines('a', 0, 10);
  await append(open.store, batchOf({ lines }));
  await open.store.flushAll();
  await closeStore(open);
  const before = await filesIn(open.dataDir);
  await writeFile(join(open.dataDir, 'MANIFEST.json.tmp'), 'half a mani');
  await mkdir(join(open.dataDir, 'segments/2026-01-01'), { recursive: true });
  await writeFile(join(open.dataDir, 'segments/2026-01-01/000000000099.seg'), 'PLS1');
  await writeFile(join(open.dataDir, 'wal/000000000001.wal'), 'flushed long ago');
  const again = await openStore({ dataDir: open.dataDir });
  expect(await filesIn(open.dataDir)).toEqual(before);
  expect(await readdir(join(open.dataDir, 'segments'))).toEqual(['2026-11-23']);
  await expectLines(again, lines);
});
