/** What a check says of folders that are well, that a crash left, and that are broken in each way it knows. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { batchOf, numberedLines, range, TODAY } from '../batches.ts';
import { append, closeStore, filesIn, type OpenStore, openStore } from '../open-store.ts';
import { isProblem } from '../../../../../server/engines/embedded/check/finding.ts';
import { checkFolder } from '../../../../../server/engines/embedded/check/check-folder.ts';
import { CHECK_SEGMENT, checkSegment } from '../../../../../server/engines/embedded/check/check-segment.ts';
import { readManifest } from '../../../../../server/engines/embedded/core/manifest-file.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { taskFlow } from '../../../../../server/workers/task.ts';
import { runHere } from '../in-this-thread.ts';
import { findingsOf, summaryOf } from './findings.ts';

/** Rows of three days in segments, and three batches in the WAL. */
async function sampleFolder(): Promise<OpenStore> {
  const open = await openStore();
  for (const day of [TODAY - 2, TODAY - 1, TODAY]) {
    await append(open.store, batchOf({ lines: numberedLines(`day ${day}`, 0, 50, day), files: [range('f', 0, 50)] }));
  }
  await open.store.flushAll();
  for (const name of ['a', 'b', 'c']) await append(open.store, batchOf({ lines: numberedLines(name, 0, 20) }));
  await closeStore(open);
  return open;
}

async function firstFile(dataDir: string, ending: string): Promise<string> {
  return join(
    dataDir,
    (await filesIn(dataDir)).find((name) => name.endsWith(ending))!,
  );
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset < 0 ? bytes.length + offset : offset]! ^= 0x20;
  await writeFile(path, bytes);
}

test('a folder that is well, new or empty', async () => {
  const { dataDir } = await sampleFolder();
  expect(await findingsOf(dataDir)).toEqual([]);
  const empty = await openStore();
  await closeStore(empty);
  expect(await findingsOf(empty.dataDir)).toEqual([]);
});

const SEGMENT = /^segments\/.*\.seg$/;
const WAL = /^wal\/.*\.wal$/;

type Damage = (paths: { dataDir: string; segment: string; wal: string }) => Promise<void>;
const DAMAGES: readonly [string, Damage, { kind: string; path: RegExp | string; what: RegExp; offset?: number }][] = [
  ['no VERSION', ({ dataDir }) => rm(join(dataDir, 'VERSION')), { kind: 'version', path: 'VERSION', what: /missing/ }],
  [
    'another VERSION',
    ({ dataDir }) => writeFile(join(dataDir, 'VERSION'), 'podlog data 9\n'),
    { kind: 'version', path: 'VERSION', what: /podlog data 9/ },
  ],
  [
    'no manifest, but its copy',
    ({ dataDir }) => rm(join(dataDir, 'MANIFEST.json')),
    { kind: 'generation', path: 'MANIFEST.json', what: /missing/ },
  ],
  [
    'a flipped byte in the manifest',
    ({ dataDir }) => flip(join(dataDir, 'MANIFEST.json'), 100),
    { kind: 'generation', path: 'MANIFEST.json', what: /checksum/ },
  ],
  [
    'a flipped byte in the copy of the manifest',
    ({ dataDir }) => flip(join(dataDir, 'MANIFEST.copy.json'), 100),
    { kind: 'generation', path: 'MANIFEST.copy.json', what: /checksum/ },
  ],
  [
    'the only WAL file is missing',
    ({ wal }) => rm(wal),
    { kind: 'missing', path: WAL, what: /manifest names this WAL file/ },
  ],
  ['a missing segment', ({ segment }) => rm(segment), { kind: 'missing', path: SEGMENT, what: /manifest names/ }],
  [
    'a segment that was cut',
    async ({ segment }) => writeFile(segment, (await readFile(segment)).subarray(0, -7)),
    { kind: 'segment', path: SEGMENT, what: /bytes, the manifest says/ },
  ],
  ['the first byte of a segment', ({ segment }) => flip(segment, 0), { kind: 'segment', path: SEGMENT, what: /PLS1/ }],
  ['the last byte of a segment', ({ segment }) => flip(segment, -1), { kind: 'segment', path: SEGMENT, what: /PLS1/ }],
  ['the directory', ({ segment }) => flip(segment, -13), { kind: 'segment', path: SEGMENT, what: /directory/ }],
  [
    'a row group of a segment',
    ({ segment }) => flip(segment, 40),
    { kind: 'row-group', path: SEGMENT, what: /row group 0: .*checksum/, offset: 4 },
  ],
  [
    'the header of a WAL file that has records',
    ({ wal }) => flip(wal, 5),
    { kind: 'wal-record', path: WAL, what: /header/, offset: 0 },
  ],
  [
    'a record in the middle of the WAL',
    ({ wal }) => flip(wal, 60),
    { kind: 'wal-record', path: WAL, what: /no valid record/, offset: 24 },
  ],
];

for (const [name, damage, want] of DAMAGES) {
  test(`found, with its place: ${name}`, async () => {
    const { dataDir } = await sampleFolder();
    await damage({ dataDir, segment: await firstFile(dataDir, '.seg'), wal: await firstFile(dataDir, '.wal') });
    const findings = await findingsOf(dataDir);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      kind: want.kind,
      path: typeof want.path === 'string' ? want.path : (expect.stringMatching(want.path) as string),
      what: expect.stringMatching(want.what) as string,
      offset: want.offset ?? 0,
    });
  });
}

test('the sum is of what can be read', async () => {
  const { dataDir } = await sampleFolder();
  const segments = (await filesIn(dataDir)).filter((name) => SEGMENT.test(name));
  const before = await summaryOf(dataDir);
  expect(before).toMatchObject({ segmentCount: 3, walFileCount: 1, rowGroupCount: 6, rowCount: 210, problemCount: 0 });
  const [missing, cut, broken] = segments.map((name) => join(dataDir, name));
  await rm(missing!);
  expect(await summaryOf(dataDir)).toMatchObject({ segmentCount: 2, rowGroupCount: 5, rowCount: 160, problemCount: 1 });
  await writeFile(cut!, (await readFile(cut!)).subarray(0, -7));
  expect(await summaryOf(dataDir)).toMatchObject({ segmentCount: 2, rowGroupCount: 4, rowCount: 110, problemCount: 2 });
  await flip(broken!, 40);
  expect(await summaryOf(dataDir)).toMatchObject({ segmentCount: 2, rowGroupCount: 3, rowCount: 60, problemCount: 3 });
});

/** What is not podlog's, beside what is. */
const FOREIGN = [
  'segments/notes.txt',
  'segments/.DS_Store',
  'segments/2026-99-99',
  'segments/empty-folder/',
  'segments/2026-11-23/copy of 000000000002.seg',
  'wal/000000000001.wal.bak',
  'wal/folder/',
  'wal/000000000099.wal/',
  'segments/2026-11-23/000000000098.seg/',
];

test("what is not podlog's is no problem: it is reported, and left alone by starts", async () => {
  const { dataDir } = await sampleFolder();
  for (const name of FOREIGN) {
    if (name.endsWith('/')) await mkdir(join(dataDir, name), { recursive: true });
    else await writeFile(join(dataDir, name), 'PLS1');
  }
  const names = FOREIGN.map((name) => name.replace(/\/$/, '')).toSorted();
  for (const round of ['after a start', 'after another']) {
    const findings = await findingsOf(dataDir);
    expect(findings.filter(isProblem), round).toEqual([]);
    expect(findings.map(({ kind, path }) => `${kind} ${path}`).toSorted(), round).toEqual(
      names.map((path) => `foreign ${path}`),
    );
    await closeStore(await openStore({ dataDir }));
    for (const name of names) await stat(join(dataDir, name));
  }
});

test('a check that is stopped rejects, and reports nothing', async () => {
  const { dataDir } = await sampleFolder();
  const manifest = await readManifest(realDisk, dataDir);
  for (const segment of manifest.segments) {
    await expect(checkSegment(realDisk, { dataDir, segment }, () => true)).rejects.toThrow('the check was stopped');
  }
  const stop = new AbortController();
  const run = runHere();
  const events = checkFolder({
    disk: realDisk,
    dataDir,
    checkSegment: (input) => run(CHECK_SEGMENT, input, { stop: stop.signal, flow: taskFlow('maintenance') }),
    stateProblem: () => undefined,
  });
  expect(await events.next()).toMatchObject({ value: { kind: 'progress' } });
  stop.abort(new Error('enough'));
  await expect(events.next()).rejects.toThrow('enough');
});

test('every flipped byte of a segment is found', async () => {
  const open = await openStore();
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 5) }));
  await open.store.flushAll();
  await closeStore(open);
  const path = await firstFile(open.dataDir, '.seg');
  const bytes = await readFile(path);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1 << (at % 8);
    await writeFile(path, damaged);
    expect((await findingsOf(open.dataDir)).length, `byte ${at}`).toBeGreaterThan(0);
  }
});

test('what a crash leaves is no problem: unnamed segments, old WAL files, a torn end, a half-written manifest', async () => {
  const { dataDir } = await sampleFolder();
  const wal = await firstFile(dataDir, '.wal');
  const bytes = await readFile(wal);
  await writeFile(wal, Buffer.concat([bytes, Buffer.alloc(100, 7)]));
  await writeFile(join(dataDir, 'wal/000000000001.wal'), 'flushed');
  await writeFile(join(dataDir, 'MANIFEST.json.tmp'), '{');
  const unnamed = join(dataDir, 'segments/2026-11-23/000000000999.seg');
  await mkdir(dirname(unnamed), { recursive: true });
  await writeFile(unnamed, 'PLS1');
  const findings = await findingsOf(dataDir);
  expect(findings.map(({ kind }) => kind)).toEqual(Array<string>(4).fill('leftover'));
  expect(findings.find(({ path }) => path.endsWith('.wal') && !path.includes('001'))).toMatchObject({
    offset: bytes.length,
    sizeBytes: 100,
  });
  // The next start puts it right.
  await closeStore(await openStore({ dataDir }));
  expect(await findingsOf(dataDir)).toEqual([]);
});
