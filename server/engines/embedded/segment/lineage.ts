/**
 * The origin of the rows of a segment, see ../FORMAT.md#lineage. It is not read while there is a manifest: a lost one
 * is rebuilt from it (see core/rebuild.ts).
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { SAVED_POSITIONS_BYTES_MAX } from '../../../limits.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';

/**
 * A segment that a flush has written. Its rows are in this segment, except for those that were erased or have expired.
 */
export interface FlushedSegment {
  readonly sequence: number;
  /** The WAL file that was flushed; 0 for segments from before lineages. */
  readonly wal: number;
  /** Shared by all segments that one attempt to flush the file has written; a later attempt has a higher one. */
  readonly attempt: number;
}

/** The manifest's state after the flush of a WAL file. */
export interface FlushedState {
  readonly wal: number;
  /** `order` of the file's first row, and of the first one of the next file. */
  readonly orderFrom: number;
  readonly orderTo: number;
  /** JSON, compressed. */
  readonly positions: Uint8Array;
}

export interface Lineage {
  /** Shared by all segments that one job has written: none of their rows is in two of them. */
  readonly job: number;
  /** Ascending by sequence. */
  readonly leaves: readonly FlushedSegment[];
  /** The state after the newest flush among the leaves; undefined when none of them has recorded it. */
  readonly state: FlushedState | undefined;
}

/** Returns the lineage of a segment that has none. */
export function unknownLineage(sequence: number): Lineage {
  return { job: sequence, leaves: [{ sequence, wal: 0, attempt: 0 }], state: undefined };
}

/** Returns the lineage of the segments that a job writes. */
export function mergedLineage(inputs: readonly Lineage[], job: number): Lineage {
  const leaves = inputs.flatMap((input) => input.leaves).toSorted((a, b) => a.sequence - b.sequence);
  const states = inputs.flatMap(({ state }) => state ?? []);
  return { job, leaves, state: states.toSorted((a, b) => b.wal - a.wal)[0] };
}

export function compressPositions(positions: JsonValue): Uint8Array {
  return zstdCompressSync(JSON.stringify(positions));
}

/** @throws CorruptionError */
export function decompressPositions(bytes: Uint8Array): JsonValue {
  try {
    const text = zstdDecompressSync(bytes, { maxOutputLength: SAVED_POSITIONS_BYTES_MAX }).toString('utf8');
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new CorruptionError('the positions in a segment cannot be read', undefined, { cause });
  }
}

export function encodeLineage({ job, leaves, state }: Lineage): Buffer {
  const writer = new ByteWriter();
  writer.varint(job);
  writer.varint(leaves.length);
  for (const { sequence, wal, attempt } of leaves) {
    writer.varint(sequence);
    writer.varint(wal);
    writer.varint(attempt);
  }
  writer.varint(state?.wal ?? 0);
  if (state !== undefined) {
    writer.varint(state.orderFrom);
    writer.varint(state.orderTo);
    writer.sized(state.positions);
  }
  return writer.finish();
}

/** @throws CorruptionError */
export function decodeLineage(bytes: Uint8Array): Lineage {
  const reader = new ByteReader(bytes);
  const job = reader.varint();
  const leaves = Array.from({ length: reader.count(3) }, (): FlushedSegment => {
    return { sequence: reader.varint(), wal: reader.varint(), attempt: reader.varint() };
  });
  const wal = reader.varint();
  if (wal === 0) {
    reader.expectEnd();
    return { job, leaves, state: undefined };
  }
  const state = { wal, orderFrom: reader.varint(), orderTo: reader.varint(), positions: Buffer.from(reader.sized()) };
  reader.expectEnd();
  return { job, leaves, state };
}
