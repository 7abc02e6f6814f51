/** Saved views outlive a file that cannot be read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Views } from '../../../../../server/engines/embedded/core/views.ts';
import { type Disk, realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import type { SavedView } from '../../../../../server/store/views.ts';
import { newFolder } from '../open-store.ts';

const log = pino({ level: 'silent' });
const VIEW: SavedView = {
  name: 'errors',
  owner: undefined,
  search: 'level:error',
  since: '1h',
  until: undefined,
  columns: [],
  changedMs: 1,
};

const failing = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5, syscall: 'read' }));
const UNREADABLE: Disk = {
  ...realDisk,
  readFile: failing,
  open: (path, mode) => (mode === 'read' ? failing() : realDisk.open(path, mode)),
};

async function folderWithView(): Promise<string> {
  const dataDir = await newFolder();
  await (await Views.open(dataDir, log)).save(VIEW);
  expect((await Views.open(dataDir, log)).list()).toEqual([VIEW]);
  return dataDir;
}

test('a file that cannot be read at a start is still there after the next change', async () => {
  const dataDir = await folderWithView();
  const text = await readFile(join(dataDir, 'views.json'), 'utf8');
  const views = await Views.open(dataDir, log, UNREADABLE);
  expect(views.list()).toEqual([]);
  await views.save({ ...VIEW, name: 'other' });
  expect(await readFile(join(dataDir, 'quarantine/views.json'), 'utf8')).toBe(text);
  expect((await Views.open(dataDir, log)).list()).toEqual([{ ...VIEW, name: 'other' }]);
});
