/** Row groups of every layout and encoding, and changes behind checksums that match: what only a decoder notices. */
import { crc32, zstdDecompressSync } from 'node:zlib';
import { PREFIX_BYTES } from '../../shared/row-group/format.ts';
import { compress } from '../../shared/row-group/pages/zstd.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { prefixChecksum } from '../../shared/row-group/writer.ts';
import type { Random } from '../corpus/random.ts';
import { rowGroupOf } from '../server/engines/embedded/batches.ts';
import { overwritten } from './fuzz.ts';

/** Lines with a column of each encoding. */
function linesOf(count: number): { text: string }[] {
  return Array.from({ length: count }, (_, n) => {
    const hex = crc32(String(n)).toString(16).padStart(8, '0');
    const uuid = `${hex}-0000-4${hex.slice(0, 3)}-a000-${hex}0000`;
    const time = new Date(Date.UTC(2026, 10, 23) + n * 977).toISOString();
    return n % 9 === 8
      ? { text: `plain ${n}` }
      : {
          text: `{"c":"k","d":"${'ab'[n % 2]}","n":${n * 7},"f":${n / 8},"g":${(n % 70).toFixed(n % 3)},"p":"/users/${n}/items/${hex.charCodeAt(0)}","t":"${time}","u":"${uuid}","h":"${hex}${hex}","w":"z${hex}","r":"${'x'.repeat(n % 5)}${n}\\""}`,
        };
  });
}

/** Packed. */
export const SMALL = rowGroupOf(linesOf(80));
/** Paged. */
export const LARGE = rowGroupOf(linesOf(3000));

/** A row group whose header, uncompressed, is made anew, with checksums to match. */
export function withHeader(bytes: Buffer, change: (header: Buffer) => Buffer): Buffer {
  const headerEnd = PREFIX_BYTES + bytes.readUInt32LE(9);
  const header = change(zstdDecompressSync(bytes.subarray(PREFIX_BYTES, headerEnd)));
  const stored = compress(header, 1);
  const prefix = Buffer.from(bytes.subarray(0, PREFIX_BYTES));
  prefix.writeUInt32LE(stored.length, 9);
  prefix.writeUInt32LE(header.length, 13);
  prefix.writeUInt32LE(prefixChecksum(prefix, stored), 5);
  return Buffer.concat([prefix, stored, bytes.subarray(headerEnd)]);
}

/** A paged group in which some bytes of pages are others, with the pages' checksums in the header to match. */
export function withPages(bytes: Buffer, random: Random): Buffer {
  const headerEnd = PREFIX_BYTES + bytes.readUInt32LE(9);
  const offset = headerEnd + random.below(bytes.length - headerEnd);
  const page = pagesOf(bytes, headerEnd).find(({ start, end }) => start <= offset && offset < end)!;
  const before = bytes.subarray(page.start, page.end);
  const after = overwritten(before, random);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(after));
  const changed = withHeader(bytes, (header) => {
    const old = Buffer.alloc(4);
    old.writeUInt32LE(crc32(before));
    checksum.copy(header, header.indexOf(old));
    return header;
  });
  const start = page.start - bytes.length;
  after.copy(changed, changed.length + start);
  return changed;
}

/** Where a valid paged group has its pages: end to end, each with the checksum that the header has. */
function pagesOf(bytes: Buffer, headerEnd: number): { start: number; end: number }[] {
  const reads: { start: number; end: number }[] = [];
  const read = (offset: number, sizeBytes: number): Buffer => {
    if (offset >= headerEnd) reads.push({ start: offset, end: offset + sizeBytes });
    return bytes.subarray(offset, offset + sizeBytes);
  };
  const group = new RowGroup({ sizeBytes: bytes.length, read, peek: read });
  group.verifyPages();
  return reads.filter(({ start, end }) => end > start);
}
