/** The key of cursors lasts as long as its file, and a store without it has a new one. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCursorKey } from '../../../../../server/engines/embedded/core/cursor-key.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { CURSOR_KEY_BYTES } from '../../../../../server/store/cursor.ts';
import { newFolder } from '../open-store.ts';

const warnings: string[] = [];
const log = { warn: (_fields: unknown, message: string) => void warnings.push(message) } as never;

test('a key is made once, and made anew where it is damaged', async () => {
  const folder = await newFolder();
  const path = join(folder, 'cursor.key');
  const key = await readCursorKey(realDisk, folder, log);
  expect(key.length).toBe(CURSOR_KEY_BYTES);
  expect(await readCursorKey(realDisk, folder, log)).toEqual(key);
  expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]{32}\n$/);
  expect(warnings).toEqual([]);
  await writeFile(path, 'half');
  const other = await readCursorKey(realDisk, folder, log);
  expect(other).not.toEqual(key);
  expect(await readCursorKey(realDisk, folder, log)).toEqual(other);
  expect(warnings).toEqual([expect.stringContaining('damaged')]);
});

test('a folder that cannot be written has a key until the next start', async () => {
  warnings.length = 0;
  const key = await readCursorKey(realDisk, '/nowhere', log);
  expect(key.length).toBe(CURSOR_KEY_BYTES);
  expect(warnings).toEqual([expect.stringContaining('until the next start')]);
});
