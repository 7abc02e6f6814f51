/** A secret lasts as long as its file, which others may not read, and a store without it has a new one. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CURSOR_KEY, readSecretKey, SESSION_KEY } from '../../../../../server/engines/embedded/core/secret-key.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { newFolder } from '../open-store.ts';

const warnings: string[] = [];
const log = { warn: (_fields: unknown, message: string) => void warnings.push(message) } as never;

test.for([CURSOR_KEY, SESSION_KEY])('$file is made once, and made anew where it is damaged', async (kind) => {
  warnings.length = 0;
  const folder = await newFolder();
  const path = join(folder, kind.file);
  const key = await readSecretKey(realDisk, folder, kind, log);
  expect(key.length).toBe(kind.sizeBytes);
  expect(await readSecretKey(realDisk, folder, kind, log)).toEqual(key);
  expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]+\n$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(warnings).toEqual([]);
  await writeFile(path, 'half');
  const other = await readSecretKey(realDisk, folder, kind, log);
  expect(other).not.toEqual(key);
  expect(await readSecretKey(realDisk, folder, kind, log)).toEqual(other);
  expect(warnings).toEqual([expect.stringContaining('damaged')]);
});

test('a folder that cannot be written has a key until the next start', async () => {
  warnings.length = 0;
  const key = await readSecretKey(realDisk, '/nowhere', CURSOR_KEY, log);
  expect(key.length).toBe(CURSOR_KEY.sizeBytes);
  expect(warnings).toEqual([expect.stringContaining('until the next start')]);
});
