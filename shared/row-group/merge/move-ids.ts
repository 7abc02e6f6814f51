/** Moves UUIDs and hexadecimal numbers into a merged column: bits stay bits. */
import type { ColumnValues } from '../encodings/column-values.ts';
import type { Encoded } from '../encodings/encoding.ts';
import { encodeHex } from '../encodings/hex.ts';
import { encodeUuids, parseUuids, unpackUuid } from '../encodings/uuid.ts';
import { encodeRepeatingUuids, withoutPlaces } from '../encodings/uuid-repeats.ts';
import { packUuids, pairOf, setPair, UUID_BYTES, UUID_PACKED_BYTES, VERSION_MIXED } from '../encodings/uuid-short.ts';
import { ENCODING_HEX, ENCODING_UUID } from '../format.ts';
import { allOrNone, type ChunkTarget, copyBytes, copyFixed, distinctOf, type ValueRuns } from './value-runs.ts';

export function moveUuids(runs: ValueRuns, chunks: readonly ColumnValues[], target: ChunkTarget): Encoded | undefined {
  if (!movePackedUuids(runs, chunks, target)) {
    const columns = allOrNone(chunks, uuidsOf);
    if (columns === undefined) return undefined;
    const { parameters, pages } = target;
    const uuids = pages.scratch(runs.count * UUID_BYTES);
    copyFixed(runs, columns, UUID_BYTES, uuids);
    const short = packUuids(uuids, runs.count, pages);
    if (short === undefined) encodeUuids(uuids, runs.count, parameters, pages);
    else encodeRepeatingUuids(short, parameters, pages);
  }
  return { encoding: ENCODING_UUID };
}

/** @returns false when not all are in the short form, with one version */
function movePackedUuids(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  { parameters, pages }: ChunkTarget,
): boolean {
  const first = chunks[0]!;
  if (first.kind !== 'uuid' || first.version === VERSION_MIXED) return false;
  const columns = allOrNone(chunks, (chunk) =>
    chunk.kind === 'uuid' && chunk.version === first.version ? withoutPlaces(chunk) : undefined,
  );
  if (columns === undefined) return false;
  const packed = pages.scratch(runs.count * UUID_PACKED_BYTES);
  copyFixed(
    runs,
    columns.map((column) => column.packed),
    UUID_PACKED_BYTES,
    packed,
  );
  const pairs = pages.scratch((runs.count + 3) >> 2).fill(0);
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!.pairs;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++, at++) {
      setPair(pairs, at, pairOf(from, i));
    }
  }
  const { version } = first;
  encodeRepeatingUuids({ count: runs.count, version, packed, pairs, places: undefined }, parameters, pages);
  return true;
}

/** Returns a chunk's values as UUIDs of 16 bytes, if each is one. */
function uuidsOf(chunk: ColumnValues): Uint8Array | undefined {
  if (chunk.kind === 'uuid') {
    const uuids = new Uint8Array(chunk.count * UUID_BYTES);
    for (let i = 0; i < chunk.count; i++) unpackUuid(chunk, i, uuids, i * UUID_BYTES);
    return uuids;
  }
  const parsed = distinctOf(chunk, (texts) => {
    const uuids = new Uint8Array(texts.count * UUID_BYTES);
    return parseUuids(texts, uuids) ? uuids : undefined;
  });
  if (parsed === undefined) return undefined;
  const { values, codes, count } = parsed;
  const uuids = new Uint8Array(count * UUID_BYTES);
  for (let i = 0; i < count; i++) copyBytes(values, (codes?.[i] ?? 0) * UUID_BYTES, UUID_BYTES, uuids, i * UUID_BYTES);
  return uuids;
}

export function moveHex(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  { parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const first = chunks[0]!;
  if (first.kind !== 'hex') return undefined;
  const { width } = first;
  const columns = allOrNone(chunks, (chunk) =>
    chunk.kind === 'hex' && chunk.width === width ? chunk.bytes : undefined,
  );
  if (columns === undefined) return undefined;
  const bytes = pages.scratch(runs.count * width);
  copyFixed(runs, columns, width, bytes);
  encodeHex({ width, bytes }, parameters, pages);
  return { encoding: ENCODING_HEX };
}
