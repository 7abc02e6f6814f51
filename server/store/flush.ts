/**
 * Turns the row groups of one sealed WAL file into one segment for each UTC day that they have rows of. Runs in a worker
 * thread: plain data in, plain data out.
 */
import { mergeRowGroups } from '../../shared/row-group/merge.ts';
import { RowGroup, verifyRowGroup } from '../../shared/row-group/reader.ts';
import { CorruptionError } from '../../shared/errors.ts';
import { formatDay, NS_PER_DAY } from '../../shared/time.ts';
import { FLUSH_ZSTD_LEVEL } from '../limits.ts';
import { taskKind } from '../workers/task.ts';
import { type Disk, diskErrorCode, withFile } from './disk.ts';
import type { ManifestSegment } from './manifest.ts';
import { type Damage, damageOf } from './quarantine.ts';
import { writeSegment } from './segment/write.ts';
import type { BareRowGroupRef } from './snapshot.ts';

export interface FlushInput {
  readonly dataDir: string;
  /** All row groups of the WAL file, in the order of their arrival. */
  readonly rowGroups: readonly BareRowGroupRef[];
  /** Fields whose values get an index. */
  readonly indexedFields: readonly string[];
  /** A sequence for the segment of each day that `flushDays` gives. */
  readonly sequences: readonly number[];
}

export interface FlushOutput {
  /** Complete and durable; not yet named by a manifest. */
  readonly segments: readonly ManifestSegment[];
  /** Row groups that could not be read, and are not in the segments. */
  readonly damages: readonly Damage[];
}

export const FLUSH = taskKind<FlushInput, FlushOutput>('flush');

interface LoadedRowGroup {
  readonly ref: BareRowGroupRef;
  readonly rowGroup: RowGroup;
}

/** Days since 1970 that these row groups may have rows of, ascending. */
export function flushDays(rowGroups: readonly BareRowGroupRef[]): number[] {
  const days = new Set<number>();
  for (const ref of rowGroups) for (let day = firstDay(ref); day <= lastDay(ref); day++) days.add(day);
  return [...days].toSorted((a, b) => a - b);
}

/** Every row of the input is in one segment, or its row group is among the damages; else this throws and the WAL stays. */
export async function flush(disk: Disk, input: FlushInput): Promise<FlushOutput> {
  const damages: Damage[] = [];
  let loaded = await load(disk, input.rowGroups, damages);
  for (;;) {
    try {
      return { segments: await writeSegments(disk, input, loaded), damages };
    } catch (error) {
      if (diskErrorCode(error) !== undefined) throw error;
      const broken = loaded.filter(({ rowGroup }) => !canBeMerged(rowGroup));
      if (broken.length === 0) throw error;
      for (const { ref } of broken) damages.push(damageOf(ref.path, ref.offset, ref.sizeBytes, undecodable(error)));
      loaded = loaded.filter((each) => !broken.includes(each));
    }
  }
}

async function load(disk: Disk, refs: readonly BareRowGroupRef[], damages: Damage[]): Promise<LoadedRowGroup[]> {
  const loaded: LoadedRowGroup[] = [];
  const path = refs[0]?.path;
  if (path === undefined) return loaded;
  await withFile(disk, path, 'read', async (file) => {
    for (const ref of refs) {
      const bytes = await file.read(ref.offset, ref.sizeBytes);
      try {
        verifyRowGroup(bytes);
        loaded.push({ ref, rowGroup: new RowGroup(bytes) });
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        damages.push(damageOf(ref.path, ref.offset, ref.sizeBytes, error));
      }
    }
  });
  return loaded;
}

async function writeSegments(
  disk: Disk,
  input: FlushInput,
  loaded: readonly LoadedRowGroup[],
): Promise<ManifestSegment[]> {
  const segments: ManifestSegment[] = [];
  for (const [index, day] of flushDays(input.rowGroups).entries()) {
    const segment = await writeDay(disk, input, day, input.sequences[index]!, loaded);
    if (segment !== undefined) segments.push(segment);
  }
  const rowCount = sum(segments.map((segment) => segment.rowCount));
  const expected = sum(loaded.map(({ ref }) => ref.rowCount));
  if (rowCount !== expected) throw new RangeError(`BUG: ${expected} rows became ${rowCount} in a flush`);
  return segments;
}

/** Undefined when no row is of this day. */
async function writeDay(
  disk: Disk,
  { dataDir, indexedFields }: FlushInput,
  day: number,
  sequence: number,
  loaded: readonly LoadedRowGroup[],
): Promise<ManifestSegment | undefined> {
  const ofDay = loaded.filter(({ ref }) => firstDay(ref) <= day && day <= lastDay(ref));
  const orderFrom = ofDay[0]?.ref.order;
  if (orderFrom === undefined) return undefined;
  const rowGroups = mergeRowGroups(
    ofDay.map(({ rowGroup }) => rowGroup),
    { day, level: FLUSH_ZSTD_LEVEL },
  );
  return writeSegment(disk, { dataDir, day: formatDay(day), sequence, indexedFields, orderFrom }, rowGroups);
}

/** Checksums only say that the bytes are what a sender wrote; this says whether they make sense. */
function canBeMerged(rowGroup: RowGroup): boolean {
  try {
    const { baseDay, minTimeNs, maxTimeNs } = rowGroup.info;
    for (let day = firstDay({ baseDay, minTimeNs }); day <= lastDay({ baseDay, maxTimeNs }); day++) {
      for (const _ of mergeRowGroups([rowGroup], { day, level: 1 }));
    }
    return true;
  } catch {
    return false;
  }
}

function undecodable(error: unknown): CorruptionError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CorruptionError(`valid checksums, but it cannot be decoded: ${reason}`);
}

function firstDay({ baseDay, minTimeNs }: Pick<BareRowGroupRef, 'baseDay' | 'minTimeNs'>): number {
  return baseDay + Math.floor(minTimeNs / NS_PER_DAY);
}

function lastDay({ baseDay, maxTimeNs }: Pick<BareRowGroupRef, 'baseDay' | 'maxTimeNs'>): number {
  return baseDay + Math.floor(maxTimeNs / NS_PER_DAY);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
