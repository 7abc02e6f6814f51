/** The folder of erasures: what cannot be read is named, and what is not podlog's is left alone. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { JobFiles } from '../../../../../server/engines/embedded/core/erasure-job.ts';
import { newFolder } from '../open-store.ts';

test('what cannot be read is named, half-written files go, others stay', async () => {
  const dataDir = await newFolder();
  const folder = join(dataDir, 'erasures');
  await mkdir(join(folder, 'a-folder.json'), { recursive: true });
  for (const name of ['broken.json', 'half.json.tmp', 'notes.txt']) await writeFile(join(folder, name), 'x');
  const { jobs, unreadable } = await new JobFiles(realDisk, dataDir).load();
  expect(jobs).toEqual([]);
  expect(unreadable).toEqual(['a-folder.json', 'broken.json'].map((name) => join(folder, name)));
  expect((await readdir(folder)).toSorted()).toEqual(['a-folder.json', 'broken.json', 'notes.txt']);
});
