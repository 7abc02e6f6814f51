/**
 * Rebuilds a lost manifest from the segments and WAL files. Segments record the flushes from which their rows come, and
 * the job that has written them (see segment/lineage.ts); that distinguishes files that hold the same rows:
 *
 * - A WAL file whose rows are in a segment of a merge, an erasure or a retention rule was flushed, as these jobs see only
 *   segments that a manifest has named. So was one that is gone. One that exists, and has only segments of its flush, may
 *   not have been flushed to the end: its rows are taken from the WAL.
 * - Of several attempts to flush a file, the last one is used.
 * - Jobs run one after the other, on the segments that are live then. So a segment is used when no later job has any of
 *   its rows. Otherwise the later job's segments replace it: erased lines do not come back.
 *
 * The record of the clock is lost, so nothing expires for a day (see expiry-clock.ts). Files that are not
 * used are quarantined. The positions are those of the newest flush that left a segment, and the WAL continues from there.
 * If there are none, agents send what they have again: a line may then be stored twice, none is lost.
 */
import { basename } from 'node:path';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { Disk } from '../platform/disk.ts';
import { JobFiles } from './erasure-job.ts';
import { segmentSequence, walFolder, walPath, walSequence } from '../platform/filenames.ts';
import { EMPTY_MANIFEST, type Manifest, type ManifestSegment } from './manifest.ts';
import { type Damage, damageOf } from './quarantine.ts';
import { LOST_CLOCK } from './expiry-clock.ts';
import { listSegments } from './segment-folders.ts';
import { decompressPositions, type FlushedState, type Lineage } from '../segment/lineage.ts';
import { readLineage, readSegment } from '../segment/reader.ts';

export interface Rebuilt {
  readonly manifest: Manifest;
  /** Files whose content is elsewhere in the manifest, or that cannot be read. */
  readonly aside: readonly string[];
  /** Segments that cannot be read. */
  readonly damages: readonly Damage[];
  /** False when the positions of the senders are lost. */
  readonly hasPositions: boolean;
}

/** A segment whose tables can be read. */
interface Candidate extends ManifestSegment {
  readonly path: string;
  readonly lineage: Lineage;
  /** `order` of its first row, and a lower bound of its last one's, plus one. */
  readonly orderFrom: number;
  readonly orderTo: number;
}

/**
 * Reads everything, changes nothing.
 * @throws errors of the disk: what cannot be read may be live
 */
export async function planRebuild(disk: Disk, dataDir: string): Promise<Rebuilt> {
  const { candidates, damages } = await readCandidates(disk, dataDir);
  const wals = (await disk.list(walFolder(dataDir))).flatMap((name) => walSequence(name) ?? []);
  const state = newestState(candidates);
  const { walFrom, orderFrom } = walStart(candidates, wals, state);
  const { jobs } = await new JobFiles(disk, dataDir).load();
  const live = liveSegments(candidates, walFrom);
  const isLive = new Set(live);
  const flushed = wals.filter((wal) => wal < walFrom).map((wal) => walPath(dataDir, wal));
  const aside = candidates.filter((each) => !isLive.has(each)).map(({ path }) => path);
  const open = jobs.filter(({ done }) => done === undefined);
  // Rows that come in from now on are not in the scope of an open erasure.
  const orderMin = open.filter(({ scope }) => scope.walBefore <= walFrom).map(({ scope }) => scope.orderBefore);
  const sequences = [...wals, ...candidates.map(({ sequence }) => sequence), ...jobs.map(segmentBefore)];
  return {
    manifest: {
      ...EMPTY_MANIFEST,
      nextSequence: Math.max(0, ...sequences, ...damages.map(({ path }) => segmentSequence(basename(path)) ?? 0)) + 1,
      walFrom,
      orderFrom: Math.max(orderFrom, ...orderMin),
      segments: live.map(({ day, sequence, sizeBytes, rowCount }) => ({ day, sequence, sizeBytes, rowCount })),
      clock: LOST_CLOCK,
      positions: state === undefined ? null : decompressPositions(state.positions),
    },
    aside: [...aside, ...flushed, ...damages.map(({ path }) => path)],
    damages,
    hasPositions: state !== undefined || candidates.length === 0,
  };
}

function segmentBefore({ scope }: { readonly scope: { readonly segmentBefore: number } }): number {
  return scope.segmentBefore;
}

async function readCandidates(
  disk: Disk,
  dataDir: string,
): Promise<{ candidates: Candidate[]; damages: readonly Damage[] }> {
  const candidates: Candidate[] = [];
  const damages: Damage[] = [];
  for (const file of await listSegments(disk, dataDir)) {
    const sizeBytes = (await disk.sizeOf(file.path)) ?? 0;
    try {
      candidates.push(await readCandidate(disk, { ...file, sizeBytes }));
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      damages.push(damageOf(file.path, 0, sizeBytes, error));
    }
  }
  return { candidates, damages };
}

async function readCandidate(
  disk: Disk,
  place: Pick<Candidate, 'path' | 'day' | 'sequence' | 'sizeBytes'>,
): Promise<Candidate> {
  const { rowGroups } = await readSegment(disk, place.path, place.sizeBytes);
  const lineage = await readLineage(disk, place.path);
  let rowCount = 0;
  let orderFrom = Infinity;
  let orderTo = 0;
  for (const rowGroup of rowGroups) {
    rowCount += rowGroup.rowCount;
    orderFrom = Math.min(orderFrom, rowGroup.order);
    orderTo = Math.max(orderTo, rowGroup.order + rowGroup.rowCount);
  }
  return { ...place, lineage, rowCount, orderFrom, orderTo };
}

function newestState(candidates: readonly Candidate[]): FlushedState | undefined {
  const states = candidates.flatMap(({ lineage }) => lineage.state ?? []);
  return states.toSorted((a, b) => b.wal - a.wal)[0];
}

/** Returns where the WAL begins. Files are flushed in their order, one at a time. */
function walStart(
  candidates: readonly Candidate[],
  wals: readonly number[],
  state: FlushedState | undefined,
): Pick<Manifest, 'walFrom' | 'orderFrom'> {
  if (state === undefined) {
    const orderFrom = candidates.reduce((highest, { orderTo }) => Math.max(highest, orderTo), 0);
    return { walFrom: wals[0] ?? 1, orderFrom };
  }
  if (wals.includes(state.wal) && !namedAttempts(candidates).has(state.wal)) {
    return { walFrom: state.wal, orderFrom: state.orderFrom };
  }
  return { walFrom: state.wal + 1, orderFrom: state.orderTo };
}

/** WAL file → the attempt to flush it that a manifest has named, as far as a later job proves it. */
function namedAttempts(candidates: readonly Candidate[]): Map<number, number> {
  const attempts = new Map<number, number>();
  for (const candidate of candidates) {
    if (isFlushed(candidate)) continue;
    for (const { wal, attempt } of candidate.lineage.leaves) if (wal > 0) attempts.set(wal, attempt);
  }
  return attempts;
}

/** Whether it was written by a flush, and not changed since. */
function isFlushed({ sequence, lineage }: Candidate): boolean {
  return lineage.leaves.length === 1 && lineage.leaves[0]!.sequence === sequence;
}

function liveSegments(candidates: readonly Candidate[], walFrom: number): Candidate[] {
  const attempts = namedAttempts(candidates);
  const proven = new Set(attempts.keys());
  for (const { lineage } of candidates.filter(isFlushed)) {
    const { wal, attempt } = lineage.leaves[0]!;
    if (!proven.has(wal)) attempts.set(wal, Math.max(attempts.get(wal) ?? 0, attempt));
  }
  const counting = candidates.filter((each) => {
    if (!isFlushed(each)) return true;
    const { wal, attempt } = each.lineage.leaves[0]!;
    return wal === 0 || (wal < walFrom && attempt === attempts.get(wal));
  });
  const live: Candidate[] = [];
  const takenBy = new Map<number, number>();
  for (const each of counting.toSorted((a, b) => b.sequence - a.sequence)) {
    const { job, leaves } = each.lineage;
    if (leaves.some(({ sequence }) => (takenBy.get(sequence) ?? job) !== job)) continue;
    if (live.some((later) => isOlderVersionOf(each, later))) continue;
    for (const { sequence } of leaves) takenBy.set(sequence, job);
    live.push(each);
  }
  return live.toReversed();
}

/**
 * Older segments have no lineage. The rows of live ones follow each other, so where two overlap, the later one was made
 * from the other.
 */
function isOlderVersionOf(each: Candidate, later: Candidate): boolean {
  const isOld = (candidate: Candidate): boolean => isFlushed(candidate) && candidate.lineage.leaves[0]!.wal === 0;
  if (!isOld(each) || !isOld(later) || each.day !== later.day) return false;
  return each.orderFrom < later.orderTo && later.orderFrom < each.orderTo;
}
