/**
 * Turns the row groups of one sealed WAL file into segments. Runs in a worker thread: plain data in, plain data out.
 *
 * The row groups are cut into *portions*, in the order of arrival, that each fit into FLUSH_DECODED_BYTES_MAX; a
 * portion becomes one segment for each UTC day of its rows. Nearly always a file is one portion.
 *
 * A failing disk makes the flush fail, and it is retried; the last attempt leaves out what still cannot be read. Any
 * other failure would repeat: such a portion is flushed in halves, until a single row group fails, which is
 * quarantined. So nothing that was acknowledged blocks what came later.
 */
import { DecodedBudget } from '../../../../shared/row-group/decoded-budget.ts';
import { isDiskError } from '../../../../shared/disk-error.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { formatDay, NS_PER_DAY } from '../../../../shared/time.ts';
import { FLUSH_DECODED_BYTES_MAX, FLUSH_ZSTD_LEVEL } from '../../../limits.ts';
import { taskKind } from '../../../workers/task.ts';
import { type Disk, isReadError, unreadableError } from '../platform/disk.ts';
import { segmentPath } from '../platform/filenames.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';
import type { ManifestSegment } from './manifest.ts';
import { type Damage, damageOf, unreadable } from './quarantine.ts';
import { compressPositions, type FlushedState } from '../segment/lineage.ts';
import { writeSegment } from './write-segment.ts';
import { readStubbornly, type Unread } from '../wal/read-file.ts';
import type { BareRowGroupRef, BareWalRowGroupRef } from '../segment/row-group-ref.ts';

export interface FlushInput {
  readonly dataDir: string;
  /** All row groups of the WAL file, in the order of their arrival. */
  readonly rowGroups: readonly BareWalRowGroupRef[];
  /** Fields whose values get an index. */
  readonly indexedFields: readonly string[];
  /** The first of `segmentsMax` sequences that are reserved for this flush. */
  readonly sequenceFrom: number;
  readonly origin: FlushOrigin;
  /**
   * If true, row groups that the disk cannot read are among the damages; otherwise the flush fails with
   * UnreadableError.
   */
  readonly leavesOutUnreadable: boolean;
}

/** What the segments record for a lost manifest, see segment/lineage.ts. */
export interface FlushOrigin extends Omit<FlushedState, 'positions'> {
  /** Unique among the attempts to flush the file, and higher than those of earlier ones. */
  readonly attempt: number;
  readonly positions: JsonValue;
}

export interface FlushOutput {
  /** Complete and durable; no manifest names them yet. */
  readonly segments: readonly ManifestSegment[];
  /** Row groups that could not be read, and are not in the segments. */
  readonly damages: readonly Damage[];
}

export const FLUSH = taskKind<FlushInput, FlushOutput>('flush');

/** Returns the most segments that a flush of these row groups may write: no more than if each were flushed alone. */
export function segmentsMax(rowGroups: readonly BareRowGroupRef[]): number {
  return sum(rowGroups.map((ref) => lastDay(ref) - firstDay(ref) + 1));
}

/**
 * Every row of the input is then in one segment, or its row group is among the damages; otherwise this throws and the
 * WAL stays.
 */
export async function flush(disk: Disk, input: FlushInput): Promise<FlushOutput> {
  const state = { ...input.origin, positions: compressPositions(input.origin.positions) };
  const progress: Progress = { disk, input, state, segments: [], damages: [] };
  for (const portion of portionsOf(input.rowGroups)) await flushPortion(progress, portion);
  return { segments: progress.segments, damages: progress.damages };
}

interface Progress {
  readonly disk: Disk;
  readonly input: FlushInput;
  readonly state: FlushedState;
  readonly segments: ManifestSegment[];
  readonly damages: Damage[];
}

/** Cuts into runs that fit into memory; a row group that does not fit is alone. */
function portionsOf(rowGroups: readonly BareWalRowGroupRef[]): BareWalRowGroupRef[][] {
  const portions: BareWalRowGroupRef[][] = [];
  let leftBytes = 0;
  for (const ref of rowGroups) {
    if (ref.decodedBytes > leftBytes) {
      portions.push([]);
      leftBytes = FLUSH_DECODED_BYTES_MAX;
    }
    portions.at(-1)!.push(ref);
    leftBytes -= ref.decodedBytes;
  }
  return portions;
}

async function flushPortion(progress: Progress, portion: readonly BareWalRowGroupRef[]): Promise<void> {
  const { disk, input, segments, damages } = progress;
  const found: Damage[] = [];
  const loaded = await load(progress, portion, found);
  const written: ManifestSegment[] = [];
  try {
    await writeSegments(progress, loaded, written);
  } catch (error) {
    for (const { day, sequence } of written) await disk.remove(segmentPath(input.dataDir, day, sequence));
    if (isDiskError(error)) throw error;
    if (portion.length > 1) {
      const middle = portion.length >> 1;
      await flushPortion(progress, portion.slice(0, middle));
      await flushPortion(progress, portion.slice(middle));
      return;
    }
    for (const { ref } of loaded) found.push(damageOf(ref.path, ref.offset, ref.sizeBytes, undecodable(error)));
    written.length = 0;
  }
  segments.push(...written);
  damages.push(...found);
}

interface LoadedRowGroup {
  readonly ref: BareWalRowGroupRef;
  readonly rowGroup: RowGroup;
}

/** @throws UnreadableError  the disk cannot read a row group, and it must not be left out */
async function load(
  { disk, input }: Progress,
  refs: readonly BareWalRowGroupRef[],
  damages: Damage[],
): Promise<LoadedRowGroup[]> {
  const loaded: LoadedRowGroup[] = [];
  const budget = new DecodedBudget(FLUSH_DECODED_BYTES_MAX);
  for await (const { ref, bytes } of readAll(disk, refs, input.leavesOutUnreadable)) {
    if (!Buffer.isBuffer(bytes)) {
      damages.push(unreadable(ref.path, ref.offset, ref.sizeBytes, bytes.error));
      continue;
    }
    try {
      const rowGroup = new RowGroup(bytes, budget.open().cache);
      rowGroup.verifyPages();
      expectToFit(rowGroup);
      loaded.push({ ref, rowGroup });
    } catch (error) {
      if (isDiskError(error)) throw error;
      damages.push(damageOf(ref.path, ref.offset, ref.sizeBytes, undecodable(error)));
    }
  }
  return loaded;
}

interface ReadRowGroup {
  readonly ref: BareWalRowGroupRef;
  readonly bytes: Buffer | Unread;
}

/** Reads row groups of one file. @throws UnreadableError  one cannot be read, and `isStubborn` is false */
async function* readAll(
  disk: Disk,
  refs: readonly BareWalRowGroupRef[],
  isStubborn: boolean,
): AsyncGenerator<ReadRowGroup> {
  const path = refs[0]?.path;
  if (path === undefined) return;
  if (isStubborn) {
    for (const ref of refs) yield { ref, bytes: await readStubbornly(disk, path, ref.offset, ref.sizeBytes) };
    return;
  }
  try {
    const file = await disk.open(path, 'read');
    try {
      for (const ref of refs) yield { ref, bytes: await file.read(ref.offset, ref.sizeBytes) };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw isReadError(error) ? unreadableError(path, error) : error;
  }
}

function expectToFit(rowGroup: RowGroup): void {
  const { leastBytes } = rowGroup.decodedSize();
  if (leastBytes > FLUSH_DECODED_BYTES_MAX) {
    throw new CorruptionError(`it takes ${leastBytes} bytes of memory, more than ${FLUSH_DECODED_BYTES_MAX}`);
  }
}

/**
 * Writes a segment for each day.
 * @param written  receives the complete ones, also when this throws
 */
async function writeSegments(
  { disk, input, state, segments }: Progress,
  loaded: readonly LoadedRowGroup[],
  written: ManifestSegment[],
): Promise<void> {
  const sequenceFrom = input.sequenceFrom + segments.length;
  for (const day of daysOf(loaded)) {
    const segment = await writeDay(disk, { input, state, day, sequence: sequenceFrom + written.length, loaded });
    if (segment !== undefined) written.push(segment);
  }
  const rowCount = sum(written.map((segment) => segment.rowCount));
  const expected = sum(loaded.map(({ ref }) => ref.rowCount));
  if (rowCount !== expected) throw new RangeError(`BUG: ${expected} rows became ${rowCount} in a flush`);
}

/** Returns the days since 1970 on which row groups may have rows, ascending. */
function daysOf(loaded: readonly LoadedRowGroup[]): number[] {
  const days = new Set<number>();
  for (const { ref } of loaded) for (let day = firstDay(ref); day <= lastDay(ref); day++) days.add(day);
  return [...days].toSorted((a, b) => a - b);
}

interface DayOfFlush extends Pick<Progress, 'input' | 'state'> {
  readonly day: number;
  readonly sequence: number;
  readonly loaded: readonly LoadedRowGroup[];
}

/** Returns undefined when there are no rows on this day. */
async function writeDay(
  disk: Disk,
  { input, state, day, sequence, loaded }: DayOfFlush,
): Promise<ManifestSegment | undefined> {
  const { dataDir, indexedFields, origin } = input;
  const ofDay = loaded.filter(({ ref }) => firstDay(ref) <= day && day <= lastDay(ref));
  const orderFrom = ofDay[0]!.ref.order;
  const rowGroups = mergeRowGroups(
    ofDay.map(({ rowGroup }) => rowGroup),
    { day, level: FLUSH_ZSTD_LEVEL, origins: ofDay.map(({ ref: { order } }) => ({ order })) },
  );
  const { wal, attempt } = origin;
  const lineage = { job: attempt, leaves: [{ sequence, wal, attempt }], state };
  const segment = { dataDir, day: formatDay(day), sequence, indexedFields, orderFrom, storesTies: true, lineage };
  return writeSegment(disk, segment, rowGroups);
}

/** Checksums only show that the bytes are what a sender wrote, not that they can be decoded. */
function undecodable(error: unknown): CorruptionError {
  if (error instanceof CorruptionError && error.where === undefined) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new CorruptionError(`it cannot be decoded: ${reason}`, undefined, { cause: error });
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
