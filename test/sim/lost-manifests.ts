/** Both files of the manifest are lost between the end of a process and the next start: the store makes a new one. */
import { manifestPaths } from '../../server/engines/embedded/core/manifest-file.ts';
import type { FileNode } from './disk-image.ts';
import type { Loss } from './operations.ts';
import { DATA_DIR } from './process.ts';
import type { Run } from './run.ts';

/** To be called when no process runs, before one starts. */
export function loseManifests(run: Run): void {
  const { image, truth, expiry, time, nextLoss } = run;
  if (nextLoss === undefined) return;
  run.nextLoss = undefined;
  const files = image.files().filter(({ path }) => manifestPaths(DATA_DIR).includes(path));
  // A folder that has no manifest yet has not lost one.
  if (files.length === 0) return;
  run.hasLostManifests = true;
  truth.forgetExpired();
  expiry.lostManifests(time);
  for (const { path, node } of files) {
    if (nextLoss === 'gone') image.lose(path);
    else node.restore(damaged(node, nextLoss, run));
  }
  run.note(`the manifest is ${nextLoss}`);
}

function damaged(node: FileNode, loss: Loss, { random }: Run): Buffer {
  const bytes = node.saved();
  if (loss === 'cut') return bytes.subarray(0, random.below(bytes.length));
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}
