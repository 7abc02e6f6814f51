/** Row groups of any bytes, also behind checksums that match: a reader reports corruption, and never anything else. */
import { crc32, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { mergeRowGroups } from '../../shared/row-group/merge.ts';
import { ENCODING_LAST, LAYOUT_PACKED, LAYOUT_PAGED, PREFIX_BYTES } from '../../shared/row-group/format.ts';
import { compress } from '../../shared/row-group/page.ts';
import { RowGroup, verifyRowGroup } from '../../shared/row-group/reader.ts';
import { prefixChecksum } from '../../shared/row-group/writer.ts';
import { formatTime, instantOf, NS_PER_DAY } from '../../shared/time.ts';
import { parsePattern } from '../../server/store/scan/pattern.ts';
import { matchRows } from '../../server/store/scan/match-rows.ts';
import type { Plan } from '../../server/store/scan/plan.ts';
import type { Random } from '../corpus/random.ts';
import { rowGroupOf } from '../server/store/batches.ts';
import { fuzz, mutated, overwritten, randomBytes } from './fuzz.ts';

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

const SMALL = rowGroupOf(linesOf(80));
const LARGE = rowGroupOf(linesOf(3000));

test('the samples have both layouts, and all encodings', () => {
  expect([SMALL[4], LARGE[4]]).toEqual([LAYOUT_PACKED, LAYOUT_PAGED]);
  for (const sample of [SMALL, LARGE]) {
    const encodings = new Set(new RowGroup(sample).columns.map(({ chunk }) => chunk.encoding));
    expect(encodings).toEqual(new Set(Array.from({ length: ENCODING_LAST + 1 }, (_, id) => id)));
  }
});

const PLAN: Plan = {
  from: instantOf(20_780, 5e6),
  to: instantOf(20_780, 1e12),
  values: [
    { name: 'u', any: [parsePattern('00000000-*'), parsePattern('7')], none: [parsePattern('x')] },
    { name: 'n', any: [], none: [parsePattern('14')] },
    { name: 'p', any: [parsePattern('/users/7/*'), parsePattern('/users/8/items/48')], none: [] },
  ],
  text: { any: [Buffer.from('plain'), Buffer.from('"c":"k"')], none: [Buffer.from('nowhere')] },
  order: 'newest',
  limit: 10,
};

/** Everything that a reader can be asked. */
function readAll(bytes: Buffer): void {
  const group = new RowGroup(bytes);
  group.verifyPages();
  const { info } = group;
  group.flags();
  group.ranks();
  for (const [index, column] of group.columns.entries()) {
    group.values(index);
    group.valueRows(column);
  }
  matchRows(group, PLAN);
  const rows = Array.from({ length: Math.min(info.rowCount, 2000) }, (_, row) => row);
  group.lines(rows);
  for (const row of rows) formatTime(info.baseDay, group.timesNs()[row]!);
  const day = info.baseDay + Math.floor(info.minTimeNs / NS_PER_DAY);
  for (const merged of mergeRowGroups([group, group], { day, level: 1 })) verifyRowGroup(merged);
}

/** A row group whose header, uncompressed, is made anew, with checksums to match. */
function withHeader(bytes: Buffer, change: (header: Buffer) => Buffer): Buffer {
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
function withPages(bytes: Buffer, random: Random): Buffer {
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

test('arbitrary bytes', () => fuzz((random) => readAll(randomBytes(random.below(300), random))));

test('mutated bytes', () => fuzz((random) => readAll(mutated(random.below(2) === 0 ? SMALL : LARGE, random))));

test('mutated packed body behind a good checksum', { timeout: 60_000 }, () =>
  fuzz((random) => readAll(withHeader(SMALL, (header) => mutated(header, random)))),
);

test('overwritten packed body behind a good checksum', { timeout: 60_000 }, () =>
  fuzz((random) => readAll(withHeader(SMALL, (header) => overwritten(header, random)))),
);

test('mutated header of a paged group behind a good checksum', { timeout: 60_000 }, () =>
  fuzz((random) => readAll(withHeader(LARGE, (header) => overwritten(header, random)))),
);

test('mutated pages behind good checksums', { timeout: 60_000 }, () =>
  fuzz((random) => readAll(withPages(LARGE, random))),
);
