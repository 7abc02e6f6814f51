/** The header of a WAL file is lost between the end of a process and the next start: how far the file before it counts is unknown. */
import { dirname } from 'node:path';
import { walFolder } from '../../server/engines/embedded/platform/filenames.ts';
import { decodeFileHeader, FILE_HEADER_BYTES } from '../../server/engines/embedded/wal/format.ts';
import type { FileNode } from './disk-image.ts';
import { linesOfLastGroup, linesOfRecords } from './lines-in-files.ts';
import { DATA_DIR } from './process.ts';
import type { Run } from './run.ts';

/** To be called when no process runs, before one starts. */
export function loseHeader(run: Run): void {
  const { image, random, truth } = run;
  if (!run.losesHeader) return;
  run.losesHeader = false;
  const files = image
    .files()
    .filter(({ path, node }) => dirname(path) === walFolder(DATA_DIR) && node.seen.sizeBytes > FILE_HEADER_BYTES);
  const pairs = files.slice(1).map(({ path, node }, i) => ({ path, node, before: files[i]!.node }));
  if (pairs.length === 0) return;
  const worst = pairs.filter(({ node, before }) => hasRefused(node, before));
  const { path, node } = worst.length > 0 ? worst[random.below(worst.length)]! : pairs[random.below(pairs.length)]!;
  for (const earlier of files.slice(
    0,
    files.findIndex((file) => file.path === path),
  )) {
    run.endsInDoubt.add(earlier.path);
    for (const text of linesOfLastGroup(earlier.node.saved())) {
      const line = truth.byText(text)!;
      line.damage = [...line.damage, { path: earlier.path, isFrame: false }];
    }
  }
  node.flip(random.below(FILE_HEADER_BYTES), random.below(8));
  run.note(`the header of ${path} is lost`);
}

/** True when batches are left in the file before that do not count. */
function hasRefused(node: FileNode, before: FileNode): boolean {
  const header = decodeFileHeader(node.saved());
  return header !== undefined && linesOfRecords(before.saved(), header.previousBytes).length > 0;
}
