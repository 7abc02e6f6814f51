/**
 * The manifest: which segments are live, where the WAL begins, and the state of the senders at that point. Small, JSON,
 * replaced as a whole, so every change of the set of files is atomic. This is its text (see FORMAT.md#manifest);
 * manifest-file.ts keeps it on disk.
 */
import * as v from 'valibot';
import type { JsonValue } from '../../../../shared/json-value.ts';
import { COUNT, decodeJsonFile, encodeJsonFile } from '../platform/json-file.ts';
import { isDayName } from '../platform/filenames.ts';
import type { SavedClock } from './expiry-clock.ts';

export interface ManifestSegment {
  /** As in `2026-11-23`. */
  readonly day: string;
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
}

export interface Manifest {
  readonly version: 1;
  /**
   * Grows with every attempt to replace the manifest; of two readable ones, the one with the higher generation is in
   * force.
   */
  readonly generation: number;
  /** All segments named here have lower sequences. WAL files may have higher ones. */
  readonly nextSequence: number;
  /** WAL files with a lower sequence are flushed: their rows are in the segments. */
  readonly walFrom: number;
  /**
   * The WAL files from `walFrom` on that are known to hold batches, ascending: they must exist. Recorded soon after the
   * first batch of each; absent in older manifests.
   */
  readonly walFiles?: readonly number[];
  /** `order` of the first row group in the WAL from there on. */
  readonly orderFrom: number;
  readonly segments: readonly ManifestSegment[];
  /** State of the clock (see expiry-clock.ts); absent in older manifests. */
  readonly clock?: SavedClock;
  /**
   * Remembered erasures that this store has done, by id, with the `order` below which no row is left that they erase
   * (see lane/erasure/). One that is missing here was done by another store, whose erasures were copied, and is done again.
   */
  readonly erasures?: Readonly<Record<string, number>>;
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

const INTEGER = v.pipe(v.number(), v.safeInteger());

const MANIFEST_FILE = {
  what: 'the manifest',
  schema: v.pipe(
    // Members that a newer podlog records are kept.
    v.looseObject({
      crc32: v.string(),
      version: v.literal(1),
      // Absent in a manifest of before there were two of them.
      generation: v.optional(COUNT, 0),
      nextSequence: COUNT,
      walFrom: COUNT,
      walFiles: v.exactOptional(v.array(COUNT)),
      // Only the newest: written by older versions.
      walNewest: v.exactOptional(COUNT),
      orderFrom: COUNT,
      segments: v.array(
        v.object({
          day: v.pipe(v.string(), v.check(isDayName, 'not a day')),
          sequence: COUNT,
          sizeBytes: COUNT,
          rowCount: COUNT,
        }),
      ),
      clock: v.exactOptional(
        v.object({
          seenMs: v.exactOptional(INTEGER),
          steadyMs: v.exactOptional(INTEGER),
          heldMs: INTEGER,
          aheadMs: INTEGER,
          keepAllMs: v.exactOptional(COUNT),
        }),
      ),
      erasures: v.exactOptional(v.record(v.string(), COUNT)),
      positions: v.custom<JsonValue>(() => true),
    }),
    v.transform((stored): Manifest => {
      const { crc32: _, walNewest, walFiles, ...rest } = stored;
      const noted = walFiles ?? (walNewest === undefined ? undefined : [walNewest]);
      return noted === undefined ? rest : { ...rest, walFiles: noted };
    }),
  ),
};

export function encodeManifest(manifest: Manifest): string {
  return encodeJsonFile(manifest);
}

/** @throws CorruptionError */
export function decodeManifest(text: string): Manifest {
  return decodeJsonFile(text, MANIFEST_FILE);
}

/**
 * WAL files that the manifest names and that are gone.
 * @param found  those that are there
 */
export function missingWalFiles({ walFrom, walFiles = [] }: Manifest, found: Iterable<number>): number[] {
  const present = new Set(found);
  return walFiles.filter((sequence) => sequence >= walFrom && !present.has(sequence));
}
