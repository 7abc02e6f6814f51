/**
 * Replaces the labels of an encoded row group's streams: the server knows more about a pod than the node that sends its
 * lines. Only the header is rewritten. Pages of a paged group are copied unchanged, with their checksums; a packed
 * group is one frame, which is at most 64 KiB before compression.
 */
import { ByteReader, ByteWriter } from '../bytes.ts';
import type { Labels } from '../labels.ts';
import { isPacked } from './format.ts';
import { compress } from './pages/zstd.ts';
import { memorySource, openHeader, readStreams } from './header.ts';
import { assemble, writeStreams } from './writer.ts';

/** Same as for batches; segments are compressed harder. */
const ZSTD_LEVEL = 3;

/**
 * @param group  an encoded row group
 * @param relabel  a stream's labels → its new ones; the same object if they do not change
 * @returns `group` itself when nothing changes, else a new one with the same rows
 * @throws CorruptionError  the header is broken, or the frame of a packed group
 */
export function relabelStreams(group: Uint8Array, relabel: (labels: Labels, stream: number) => Labels): Uint8Array {
  const { layout, header, pagesStart } = openHeader(memorySource(group));
  const reader = new ByteReader(header);
  skipRowInfo(reader);
  const start = reader.offset;
  const streams = readStreams(reader);
  const relabelled = streams.map(relabel);
  if (relabelled.every((labels, code) => labels === streams[code])) return group;
  const written = new ByteWriter(header.length * 2);
  written.raw(header.subarray(0, start));
  writeStreams(written, relabelled);
  written.raw(header.subarray(reader.offset));
  const frame = compress(written.view(), ZSTD_LEVEL);
  const pages = isPacked(layout) ? [] : [group.subarray(pagesStart)];
  return assemble(layout, frame.length, written.length, [frame, ...pages]);
}

/** Rows, base day, oldest and newest time, line bytes. */
function skipRowInfo(reader: ByteReader): void {
  for (let field = 0; field < 5; field++) reader.varint();
}
