/**
 * Opens what an earlier process left, however it ended: manifest → segments → WAL. Checksums are verified, nothing is
 * decompressed, so this costs about as much as reading the WAL. Damaged parts are quarantined and reported; files that
 * no manifest names are removed.
 */
import { join } from 'node:path';
import { CorruptionError, UsageError } from '../../../../shared/errors.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { CLOCK_HOLD_MS } from '../../../limits.ts';
import { decodeBatch } from '../../../../shared/wire.ts';
import type { BatchState } from './batch-state.ts';
import { type Disk, type DiskFile, isFolder, isReadError, withFile } from '../platform/disk.ts';
import { MANIFEST_FILE, segmentPath, SEGMENTS_FOLDER, walFolder, walPath, walSequence } from '../platform/filenames.ts';
import { syncRemovals } from './folder.ts';
import { removeLeftovers } from './leftovers.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';
import { errorCode } from '../../../../shared/system-error.ts';
import { EMPTY_MANIFEST, type Manifest, type ManifestSegment, missingWalFiles } from './manifest.ts';
import { ManifestFile, manifestPaths, readGenerations } from './manifest-file.ts';
import type { Memtable } from './memtable.ts';
import {
  copyAllToQuarantine,
  copyToQuarantine,
  type Damage,
  damageOf,
  linkToQuarantine,
  unreadable,
} from './quarantine.ts';
import type { ExpiryClock } from './expiry-clock.ts';
import { planRebuild } from './rebuild.ts';
import { newestTimeMs, rowGroupRef, verifyBatch } from './row-group-ref.ts';
import { readSegment } from '../segment/reader.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { StreamTable } from './stream-table.ts';
import { durableSizeOf, IN_DOUBT, type LinkedWal, readLink } from '../wal/chain.ts';
import { encodeMark, endsWithMark, FILE_HEADER_BYTES } from '../wal/format.ts';
import { readWal } from '../wal/read-file.ts';
import { scanWal, type WalRecord, type WalScan } from '../wal/reader.ts';
import type { SealedWal } from '../wal/writer.ts';

/** A sealed WAL file, with the state that the manifest must have once it is flushed. */
export interface FlushableWal extends SealedWal {
  readonly positions: JsonValue;
  readonly orderTo: number;
}

export interface LiveSegment extends ManifestSegment {
  readonly path: string;
  readonly rowGroups: readonly RowGroupRef[];
  /** Streams of all row groups, as the store holds them. */
  readonly streams: readonly Labels[];
}

export interface Recovered {
  readonly manifest: ManifestFile;
  readonly segments: readonly LiveSegment[];
  /** Segments that the manifest names, but whose footer cannot be read now. */
  readonly unreadable: readonly ManifestSegment[];
  /** Every remaining WAL file, oldest first; none of them is written to again. */
  readonly wals: readonly FlushableWal[];
  /** The newest of them that has records: the header of the next file names it. */
  readonly previous: SealedWal | undefined;
  readonly nextSequence: number;
  readonly nextOrder: number;
  readonly damages: readonly Damage[];
  /** Bytes after the last durable record, left by a crash. */
  readonly tornBytes: number;
}

export interface RecoverInput {
  readonly disk: Disk;
  readonly dataDir: string;
  readonly streams: StreamTable;
  /** Receives the row groups of the WAL. */
  readonly memtable: Memtable;
  readonly state: BatchState;
  /** Starts with the time of the manifest and the lines. */
  readonly clock: ExpiryClock;
}

export async function recover(input: RecoverInput): Promise<Recovered> {
  const { disk, dataDir, state, clock } = input;
  const damages: Damage[] = [];
  const manifest = await openManifest(disk, dataDir, damages);
  const { segments, unreadable: unreadableSegments } = await readSegments(input, manifest.current, damages);
  clock.begin(manifest.current.clock, newestTimesMs(segments));
  state.restore(manifest.current.positions);
  // The record of the clock is lost with the manifest: the age of the times in the state is unknown.
  const hasClock = manifest.current.clock?.seenMs !== undefined;
  if (!hasClock && state.newestMs !== undefined) clock.resumeSteady(state.newestMs);
  const replay = await replayWals(input, manifest.current, damages);
  // A rebuilt manifest has no time, and all lines may still be in the WAL.
  if (!hasClock) {
    clock.begin(manifest.current.clock, [
      ...newestTimesMs(segments),
      ...[...input.memtable.rowGroups()].map(newestTimeMs),
    ]);
  }
  return { manifest, segments, unreadable: unreadableSegments, damages, ...replay };
}

/**
 * Brings both files of the manifest to the newest state, and only then removes files that it does not name: until then,
 * the other manifest may name them.
 */
async function openManifest(disk: Disk, dataDir: string, damages: Damage[]): Promise<ManifestFile> {
  const { newest, stale, damages: found, readError } = await readGenerations(disk, dataDir);
  if (newest === undefined && readError !== undefined) throw unreadableManifest(dataDir, readError);
  damages.push(...found);
  await copyAllToQuarantine(disk, dataDir, found);
  const current = newest ?? (await lostOrNew(disk, dataDir, damages));
  const manifest = new ManifestFile(disk, dataDir, current);
  if (stale.length > 0) {
    try {
      await manifest.update((same) => same);
    } catch (error) {
      // A new folder must have one. Otherwise the store starts even on a full disk; leftovers stay until the next
      // start.
      if (newest === undefined || !isReadError(error)) throw error;
      return manifest;
    }
  }
  await removeLeftovers(disk, dataDir, manifest.current);
  return manifest;
}

/** Files that cannot be read now may be intact, so they are not replaced. */
function unreadableManifest(dataDir: string, cause: unknown): UsageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = `repair the disk, or remove both files (${manifestPaths(dataDir).join(', ')}) if they are lost`;
  return new UsageError(`the manifest cannot be read: ${reason}; ${advice}`, 1, { cause });
}

/**
 * A folder without a manifest is new if it is empty. Otherwise both files are lost, and the manifest is rebuilt from
 * all others.
 */
async function lostOrNew(disk: Disk, dataDir: string, damages: Damage[]): Promise<Manifest> {
  const names = [...(await disk.list(walFolder(dataDir))), ...(await disk.list(join(dataDir, SEGMENTS_FOLDER)))];
  if (names.length === 0 && damages.length === 0) return EMPTY_MANIFEST;
  const { manifest, aside, damages: found, hasPositions } = await planRebuild(disk, dataDir);
  // The new manifest reuses the sequences of removed files: none of these may come back.
  await syncRemovals(disk, dataDir);
  // Linked before there is a manifest, because the next start would remove them as leftovers.
  for (const path of aside) await linkToQuarantine(disk, dataDir, path);
  const positions = hasPositions ? 'with positions' : 'without positions: agents send again what they still have';
  const keeps = `nothing expires for ${CLOCK_HOLD_MS / 3_600_000} hours`;
  const reason = `both files of the manifest are lost; it was rebuilt from ${manifest.segments.length} segments, ${positions}; ${keeps}`;
  damages.push({ path: join(dataDir, MANIFEST_FILE), offset: 0, sizeBytes: 0, reason }, ...found);
  return manifest;
}

function newestTimesMs(segments: readonly LiveSegment[]): number[] {
  return segments.flatMap(({ rowGroups }) => rowGroups.map(newestTimeMs));
}

async function readSegments(
  input: RecoverInput,
  manifest: Manifest,
  damages: Damage[],
): Promise<Pick<Recovered, 'segments' | 'unreadable'>> {
  const segments: LiveSegment[] = [];
  const unreadableSegments: ManifestSegment[] = [];
  for (const segment of manifest.segments) {
    const path = segmentPath(input.dataDir, segment.day, segment.sequence);
    try {
      const hold = (labelSets: readonly Labels[]): readonly Labels[] => input.streams.hold(labelSets);
      segments.push({ ...segment, path, ...(await readSegment(input.disk, path, segment.sizeBytes, hold)) });
    } catch (error) {
      if (error instanceof CorruptionError) damages.push(damageOf(path, 0, segment.sizeBytes, error));
      else if (isReadError(error)) {
        damages.push(unreadable(path, 0, segment.sizeBytes, error));
        unreadableSegments.push(segment);
      } else throw error;
    }
  }
  return { segments, unreadable: unreadableSegments };
}

type Replayed = Pick<Recovered, 'wals' | 'previous' | 'nextSequence' | 'nextOrder' | 'tornBytes'>;

async function replayWals(input: RecoverInput, manifest: Manifest, damages: Damage[]): Promise<Replayed> {
  const files = await listWals(input, manifest.walFrom);
  damages.push(...missingWals(input.dataDir, files, manifest));
  const newest = files.findLast(({ isUnborn }) => !isUnborn);
  const wals: FlushableWal[] = [];
  let order = manifest.orderFrom;
  let tornBytes = 0;
  for (const [index, file] of files.entries()) {
    const { bytes, isWhole } = await readWal(input.disk, file.path);
    if (!isWhole) damages.push(await keepUnreadable(input, file.path, bytes.length));
    const scan = scanWal(bytes, durableSizeOf(files, index));
    tornBytes += scan.tornBytes;
    if (file.header === undefined && scan.records.length > 0) {
      damages.push({ path: file.path, offset: 0, sizeBytes: FILE_HEADER_BYTES, reason: 'no valid header' });
    }
    damages.push(...(await quarantineBroken(input, file.path, scan)));
    for (const record of scan.records) order += await replayRecord(input, file, record, order, damages);
    // A file that cannot be read is not overwritten: it is the only copy.
    if (file === newest && isWhole) {
      await makeDurable(input.disk, file.path, bytes.subarray(0, scan.durableBytes));
    }
    wals.push({
      sequence: file.sequence,
      durableBytes: scan.durableBytes,
      positions: input.state.save(),
      orderTo: order,
    });
  }
  const lastSequence = files.at(-1)?.sequence ?? 0;
  return {
    wals,
    previous: wals.findLast(({ durableBytes }) => durableBytes > FILE_HEADER_BYTES),
    nextSequence: Math.max(manifest.nextSequence, lastSequence + 1),
    nextOrder: order,
    tornBytes,
  };
}

/** Copies broken bytes, and those that may have been refused and sent again. */
async function quarantineBroken({ disk, dataDir }: RecoverInput, path: string, scan: WalScan): Promise<Damage[]> {
  const damages: Damage[] = scan.broken.map((range) => ({ path, ...range, reason: 'no valid record' }));
  if (scan.doubtful !== undefined) damages.push({ path, ...scan.doubtful, reason: IN_DOUBT });
  await copyAllToQuarantine(disk, dataDir, damages);
  return damages;
}

/** Flushed ones that could not be removed are no longer part of the store. */
async function listWals({ disk, dataDir }: RecoverInput, walFrom: number): Promise<LinkedWal[]> {
  // A file that the previous process removed must not come back once its absence was seen.
  await disk.syncFolder(walFolder(dataDir));
  const files: LinkedWal[] = [];
  for (const name of await disk.list(walFolder(dataDir))) {
    const sequence = walSequence(name);
    if (sequence === undefined || sequence < walFrom) continue;
    const file = await readLink(disk, sequence, walPath(dataDir, sequence));
    const code = errorCode(file.readError);
    if (code === 'EACCES' || code === 'EPERM') throw forbidden(file.path, file.readError);
    if (file.header === undefined && (await isFolder(disk, file.path))) continue;
    files.push(file);
  }
  return files;
}

/**
 * Its batches are acknowledged, and will be readable once the permissions are corrected: so the server must not start
 * without them.
 */
function forbidden(path: string, cause: unknown): UsageError {
  return new UsageError(`${path} may not be read: it must belong to the user that podlog runs as`, 1, { cause });
}

/**
 * The flush of the file will remove its name from wal/, so it gets another one: an operator may be able to read later
 * what the disk cannot read now.
 */
async function keepUnreadable({ disk, dataDir }: RecoverInput, path: string, sizeBytes: number): Promise<Damage> {
  const copy = await linkToQuarantine(disk, dataDir, path);
  const kept = copy === undefined ? '' : `; the file is kept as ${copy}`;
  return { path, offset: 0, sizeBytes, reason: `parts of the WAL file cannot be read${kept}` };
}

/** The manifest names the files that held batches when it was written, and each file names the previous one. */
function missingWals(dataDir: string, files: readonly LinkedWal[], manifest: Manifest): Damage[] {
  const sequences = files.map(({ sequence }) => sequence);
  const missing = new Map(missingWalFiles(manifest, sequences).map((sequence) => [sequence, 0]));
  for (const { header } of files) {
    if (header === undefined || header.previousSequence < manifest.walFrom) continue;
    if (!sequences.includes(header.previousSequence)) missing.set(header.previousSequence, header.previousBytes);
  }
  return [...missing]
    .toSorted(([a], [b]) => a - b)
    .map(([sequence, sizeBytes]) => missingWal(dataDir, sequence, sizeBytes));
}

function missingWal(dataDir: string, sequence: number, sizeBytes: number): Damage {
  const path = walPath(dataDir, sequence);
  return { path, offset: 0, sizeBytes, reason: `the WAL file ${sequence} is missing`, isMissing: true };
}

/** @returns the number of rows in the record */
async function replayRecord(
  input: RecoverInput,
  file: LinkedWal,
  record: WalRecord,
  order: number,
  damages: Damage[],
): Promise<number> {
  try {
    const batch = decodeBatch(record.payload);
    const info = verifyBatch(batch);
    if (info !== undefined) {
      const recordEnd = record.offset + record.payload.length;
      const streams = input.streams.hold(info.streams);
      input.memtable.add(file.sequence, rowGroupRef(info, file.path, recordEnd, order, streams));
    }
    input.state.apply(batch);
    return info?.rowCount ?? 0;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const damage = damageOf(file.path, record.offset, record.payload.length, error);
    damages.push(damage);
    await copyToQuarantine(input.disk, input.dataDir, damage);
    return 0;
  }
}

/**
 * What was read may so far be only in the page cache; positions in answers must be durable. A sync is not enough: if
 * one failed in the previous process, the kernel may hold pages as clean that are not on the disk, so everything is
 * written again, followed by the mark that says so.
 */
function makeDurable(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  return withFile(disk, path, 'modify', async (file) => {
    await file.truncate(bytes.length);
    try {
      await file.write([bytes], 0);
    } catch (error) {
      // The same bytes in the same place: a full disk (where writing takes new blocks) must not prevent the start.
      if (errorCode(error) !== 'ENOSPC') throw error;
    }
    await file.sync();
    if (bytes.length > FILE_HEADER_BYTES && !endsWithMark(bytes)) await writeMark(file, bytes.length);
  });
}

/** Best effort: it is needed only if the next file's header is lost. */
async function writeMark(file: DiskFile, durableBytes: number): Promise<void> {
  try {
    await file.write([encodeMark(durableBytes)], durableBytes);
    await file.sync();
  } catch (error) {
    if (!isReadError(error)) throw error;
  }
}
