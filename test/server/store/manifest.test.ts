/** Whatever becomes of one of the two files of the manifest, no line is lost, doubled or brought back from an erasure. */
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeManifest } from '../../../server/store/manifest.ts';
import { readManifest } from '../../../server/store/manifest-file.ts';
import { realDisk } from '../../../server/store/disk.ts';
import { batchOf, linesAsRead, numberedLines, range } from './batches.ts';
import { FaultyDisk } from './faulty-disk.ts';
import { append, closeStore, expectDamage, newFolder, linesOf, type OpenStore, openStore } from './open-store.ts';

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
  test(`${name} with any byte flipped, cut anywhere, or gone: the other one counts`, { timeout: 120_000 }, async () => {
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

test('wherever a flush ends, each of the two files alone is enough', { timeout: 120_000 }, async () => {
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
