/** Row groups that a repair has kept, written as segments. */
import type { Disk } from '../platform/disk.ts';
import type { ManifestSegment } from '../core/manifest.ts';
import type { Store } from '../core/store.ts';
import type { Lineage } from '../segment/lineage.ts';
import { writeSegment } from '../core/write-segment.ts';
import type { Salvaged } from './salvage.ts';

export interface RepairContext {
  readonly disk: Disk;
  readonly dataDir: string;
  readonly store: Store;
  /** Makes a failed flush due at once. */
  readonly skipRetryWait: () => void;
  readonly indexedFields: readonly string[];
}

/** The result for one file. */
export interface Repaired {
  readonly path: string;
  readonly keptRows: number;
  readonly lostRows: number;
}

/** One segment for each run of row groups that follow each other in time; no manifest names them yet. */
export async function writeRuns(
  salvaged: readonly Salvaged[],
  day: string,
  lineage: Lineage,
  context: RepairContext,
): Promise<ManifestSegment[]> {
  const written: ManifestSegment[] = [];
  for (const run of sortedRuns(salvaged)) written.push(await writeRun(run, day, lineage, context));
  return written;
}

/**
 * The row groups of a segment follow each other in time: one that begins before the previous one ended starts another
 * segment.
 */
function sortedRuns(salvaged: readonly Salvaged[]): Salvaged[][] {
  const runs: Salvaged[][] = [];
  let reachedNs = Infinity;
  for (const each of salvaged) {
    if (each.group.info.minTimeNs < reachedNs) runs.push([]);
    runs.at(-1)!.push(each);
    reachedNs = each.group.info.maxTimeNs;
  }
  return runs;
}

async function writeRun(
  run: readonly Salvaged[],
  day: string,
  lineage: Lineage,
  { disk, dataDir, store, indexedFields }: RepairContext,
): Promise<ManifestSegment> {
  const target = {
    dataDir,
    day,
    sequence: store.takeSequence(),
    indexedFields,
    orderFrom: run[0]!.order,
    storesTies: false,
    lineage,
  };
  const written = await writeSegment(
    disk,
    target,
    run.map(({ bytes }) => bytes),
  );
  if (written === undefined) throw new RangeError('BUG: a run without row groups');
  return written;
}
