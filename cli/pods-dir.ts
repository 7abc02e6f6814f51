/** Examines the folder of the pods before an agent starts on it, so that a mistake is one clear line. */
import { readdirSync } from 'node:fs';
import { UsageError } from '../shared/errors.ts';
import { errorCode, reasonOf, userText } from '../shared/system-error.ts';

export type FoundPods = 'no folder' | 'none' | 'some';

/** @throws UsageError when the folder exists but cannot be listed */
export function findPods(podsDir: string): FoundPods {
  try {
    return readdirSync(podsDir).length === 0 ? 'none' : 'some';
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT') return 'no folder';
    if (code === 'ENOTDIR') throw new UsageError(`${podsDir} is not a folder; give one with --pods-dir`, 1, { cause });
    if (code !== 'EACCES' && code !== 'EPERM') {
      throw new UsageError(`${podsDir} cannot be read: ${reasonOf(cause)}`, 1, { cause });
    }
    throw new UsageError(
      `${podsDir} may not be read by ${userText()}; run as root or as its group, or choose another folder with --pods-dir`,
      1,
      { cause },
    );
  }
}

/** @throws UsageError */
export function assertReadableFolder(podsDir: string): void {
  if (findPods(podsDir) === 'no folder') {
    throw new UsageError(
      `${podsDir} does not exist; mount the node's pod logs there, or give their folder with --pods-dir`,
      1,
    );
  }
}
