/** `podlog check` as a process: what it prints and its exit code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Positions } from '../../server/ingest/positions.ts';
import { batchOf, numberedLines, range } from '../server/engines/embedded/batches.ts';
import { append, closeStore, filesIn, newFolder, openStore } from '../server/engines/embedded/open-store.ts';

const command = fileURLToPath(new URL('../../cli/podlog.js', import.meta.url));

async function podlogCheck(...args: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, [command, 'check', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

test('well, broken, repaired', async () => {
  const open = await openStore({ state: new Positions(Date.now) });
  const lines = [...numberedLines('a', 0, 10), ...numberedLines('b', 0, 10)];
  await append(open.store, batchOf({ lines, files: [range('f', 0, 20)] }));
  await open.store.flushAll();
  const { dataDir } = open;
  const inUse = await podlogCheck('--data-dir', dataDir);
  expect(inUse).toMatchObject({ code: 1, out: '' });
  expect(inUse.err).toMatch(/in use by another podlog.*\/check/);
  await closeStore(open);

  const well = await podlogCheck('--data-dir', dataDir);
  expect(well).toMatchObject({ code: 0, err: '' });
  expect(well.out).toMatch(/^checked 1 segment, 0 WAL files, 1 row group, 20 rows, .*: no problems\n$/);

  const segment = (await filesIn(dataDir)).find((name) => name.endsWith('.seg'))!;
  const bytes = await readFile(join(dataDir, segment));
  bytes[50]! ^= 1;
  await writeFile(join(dataDir, segment), bytes);
  const broken = await podlogCheck('--data-dir', dataDir);
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(
    new RegExp(`^problem: ${segment}, bytes 4 to \\d+: row group 0: .*\\(20 rows\\)\n  restore`),
  );

  const json = await podlogCheck('--data-dir', dataDir, '--json');
  const [finding, done] = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(finding).toMatchObject({ kind: 'finding', finding: 'row-group', path: segment, offset: 4, rowCount: 20 });
  expect(done).toMatchObject({ kind: 'done', problemCount: 1 });

  const repaired = await podlogCheck('--data-dir', dataDir, '--repair');
  expect(repaired.code).toBe(0);
  expect(repaired.out).toContain(`repaired: ${segment}: 0 rows rewritten, 20 rows quarantined`);
  expect((await podlogCheck('--data-dir', dataDir)).code).toBe(0);
});

test('no data folder: nothing is made', async () => {
  const dataDir = join(await newFolder(), 'none');
  expect(await podlogCheck('--data-dir', dataDir)).toMatchObject({ code: 2, out: '' });
  expect((await podlogCheck('--repair', '--nope')).code).toBe(2);
});
