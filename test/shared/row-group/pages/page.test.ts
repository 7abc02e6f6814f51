/** Pages are compressed where that is worth its time to readers, and are the same when they are read. */
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { openPage, PageWriter, readPageEntry } from '../../../../shared/row-group/pages/page.ts';
import { Random } from '../../../corpus/random.ts';

const KIB = 1024;

/** Bytes of so many equally frequent values: eight minus the logarithm of 256 / values is what a compressor needs of eight bits. */
function bytesOf(values: number, sizeBytes: number): Buffer {
  const random = new Random(values);
  return Buffer.from(Array.from({ length: sizeBytes }, () => random.below(values)));
}

/** Returns the codec of each piece, and what is read of all of them. */
function stored(page: Buffer): { pieces: number[]; read: Buffer } {
  const pages = new PageWriter();
  pages.page(page);
  const entries = new ByteWriter();
  const frames = pages.store(3, entries, []);
  const reader = new ByteReader(entries.finish());
  const read = frames.map((frame, i) => ({ frame: Buffer.from(frame), entry: readPageEntry(reader, i) }));
  reader.expectEnd();
  return {
    pieces: read.map(({ entry }) => entry.codec),
    read: Buffer.concat(read.map(({ frame, entry }) => openPage(frame, entry))),
  };
}

test.each([
  ['a page that compresses well', bytesOf(16, 40 * KIB), [1]],
  ['a page that compresses somewhat', bytesOf(80, 40 * KIB), [1]],
  ['a page of which little would be saved, in pieces', bytesOf(120, 40 * KIB), [0, 0, 0]],
  ['a page of which nothing would be saved', bytesOf(256, 40 * KIB), [0, 0, 0]],
  ['a page of one piece, of which little is saved', bytesOf(120, 16 * KIB), [1]],
  ['a page that is too small to be compressed', bytesOf(2, 200), [0]],
] as const)('%s', (_, page, codecs) => {
  const { pieces, read } = stored(page);
  expect(pieces).toEqual(codecs);
  expect(read.equals(page)).toBe(true);
});
