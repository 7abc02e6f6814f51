/** What the retention drops as whole segments: their time must have ended, or they are the oldest ones. */
import { join } from 'node:path';
import { MAX_SIZE_RESERVE_BYTES } from '../../server/limits.ts';
import { QUARANTINE_FOLDER, WAL_FOLDER } from '../../server/engines/embedded/platform/filenames.ts';
import { manifestPaths } from '../../server/engines/embedded/core/manifest-file.ts';
import type { LiveSegment } from '../../server/engines/embedded/core/recover.ts';
import { readAll } from './looking.ts';
import { DATA_DIR } from './process.ts';
import { type Run, Wrong } from './run.ts';
import type { TrueLine } from './truth.ts';

/** The store is about to drop them. */
export function judgeDrop(run: Run, dropped: readonly Pick<LiveSegment, 'path'>[]): void {
  const paths = new Set(dropped.map(({ path }) => path));
  const segments = run.process.store.segments().map((segment) => ({ ...segment, lines: linesOf(run, segment) }));
  const gone = segments.filter(({ path }) => paths.has(path));
  if (gone.every(({ lines }) => lines.every((line) => run.expiry.mayBeGone(line)))) return;
  if (run.script.retention.bytesMax === Infinity) throw new Wrong(`dropped before their time: ${[...paths].join()}`);
  for (const kept of segments.filter(({ path }) => !paths.has(path))) {
    const younger = gone.find(({ lines }) => newestOf(lines) > newestOf(kept.lines));
    if (younger !== undefined) throw new Wrong(`${younger.path} was dropped, but ${kept.path} is older`);
  }
  run.droppedBySize += gone.length;
  for (const line of gone.flatMap(({ lines }) => lines)) line.isDropped = true;
}

/** How many segments must go, the oldest first, until all files are small enough. */
export function segmentsBeyond(run: Run): number {
  const limitBytes = run.script.retention.bytesMax - MAX_SIZE_RESERVE_BYTES;
  const segments = run.process.store
    .segments()
    .map((segment) => ({ sizeBytes: segment.sizeBytes, newest: newestOf(linesOf(run, segment)) }))
    .toSorted((a, b) => (a.newest < b.newest ? -1 : a.newest > b.newest ? 1 : 0));
  let totalBytes = otherBytes(run) + segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let count = 0;
  while (totalBytes > limitBytes && count < segments.length) totalBytes -= segments[count++]!.sizeBytes;
  return count;
}

function otherBytes({ image }: Run): number {
  const folders = [WAL_FOLDER, QUARANTINE_FOLDER].map((name) => `${join(DATA_DIR, name)}/`);
  const isCounted = (path: string): boolean =>
    manifestPaths(DATA_DIR).includes(path) || folders.some((folder) => path.startsWith(folder));
  return image.files().reduce((sum, { path, node }) => sum + (isCounted(path) ? node.seen.sizeBytes : 0), 0);
}

function linesOf(run: Run, { rowGroups }: LiveSegment): TrueLine[] {
  return readAll(run, rowGroups).map(({ text }) => run.truth.byText(text)!);
}

function newestOf(lines: readonly TrueLine[]): bigint {
  return lines.reduce((newest, { instant }) => (instant > newest ? instant : newest), 0n);
}
