/**
 * The manifest: which segments are live, where the WAL begins, and what was known of the senders at that point. Small,
 * JSON, replaced as a whole, so every change of the set of files is atomic. This is its text (see FORMAT.md#manifest);
 * manifest-file.ts keeps it on disk.
 */
import type { JsonValue } from '../../../../shared/json-value.ts';
import { crc32 } from 'node:zlib';
import { CorruptionError } from '../../../../shared/errors.ts';
import { isDayName } from './filenames.ts';
import type { SavedClock } from '../lane/retention/expiry-clock.ts';

export interface ManifestSegment {
  /** As in `2026-11-23`. */
  readonly day: string;
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
}

export interface Manifest {
  readonly version: 1;
  /** Grows with every attempt to replace the manifest; of two that can be read, the one with the higher counts. */
  readonly generation: number;
  /** No file with this sequence or a higher one is named here. WAL files may have higher ones. */
  readonly nextSequence: number;
  /** WAL files below are flushed: their rows are in the segments. */
  readonly walFrom: number;
  /**
   * The newest WAL file that is known to hold batches: unless it is below `walFrom`, it must be there. Noted soon after its
   * first batch; absent when there was none, and in a manifest of before it was noted.
   */
  readonly walNewest?: number | undefined;
  /** `order` of the first row group in the WAL from there on. */
  readonly orderFrom: number;
  readonly segments: readonly ManifestSegment[];
  /** What the clock was (see retention/expiry-clock.ts); absent in a manifest of before it was noted. */
  readonly clock?: SavedClock;
  /** The state of the senders (see BatchState) as of the flushed WAL files. */
  readonly positions: JsonValue;
}

export const EMPTY_MANIFEST: Manifest = {
  version: 1,
  generation: 0,
  nextSequence: 1,
  walFrom: 1,
  orderFrom: 0,
  segments: [],
  positions: null,
};

const NO_CHECKSUM = '00000000';
const CHECKSUM_LINE = /^\{\n {2}"crc32": "([0-9a-f]{8})",\n/;

/** JSON whose first member is the checksum of the whole text, with zeros in the checksum's place. */
export function encodeManifest(manifest: Manifest): string {
  const text = `${JSON.stringify({ crc32: NO_CHECKSUM, ...manifest }, null, 2)}\n`;
  return text.replace(NO_CHECKSUM, checksumOf(text));
}

/** @throws CorruptionError */
export function decodeManifest(text: string): Manifest {
  const checksum = CHECKSUM_LINE.exec(text)?.[1];
  if (checksum === undefined || checksum !== checksumOf(text.replace(checksum, NO_CHECKSUM))) {
    throw new CorruptionError('the checksum of the manifest does not match');
  }
  // A manifest of before there were two of them has no generation.
  const { crc32: _, ...rest } = parse(text) as Partial<Manifest> & { crc32: string };
  const manifest = { generation: 0, ...rest } as Manifest;
  if (manifest.version !== 1) throw new CorruptionError(`unknown manifest version ${String(manifest.version)}`);
  if (!isManifest(manifest)) throw new CorruptionError('the manifest lacks a part, or has one that cannot be');
  return manifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CorruptionError('the manifest is not JSON', undefined, { cause });
  }
}

function isManifest(manifest: Partial<Manifest>): boolean {
  const { generation, nextSequence, walFrom, walNewest, orderFrom, segments, clock, positions } = manifest;
  return (
    [generation, nextSequence, walFrom, orderFrom].every(isCount) &&
    Array.isArray(segments) &&
    segments.every(isSegment) &&
    (walNewest === undefined || isCount(walNewest)) &&
    (clock === undefined || isClock(clock)) &&
    positions !== undefined
  );
}

function isClock(clock: Partial<SavedClock> | null): boolean {
  const { seenMs = 0, steadyMs = 0, heldMs, aheadMs, keepAllMs = 0 } = clock ?? {};
  return [seenMs, steadyMs, heldMs, aheadMs].every(Number.isSafeInteger) && isCount(keepAllMs);
}

/**
 * The WAL file that is gone without a later one that names it; undefined when none is.
 * @param newestFound  the newest that is there
 */
export function missingNewestWal({ walFrom, walNewest }: Manifest, newestFound = 0): number | undefined {
  return walNewest === undefined || walNewest < walFrom || walNewest <= newestFound ? undefined : walNewest;
}

function isSegment(segment: Partial<ManifestSegment> | null): boolean {
  const { day, sequence, sizeBytes, rowCount } = segment ?? {};
  const isDay = typeof day === 'string' && isDayName(day);
  return isDay && [sequence, sizeBytes, rowCount].every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
