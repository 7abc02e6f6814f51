/**
 * Brings back the rows of a segment that was damaged when a lost manifest was rebuilt: it is unknown then whether it was live,
 * so the rebuild has quarantined it (core/rebuild.ts). A segment that was not live was merged into others, or its flush was
 * repeated: then its rows are elsewhere. So of each readable row group, those rows are kept that the store does not have.
 *
 * Erased rows do not come back: an erasure is done only when no file has them (lane/erasure/), and one that is not done
 * visits the new segments.
 */
import { hash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { type ByteStrings, byteStringAt } from '../../../../shared/byte-strings.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { labelsKey } from '../../../../shared/labels.ts';
import { mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { SEGMENT_ZSTD_LEVEL } from '../../../limits.ts';
import { isDayName, QUARANTINE_FOLDER, segmentSequence } from '../platform/filenames.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { isReadError, withFile } from '../platform/disk.ts';
import { mergedLineage, unknownLineage } from '../segment/lineage.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { type RepairContext, type Repaired, writeRuns } from './write-runs.ts';

/** Whether the path is that of a segment that is in quarantine/ as a whole. */
export async function isQuarantined(path: string, { disk, dataDir }: RepairContext): Promise<boolean> {
  if (segmentSequence(basename(path)) === undefined || !isDayName(basename(dirname(path)))) return false;
  return (await disk.sizeOf(path)) === undefined && (await disk.sizeOf(quarantined(path, dataDir))) !== undefined;
}

/** @param path  where the segment was */
export function bringBack(path: string, context: RepairContext): Promise<Repaired> {
  const { disk, dataDir, store } = context;
  return store.maintain(async () => {
    const day = basename(dirname(path));
    const copy = quarantined(path, dataDir);
    const { salvaged, broken } = await salvage(disk, copy, day, (await disk.sizeOf(copy)) ?? 0);
    const kept: Salvaged[] = [];
    for (const each of salvaged) kept.push(...(await missingIn(each, context)));
    const lostRows = broken.reduce((sum, { rowCount }) => sum + rowCount, 0);
    if (kept.length === 0) return { path, keptRows: 0, lostRows };
    const job = store.takeSequence();
    const lineage = mergedLineage([unknownLineage(segmentSequence(basename(path))!)], job);
    const added = await writeRuns(kept, day, lineage, context);
    await store.replaceSegments([], added);
    return { path, keptRows: added.reduce((sum, { rowCount }) => sum + rowCount, 0), lostRows };
  });
}

function quarantined(path: string, dataDir: string): string {
  return join(dataDir, QUARANTINE_FOLDER, basename(path));
}

/** Returns the rows that the store does not have, as a row group; none if it has all. */
async function missingIn({ bytes, group, order }: Salvaged, context: RepairContext): Promise<Salvaged[]> {
  const isMissing = new Uint8Array(group.info.rowCount).fill(1);
  const timesNs = group.timesNs();
  const keyOf = keysOf(group);
  const lines = group.lines([...isMissing.keys()]);
  const missing: MissingRows = {
    times: new Set(timesNs),
    byKey: Map.groupBy(isMissing.keys(), (row) => keyOf(row, timesNs[row]!, lines, row)),
  };
  using snapshot = context.store.snapshot();
  for (const ref of snapshot.rowGroups) {
    if (!mayShareRows(group, ref)) continue;
    const other = await open(ref, context);
    if (other === undefined) continue;
    const shiftNs = (ref.baseDay - group.info.baseDay) * NS_PER_DAY;
    for (const row of takeFound(missing, other, shiftNs)) isMissing[row] = 0;
  }
  if (!isMissing.includes(0)) return [{ bytes, group, order }];
  const merged = mergeRowGroups([group], { day: group.info.baseDay, level: SEGMENT_ZSTD_LEVEL, keep: () => isMissing });
  return Array.from(merged, (part) => ({ bytes: part, group: new RowGroup(part), order }));
}

function mayShareRows({ info }: RowGroup, ref: RowGroupRef): boolean {
  const shiftNs = (ref.baseDay - info.baseDay) * NS_PER_DAY;
  return ref.minTimeNs + shiftNs <= info.maxTimeNs && ref.maxTimeNs + shiftNs >= info.minTimeNs;
}

/** Undefined where it cannot be read: its rows count as not there. */
async function open({ path, offset, sizeBytes }: RowGroupRef, { disk }: RepairContext): Promise<RowGroup | undefined> {
  try {
    return new RowGroup(await withFile(disk, path, 'read', (file) => file.read(offset, sizeBytes)));
  } catch (error) {
    if (error instanceof CorruptionError || isReadError(error)) return undefined;
    throw error;
  }
}

/** Rows of a group that were not found elsewhere. */
interface MissingRows {
  /** Times of all rows, also of found ones. */
  readonly times: ReadonlySet<number>;
  readonly byKey: Map<string, readonly number[]>;
}

/**
 * Removes and returns the rows that another group has, too.
 * @param shiftNs  added to the other group's times
 */
function takeFound({ times, byKey }: MissingRows, other: RowGroup, shiftNs: number): number[] {
  const found: number[] = [];
  const timesNs = other.timesNs();
  const rows = Uint32Array.from(timesNs.keys()).filter((row) => times.has(timesNs[row]! + shiftNs));
  const keyOf = keysOf(other);
  for (const { from, lines } of other.linesInTurn(rows)) {
    for (let i = 0; i < lines.offsets.length - 1; i++) {
      const row = rows[from + i]!;
      const key = keyOf(row, timesNs[row]! + shiftNs, lines, i);
      for (const each of byKey.get(key) ?? []) found.push(each);
      // The other group may have many rows of this key: each own row is visited once.
      byKey.delete(key);
    }
  }
  return found;
}

type KeyOf = (row: number, timeNs: number, lines: ByteStrings, index: number) => string;

/** Returns a function that gives equal keys for equal rows, which have the same time, stream and line. */
function keysOf(group: RowGroup): KeyOf {
  const streams = group.info.streams.map((labels) => labelsKey(labels));
  const codes = group.streamCodes();
  return (row, timeNs, lines, index) => {
    return `${timeNs} ${hash('sha256', byteStringAt(lines, index), 'base64')} ${streams[codes[row]!]!}`;
  };
}
