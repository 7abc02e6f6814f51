/** Looks at all that the store has, and at its files, and judges both by the truth. */
import { CorruptionError } from '../../shared/errors.ts';
import { SEGMENTS_FOLDER, WAL_FOLDER } from '../../server/engines/embedded/platform/filenames.ts';
import type { StoredBytes } from '../../server/engines/embedded/scan/open-files.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import type { DiskImage } from './disk-image.ts';
import { DATA_DIR, readLines } from './process.ts';
import { type Run, Wrong } from './run.ts';
import type { SeenLine } from './truth.ts';

/** All lines of a snapshot, which must be as the truth has them. */
export function look(run: Run, rowGroups: readonly RowGroupRef[]): SeenLine[] {
  const seen = readAll(run, rowGroups);
  judge(run, seen);
  return seen;
}

/** After a start: what was in doubt is known now. */
export function checkStarted(run: Run): void {
  const { store, positions } = run.process;
  const snapshot = store.snapshot();
  const seen = readAll(run, snapshot.rowGroups);
  snapshot.release();
  const wrong = run.truth.settleDoubts(seen, ({ node, file }) => positions.known(node, file).stdout, run.mayFallBack);
  if (wrong !== undefined) throw new Wrong(wrong);
  for (const writer of run.truth.writers) {
    // An agent asks where it is to go on.
    writer.known = positions.known(writer.node, writer.file).stdout;
    run.note(`${writer.labels['pod']} is at ${writer.known}`);
  }
  judge(run, seen);
}

/** What an erasure that is done has erased is nowhere. */
export function checkErasures(run: Run): void {
  for (const { id, lines } of run.truth.erasures) {
    if (id === undefined || run.process.erasures.get(id)?.state !== 'done') continue;
    run.note(`${id} is done: ${lines.size} lines`);
    run.truth.erased(lines);
  }
}

/** No file is left over, none is missing. */
export function checkFiles({ image, process, script }: Run): void {
  if (script.harm.flips) return;
  const paths = image.files().map(({ path }) => path);
  const stats = process.store.stats();
  const segments = paths.filter((path) => path.startsWith(`${DATA_DIR}/${SEGMENTS_FOLDER}/`));
  const wals = paths.filter((path) => path.startsWith(`${DATA_DIR}/${WAL_FOLDER}/`));
  if (segments.length !== stats.segmentCount) throw new Wrong(`${stats.segmentCount} segments, but ${segments.join()}`);
  if (wals.length !== stats.walFileCount) throw new Wrong(`${stats.walFileCount} WAL files, but ${wals.join()}`);
  // What a failing disk did not give was set aside, too, and what a lost manifest did not name for sure.
  if (stats.quarantinedCount > 0 && !script.harm.errors && !script.harm.losses)
    throw new Wrong('something was set aside, but nothing was damaged');
}

/** All lines of some row groups, as far as they can be read. */
export function readAll(run: Run, rowGroups: readonly RowGroupRef[]): SeenLine[] {
  const files = filesOf(run.image);
  return rowGroups.flatMap((ref) => {
    try {
      return readLines([ref], files);
    } catch (error) {
      if (!(error instanceof CorruptionError) || !run.script.harm.flips) throw error;
      // As a query would: the store hears of it.
      run.reports.add(ref.path);
      return [];
    }
  });
}

/** Reads at once, whatever faults the disk has. */
export function filesOf(image: DiskImage): StoredBytes {
  const read = (path: string, offset: number, sizeBytes: number): Buffer => {
    const node = image.find(path);
    if (node?.kind !== 'file') throw new Wrong(`${path} is gone, but a snapshot holds it`);
    return Buffer.from(node.seen.view().subarray(offset, offset + sizeBytes));
  };
  return { read, peek: read };
}

function judge(run: Run, seen: readonly SeenLine[]): void {
  checkErasures(run);
  const wrong = run.truth.judge(seen, run.reports);
  if (wrong !== undefined) throw new Wrong(wrong);
}
