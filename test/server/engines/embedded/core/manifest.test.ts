/** Whatever becomes of one of the two files of the manifest, no line is lost, doubled or brought back from an erasure. */
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseFilters } from '../../../../../server/query/parameters.ts';
import {
  compact,
  type CompactInput,
  type CompactOutput,
} from '../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { eraseSegment } from '../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { findErased } from '../../../../../server/engines/embedded/lane/erasure/find-erased.ts';
import { Erasures } from '../../../../../server/engines/embedded/lane/erasure/erasures.ts';
import { encodeManifest } from '../../../../../server/engines/embedded/core/manifest.ts';
import { readManifest } from '../../../../../server/engines/embedded/core/manifest-file.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { Metrics } from '../../../../../shared/metrics.ts';
import { batchOf, linesAsRead, numberedLines, range, TODAY } from '../batches.ts';
import { FaultyDisk } from '../platform/faulty-disk.ts';
import { append, closeStore, expectDamage, newFolder, linesOf, type OpenStore, openStore } from '../open-store.ts';

const FILES = ['MANIFEST.json', 'MANIFEST.copy.json'];
const LINES = numberedLines('a', 0, 20);

/** Ten lines in a segment, ten in the WAL. */
async function sampleFolder(): Promise<OpenStore> {
  const open = await openStore();
  await append(open.store, batchOf({ lines: LINES.slice(0, 10), files: [range('f', 0, 10)] }));
  await open.store.flushAll();
  await append(open.store, batchOf({ lines: LINES.slice(10), files: [range('f', 10, 20)] }));
  await closeStore(open);
  return open;
}

/** Opens a copy of the folder after `harm` was done to it. */
async function opened(dataDir: string, harm: (copyDir: string) => Promise<void>): Promise<OpenStore> {
  const copyDir = join(await newFolder(), 'data');
  await cp(dataDir, copyDir, { recursive: true, filter: (path) => !path.includes('.sock') });
  await harm(copyDir);
  return openStore({ dataDir: copyDir });
}

async function expectAll(open: OpenStore): Promise<void> {
  expect(linesOf(open.store)).toEqual(linesAsRead(LINES));
  expect(open.state.ends).toEqual({ f: 20 });
}

for (const name of FILES) {
  test(`${name} with any byte flipped, cut anywhere, or gone: the other one counts`, async () => {
    const { dataDir } = await sampleFolder();
    const bytes = await readFile(join(dataDir, name));
    const harms: ((path: string) => Promise<void>)[] = [(path) => rm(path)];
    for (let at = 0; at < bytes.length; at += 13) {
      harms.push((path) => truncate(path, at));
      harms.push((path) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= 1 << (at % 8);
        return writeFile(path, damaged);
      });
    }
    for (const harm of harms) {
      const open = await opened(dataDir, (copyDir) => harm(join(copyDir, name)));
      await expectAll(open);
      expect(open.store.stats().quarantinedCount).toBe(1);
      await closeStore(open);
      // What the start has written is whole again.
      const [first, second] = await Promise.all(FILES.map((file) => readFile(join(open.dataDir, file), 'utf8')));
      expect(first).toBe(second);
    }
  });
}

test('a manifest of before there were two gets its copy', async () => {
  const { dataDir } = await sampleFolder();
  const { generation: _, ...old } = await readManifest(realDisk, dataDir);
  const open = await opened(dataDir, async (copyDir) => {
    await rm(join(copyDir, 'MANIFEST.copy.json'));
    await writeFile(join(copyDir, 'MANIFEST.json'), encodeManifest(old as typeof old & { generation: number }));
  });
  await expectAll(open);
  expect(open.store.stats().quarantinedCount).toBe(0);
});

test('wherever a flush ends, each of the two files alone is enough', async () => {
  for (let steps = 0, isDone = false; !isDone; steps++) {
    const disk = new FaultyDisk();
    const open = await openStore({ disk });
    expectDamage(open);
    await append(open.store, batchOf({ lines: LINES.slice(0, 10), files: [range('f', 0, 10)] }));
    await open.store.flushAll();
    await append(open.store, batchOf({ lines: LINES.slice(10), files: [range('f', 10, 20)] }));
    disk.dieAfter(steps);
    await open.store.flushAll().catch(() => {});
    isDone = !disk.isDead;
    await closeStore(open);
    for (const name of FILES) {
      const again = await opened(open.dataDir, (copyDir) => rm(join(copyDir, name)));
      await expectAll(again);
      await closeStore(again);
    }
  }
});

/** What becomes of both files. */
const LOSSES: Record<string, (dataDir: string) => Promise<void>> = {
  gone: async (dataDir) => {
    for (const name of FILES) await rm(join(dataDir, name));
  },
  cut: async (dataDir) => {
    for (const name of FILES) await truncate(join(dataDir, name), 100);
  },
  flipped: async (dataDir) => {
    for (const [i, name] of FILES.entries()) {
      const bytes = await readFile(join(dataDir, name));
      bytes[60 + i]! ^= 4;
      await writeFile(join(dataDir, name), bytes);
    }
  },
};

for (const [loss, lose] of Object.entries(LOSSES)) {
  test(`both files ${loss}: the manifest is made of segments and WAL, and the positions with it`, async () => {
    const { dataDir } = await sampleFolder();
    const open = await opened(dataDir, lose);
    await expectAll(open);
    expect(open.store.stats().quarantinedCount).toBeGreaterThan(0);
    await append(open.store, batchOf({ lines: numberedLines('b', 0, 5), files: [range('f', 20, 25)] }));
    await open.store.flushAll();
    expect(linesOf(open.store)).toEqual(linesAsRead([...LINES, ...numberedLines('b', 0, 5)]));
  });
}

/** Ends a job at each of its steps, loses both files of the manifest, and looks at what there is after a start. */
async function atEachStep(
  prepare: (open: OpenStore) => Promise<unknown>,
  job: (open: OpenStore) => Promise<unknown>,
  judge: (again: OpenStore) => Promise<void>,
): Promise<void> {
  let steps = 0;
  for (let isDone = false; !isDone; steps++) {
    const disk = new FaultyDisk();
    const open = await openStore({ disk });
    expectDamage(open);
    await prepare(open);
    disk.dieAfter(steps);
    await job(open).catch(() => {});
    isDone = !disk.isDead;
    await closeStore(open);
    const again = await opened(open.dataDir, LOSSES['gone']!);
    expectDamage(again);
    await judge(again);
    await closeStore(again);
  }
  expect(steps).toBeGreaterThan(5);
}

test('wherever a flush ends, both files may go', async () => {
  const twoDays = [...LINES, ...numberedLines('yesterday', 0, 10, TODAY - 1)];
  await atEachStep(
    (open) => append(open.store, batchOf({ lines: twoDays, files: [range('f', 0, 20)] })),
    ({ store }) => store.flushAll(),
    async (again) => {
      expect(linesOf(again.store)).toEqual(linesAsRead(twoDays));
      expect(again.state.ends).toEqual({ f: 20 });
    },
  );
});

function compactorOf({ store, dataDir, options }: OpenStore): Compactor {
  const { disk = realDisk, now, log, indexedFields } = options;
  const run = (input: CompactInput): Promise<CompactOutput> => compact(disk, input, () => false);
  return new Compactor({ store, dataDir, indexedFields, now, log, metrics: new Metrics(), compact: run });
}

test('wherever a merge of merges ends, also while a query holds its inputs, both files may go', async () => {
  const prepare = async (open: OpenStore): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      await append(
        open.store,
        batchOf({ lines: LINES.slice(i * 5, i * 5 + 5), files: [range('f', i * 5, i * 5 + 5)] }),
      );
      await open.store.flushAll();
      if (i === 0) open.store.snapshot();
      if (i === 1) await compactorOf(open).settle();
    }
  };
  await atEachStep(prepare, (open) => compactorOf(open).settle(), expectAll);
});

function erasuresOf({ store, dataDir, options }: OpenStore): Promise<Erasures> {
  const { disk = realDisk, now, log, indexedFields } = options;
  return Erasures.open({
    store,
    dataDir,
    indexedFields,
    now,
    log,
    disk,
    erase: (input) => eraseSegment(disk, input),
    find: (input) => findErased(disk, input),
  });
}

test('wherever an erasure ends, both files may go, and no erased line comes back', async () => {
  const kept = LINES.filter(({ text }) => !text.includes('"n":7}') && !text.includes('"n":17}'));
  const prepare = async (open: OpenStore): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await append(
        open.store,
        batchOf({ lines: LINES.slice(i * 10, i * 10 + 10), files: [range('f', i * 10, i * 10 + 10)] }),
      );
      await open.store.flushAll();
    }
  };
  await atEachStep(
    prepare,
    async (open) => {
      const erasures = await erasuresOf(open);
      await erasures.request(parseFilters({ query: { n: ['7', '17'] }, namespaces: 'all' }, open.options.now()));
      await erasures.idle();
    },
    async (again) => {
      const erasures = await erasuresOf(again);
      const wasRequested = erasures.list().length > 0;
      await erasures.idle();
      await erasures.tick();
      expect(linesOf(again.store)).toEqual(linesAsRead(wasRequested ? kept : LINES));
      expect(again.state.ends).toEqual({ f: 20 });
    },
  );
});
