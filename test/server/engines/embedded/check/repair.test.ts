/** After a repair a check finds nothing, what was broken is in quarantine/, and all other rows are there. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { repairDataFolder } from '../../../../../server/check.ts';
import { realDisk, withFile } from '../../../../../server/engines/embedded/platform/disk.ts';
import {
  SECTION_FIELD_INDEXES,
  SECTION_FIELD_NAMES,
  SECTION_TEXT_GRAMS,
  SECTION_INDEX_BLOCKS,
  SECTION_LINEAGE,
  SECTION_LINEAGE_COPY,
  SECTION_STREAMS,
} from '../../../../../server/engines/embedded/segment/format.ts';
import { readDirectory } from '../../../../../server/engines/embedded/segment/frame.ts';
import { manifestPaths } from '../../../../../server/engines/embedded/core/manifest-file.ts';
import type { RowGroupRef } from '../../../../../server/engines/embedded/segment/row-group-ref.ts';
import { batchOf, linesAsRead, numberedLines, readLines, rowGroupOf, TODAY } from '../batches.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { mergeRowGroups } from '../../../../../shared/row-group/merge/merge.ts';
import { encodeBatch } from '../../../../../shared/wire.ts';
import { append, closeStore, FileEnds, filesIn, linesOf, type OpenStore, openStore } from '../open-store.ts';
import { findingsOf } from './findings.ts';

const INDEXED = ['name', 'n'];

/** 1,100 rows of today in a segment of several row groups, 50 of yesterday in another, and three batches in the WAL. */
async function sampleFolder(): Promise<OpenStore & { rowGroups: readonly RowGroupRef[]; lines: string[] }> {
  const open = await openStore({ indexedFields: INDEXED });
  // A row group has at most 1024 shapes of lines, so there is more than one.
  const shapes = Array.from({ length: 1100 }, (_, i) => ({ text: `{"field_${i}":"${i}","n":${i}}`, timeNs: i * 1e6 }));
  for (let at = 0; at < 1100; at += 50) await append(open.store, batchOf({ lines: shapes.slice(at, at + 50) }));
  await open.store.flushAll();
  await append(open.store, batchOf({ lines: numberedLines('yesterday', 0, 50, TODAY - 1) }));
  await open.store.flushAll();
  for (const name of ['a', 'b', 'c']) await append(open.store, batchOf({ lines: numberedLines(name, 0, 20) }));
  const snapshot = open.store.snapshot();
  const rowGroups = snapshot.rowGroups.filter(({ path }) => path.includes('2026-11-23'));
  snapshot.release();
  const lines = linesOf(open.store);
  await closeStore(open);
  expect(rowGroups.length).toBeGreaterThan(1);
  return { ...open, rowGroups, lines };
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset < 0 ? bytes.length + offset : offset]! ^= 0x20;
  await writeFile(path, bytes);
}

async function repairAll(dataDir: string): Promise<void> {
  const findings = (await findingsOf(dataDir)).map((finding) => ({ ...finding, path: join(dataDir, finding.path) }));
  expect(findings.length).toBeGreaterThan(0);
  for await (const _ of repairDataFolder(dataDir, findings, INDEXED, undefined, new FileEnds()));
  expect(await findingsOf(dataDir)).toEqual([]);
}

async function linesAfter(dataDir: string): Promise<string[]> {
  const open = await openStore({ dataDir, indexedFields: INDEXED });
  const lines = linesOf(open.store);
  expect(open.store.stats().quarantinedCount).toBe(0);
  await closeStore(open);
  return lines;
}

async function quarantine(dataDir: string): Promise<string[]> {
  return (await filesIn(dataDir)).filter((name) => name.startsWith('quarantine/'));
}

test('a row group of a segment: only its rows go', async () => {
  const { dataDir, rowGroups, lines } = await sampleFolder();
  const [first] = rowGroups;
  const lost = readLines([first!]);
  await flip(first!.path, first!.offset + first!.sizeBytes - 1);
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines.filter((line) => !lost.includes(line)));
  expect(await quarantine(dataDir)).toHaveLength(1);
});

const FRAMES: readonly [string, (path: string) => Promise<void>][] = [
  ['the first byte', (path) => flip(path, 0)],
  ['the last byte', (path) => flip(path, -1)],
  ['the directory', (path) => flip(path, -14)],
  ['a byte more', async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.from('x')]))],
];
for (const [name, damage] of FRAMES) {
  test(`the frame of a segment (${name}): no row goes`, async () => {
    const { dataDir, rowGroups, lines } = await sampleFolder();
    await damage(rowGroups[0]!.path);
    await repairAll(dataDir);
    expect(await linesAfter(dataDir)).toEqual(lines);
  });
}

test('a segment that was cut in the middle: its whole row groups stay', async () => {
  const { dataDir, rowGroups, lines } = await sampleFolder();
  const last = rowGroups.at(-1)!;
  const lost = readLines([last]);
  await writeFile(last.path, (await readFile(last.path)).subarray(0, last.offset + last.sizeBytes - 1));
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines.filter((line) => !lost.includes(line)));
  expect(await quarantine(dataDir)).toHaveLength(1);
});

const INDEX_SECTIONS = [
  ['the list of indexes', SECTION_FIELD_INDEXES],
  ['an index', SECTION_INDEX_BLOCKS],
  ['the names of the fields', SECTION_FIELD_NAMES],
  ['the grams of texts', SECTION_TEXT_GRAMS],
] as const;
for (const [name, kind] of INDEX_SECTIONS) {
  test(`${name} of a segment: made anew`, async () => {
    const { dataDir, rowGroups, lines } = await sampleFolder();
    await flipSections(rowGroups.at(-1)!.path, kind);
    const findings = await findingsOf(dataDir);
    expect(findings.map((finding) => finding.kind)).toContain('index');
    expect(findings.every((finding) => finding.kind === 'index')).toBe(true);
    await repairAll(dataDir);
    expect(await findingsOf(dataDir)).toEqual([]);
    expect(await linesAfter(dataDir)).toEqual(lines);
    expect(await quarantine(dataDir)).toEqual([]);
  });
}

test('a missing segment is forgotten', async () => {
  const { dataDir, lines } = await sampleFolder();
  const yesterday = (await filesIn(dataDir)).find((name) => name.includes('2026-11-22'));
  await rm(join(dataDir, yesterday!));
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines.filter((line) => !line.includes('yesterday')));
});

test('a missing WAL file is forgotten', async () => {
  const { dataDir, lines } = await sampleFolder();
  const wal = (await filesIn(dataDir)).find((name) => name.endsWith('.wal'))!;
  await rm(join(dataDir, wal));
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines.filter((line) => !/"name":"[abc]"/.test(line)));
});

test('a record of the WAL: only its rows go', async () => {
  const { dataDir, lines } = await sampleFolder();
  const wal = (await filesIn(dataDir)).find((name) => name.endsWith('.wal'))!;
  await flip(join(dataDir, wal), 60);
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines.filter((line) => !line.includes('"name":"a"')));
  expect(await quarantine(dataDir)).toHaveLength(1);
});

test('a row group of the WAL whose checksums are right, but not what it says: becomes right, and keeps its rows', async () => {
  const { dataDir, lines } = await sampleFolder();
  const open = await openStore({ dataDir, indexedFields: INDEXED });
  const source = new RowGroup(rowGroupOf([{ text: 'short' }, { text: 'a much longer line' }]));
  // A merge shares the size of the lines out by rows; in a batch it must be exact.
  const keep = (): Uint8Array => Uint8Array.of(1, 0);
  const [rowGroup] = [...mergeRowGroups([source], { day: TODAY, level: 1, keep })];
  await append(open.store, encodeBatch({ node: 'n', files: [], gone: [], rowGroup: rowGroup! }));
  await closeStore(open);
  const findings = await findingsOf(dataDir);
  expect(findings).toMatchObject([
    { kind: 'wal-record', what: expect.stringMatching(/the lines have 5 bytes/) as string },
  ]);
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual([...lines, ...linesAsRead([{ text: 'short' }])].toSorted());
});

test('the newest WAL files are missing, all of them: each is named, once', async () => {
  const open = await openStore({ indexedFields: INDEXED, flush: () => Promise.reject(new Error('not now')) });
  const { dataDir } = open;
  for (const name of ['a', 'b', 'c', 'd']) {
    await append(open.store, batchOf({ lines: numberedLines(name, 0, 20) }));
    await open.store.flushAll();
    await open.store.tick();
  }
  await closeStore(open);
  const wals = (await filesIn(dataDir)).filter((name) => name.endsWith('.wal'));
  expect(wals).toHaveLength(4);
  // The second in the middle, and the two newest.
  for (const wal of wals.toSpliced(0, 1)) await rm(join(dataDir, wal));
  const findings = await findingsOf(dataDir);
  expect(findings.map(({ kind, path }) => [kind, path])).toEqual(wals.slice(1).map((wal) => ['missing', wal]));
  const messages: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void messages.push(line) });
  const again = await openStore({ dataDir, indexedFields: INDEXED, log });
  for (const wal of wals.slice(1)) expect(messages.filter((each) => each.includes(wal))).toHaveLength(1);
  expect(linesOf(again.store).every((line) => line.includes('"name":"a"'))).toBe(true);
  await closeStore(again);
  // They are forgotten with the manifest of that start.
  expect(await findingsOf(dataDir)).toEqual([]);
});

/** Flips a byte of each section of a kind in the file. */
async function flipSections(path: string, ...kinds: number[]): Promise<void> {
  const sections = await withFile(realDisk, path, 'read', async (file) =>
    readDirectory(file, (await readFile(path)).length),
  );
  const chosen = sections.filter(({ kind }) => kinds.includes(kind));
  expect(new Set(chosen.map(({ kind }) => kind)).size).toBe(kinds.length);
  for (const { offset, sizeBytes } of chosen) await flip(path, offset + Math.floor(sizeBytes / 2));
}

for (const kind of [SECTION_LINEAGE, SECTION_LINEAGE_COPY]) {
  for (const isManifestLost of [false, true]) {
    test(`one lineage of a segment (section ${kind}), ${isManifestLost ? 'and the manifest' : 'with a manifest'}: no row goes`, async () => {
      const { dataDir, rowGroups, lines } = await sampleFolder();
      await flipSections(rowGroups[0]!.path, kind);
      expect(await findingsOf(dataDir)).toMatchObject([{ kind: 'lineage', rowCount: 0 }]);
      if (isManifestLost) for (const path of manifestPaths(dataDir)) await rm(path);
      await repairAll(dataDir);
      expect(await linesAfter(dataDir)).toEqual(lines);
      expect(await quarantine(dataDir)).toEqual([]);
    });
  }
}

/** What makes a segment unreadable as a whole. */
const FRAME_DAMAGES: readonly [string, (path: string) => Promise<void>][] = [
  ['both lineages', (path) => flipSections(path, SECTION_LINEAGE, SECTION_LINEAGE_COPY)],
  ['the table of streams', (path) => flipSections(path, SECTION_STREAMS)],
  ['the directory', (path) => flip(path, -14)],
];
for (const [name, damage] of FRAME_DAMAGES) {
  test(`the manifest, and ${name} of a segment: no row goes, and none comes twice`, async () => {
    const { dataDir, rowGroups, lines } = await sampleFolder();
    await damage(rowGroups[0]!.path);
    for (const path of manifestPaths(dataDir)) await rm(path);
    await repairAll(dataDir);
    expect(await linesAfter(dataDir)).toEqual(lines);
    // Once more, with a copy of the segment that was damaged: all of its rows are there already.
    const [copy] = (await quarantine(dataDir)).filter((each) => each.endsWith('.seg'));
    await cp(join(dataDir, copy!), rowGroups[0]!.path);
    for (const path of manifestPaths(dataDir)) await rm(path);
    await repairAll(dataDir);
    expect(await linesAfter(dataDir)).toEqual(lines);
  });
}

test('the manifest, and the frame of a segment with many rows of one instant: the missing ones come back, in little time', async () => {
  const { dataDir, store } = await openStore({ indexedFields: INDEXED });
  const rows = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({ text: `{"name":"${name}","n":${n % 20_000}}`, timeNs: 1e9 }));
  const both = rows('both', 40_000);
  await append(store, batchOf({ lines: [...both, ...rows('one', 5)] }));
  await store.flushAll();
  const [first] = (await filesIn(dataDir)).filter((name) => name.endsWith('.seg'));
  await append(store, batchOf({ lines: both }));
  await store.flushAll();
  await closeStore({ store });
  await flip(join(dataDir, first!), -14);
  for (const path of manifestPaths(dataDir)) await rm(path);
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(linesAsRead([...both, ...rows('one', 5)]));
});

test('VERSION and the manifest are written again', async () => {
  const { dataDir, lines } = await sampleFolder();
  await rm(join(dataDir, 'VERSION'));
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines);
  for (const path of manifestPaths(dataDir)) await rm(path);
  expect(await findingsOf(dataDir)).toMatchObject([{ kind: 'generation', path: 'MANIFEST.json' }]);
  await repairAll(dataDir);
  expect(await linesAfter(dataDir)).toEqual(lines);
});
