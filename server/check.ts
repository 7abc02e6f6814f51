/** Checks a data folder that no server has open, and repairs it when asked to. */
import { UsageError } from '../shared/errors.ts';
import { checkFolder } from './store/check/check-folder.ts';
import { checkSegment } from './store/check/check-segment.ts';
import type { CheckEvent } from './store/check/finding.ts';
import { realDisk } from './store/disk.ts';
import { VERSION_FILE, MANIFEST_FILE } from './store/filenames.ts';
import { lockFolder } from './store/lock.ts';

/**
 * Holds the folder while it is checked.
 * @throws UsageError  it is no data folder, or a server has it open
 */
export async function* checkDataFolder(dataDir: string): AsyncGenerator<CheckEvent> {
  await requireDataFolder(dataDir);
  const lock = await lockFolder(dataDir);
  try {
    yield* checkFolder({ disk: realDisk, dataDir, checkSegment: (input) => checkSegment(realDisk, input) });
  } finally {
    await lock.release();
  }
}

/** To take the lock makes a folder, which a mistyped path must not. */
async function requireDataFolder(dataDir: string): Promise<void> {
  const names = await realDisk.list(dataDir);
  if (names.includes(VERSION_FILE) || names.includes(MANIFEST_FILE)) return;
  throw new UsageError(`${dataDir} is no data folder of podlog: it has neither ${VERSION_FILE} nor ${MANIFEST_FILE}`);
}
