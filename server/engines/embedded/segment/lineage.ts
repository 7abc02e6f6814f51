/**
 * Where the rows of a segment come from, see ../FORMAT.md#lineage. Nothing reads it while there is a manifest: it is what a
 * lost one is made of again (see ../rebuild.ts).
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { SAVED_POSITIONS_BYTES_MAX } from '../../../limits.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';

/** A segment that a flush has written. Its rows are in this segment, but for those that were erased or have expired. */
export interface Leaf {
  readonly sequence: number;
  /** The WAL file that was flushed; 0 in a segment of before lineages. */
  readonly wal: number;
  /** All segments that one try to flush the file has written have the same; a later try has a higher one. */
  readonly attempt: number;
}

/** What the manifest says from the flush of a WAL file on. */
export interface FlushedState {
  readonly wal: number;
  /** `order` of the file's first row, and of the first one of the next file. */
  readonly orderFrom: number;
  readonly orderTo: number;
  /** JSON, compressed. */
  readonly positions: Uint8Array;
}

export interface Lineage {
  /** All segments that one job has written have the same: none of their rows is in two of them. */
  readonly job: number;
  /** Ascending by sequence. */
  readonly leaves: readonly Leaf[];
  /** The state after the newest flush among the leaves; undefined when none of them has noted it. */
  readonly state: FlushedState | undefined;
}

/** The lineage of a segment that has none. */
export function unknownLineage(sequence: number): Lineage {
  return { job: sequence, leaves: [{ sequence, wal: 0, attempt: 0 }], state: undefined };
}

/** The lineage of the segments that a job writes. */
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
  const leaves = Array.from({ length: reader.count(3) }, (): Leaf => {
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
