/** Segments, WAL files, manifests and wire batches of any bytes, also behind checksums that match. */
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { BODY_BYTES_MAX } from '../../server/limits.ts';
import type { Disk } from '../../server/engines/embedded/platform/disk.ts';
import { decodeManifest, EMPTY_MANIFEST, encodeManifest } from '../../server/engines/embedded/core/manifest.ts';
import { Indexes } from '../../server/engines/embedded/scan/index-lookup.ts';
import { decodeDirectory, encodeDirectory, SEGMENT_TAIL_BYTES } from '../../server/engines/embedded/segment/format.ts';
import { readSegment } from '../../server/engines/embedded/segment/reader.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import { encodeFileHeader, encodeRecordHeader, FILE_HEADER_BYTES } from '../../server/engines/embedded/wal/format.ts';
import type { DurableSize } from '../../server/engines/embedded/wal/chain.ts';
import { scanWal } from '../../server/engines/embedded/wal/reader.ts';
import { CorruptionError } from '../../shared/errors.ts';
import { instantOf } from '../../shared/time.ts';
import { decodeBatch } from '../../shared/wire.ts';
import type { Random } from '../corpus/random.ts';
import { batchOf, numberedLines, range } from '../server/engines/embedded/batches.ts';
import { append, openStore } from '../server/engines/embedded/open-store.ts';
import { readFileSync } from 'node:fs';
import { fuzz, mutated, overwritten, randomBytes } from './fuzz.ts';

// ── Segment ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function segmentBytes(): Promise<Buffer> {
  const { store } = await openStore();
  await append(store, batchOf({ lines: numberedLines('a', 0, 300) }));
  await append(store, batchOf({ lines: [{ text: 'plain', labels: { app: 'x' } }] }));
  await store.flushAll();
  const snapshot = store.snapshot();
  const bytes = readFileSync(snapshot.rowGroups[0]!.path);
  snapshot.release();
  return bytes;
}

/** A disk with one file. */
function diskWith(bytes: Buffer): Disk {
  const file = { read: async (offset: number, size: number) => sliceOf(bytes, offset, size), close: async () => {} };
  return { sizeOf: async () => bytes.length, open: async () => file } as unknown as Disk;
}

/** As a file gives bytes: as many as there are, but it takes memory for all that are asked for. */
function sliceOf(bytes: Buffer, offset: number, sizeBytes: number): Buffer {
  if (sizeBytes > BODY_BYTES_MAX) throw new RangeError(`${sizeBytes} bytes were asked for`);
  return bytes.subarray(offset, offset + sizeBytes);
}

async function readSegmentBytes(bytes: Buffer): Promise<void> {
  const { rowGroups } = await readSegment(diskWith(bytes), 'x.seg', bytes.length);
  for (const { baseDay, minTimeNs, maxTimeNs, offset, sizeBytes } of rowGroups) {
    instantOf(baseDay, minTimeNs);
    instantOf(baseDay, maxTimeNs);
    if (offset + sizeBytes > bytes.length) throw new RangeError('a row group lies outside of the file');
  }
  lookUpAll(rowGroups, bytes);
}

function lookUpAll(rowGroups: readonly RowGroupRef[], bytes: Buffer): void {
  const read = (_: string, offset: number, size: number): Buffer => {
    const found = sliceOf(bytes, offset, size);
    if (found.length < size) throw new CorruptionError('too short');
    return found;
  };
  const indexes = new Indexes({
    read,
    peek: read,
  });
  const segments = [...new Set(rowGroups.flatMap(({ indexed }) => indexed?.indexes ?? []))];
  const values = ['a', '17', 'absent'].map((text) => Buffer.from(text));
  const wanted = ['name', 'n'].map((field) => ({ field, values }));
  indexes.lookUp({ segments, wanted });
}

/** One section changed, with its checksum and the directory's to match. */
function withSection(bytes: Buffer, change: (section: Buffer) => Buffer, random: Random): Buffer {
  const directoryBytes = bytes.readUInt32LE(bytes.length - SEGMENT_TAIL_BYTES);
  const directoryAt = bytes.length - SEGMENT_TAIL_BYTES - directoryBytes;
  const sections = decodeDirectory(bytes.subarray(directoryAt, directoryAt + directoryBytes));
  const chosen = random.below(sections.length);
  const { offset, sizeBytes } = sections[chosen]!;
  const changed = change(bytes.subarray(offset, offset + sizeBytes));
  const grown = changed.length - sizeBytes;
  const moved = sections.map((section, i) =>
    i === chosen
      ? { ...section, sizeBytes: changed.length, checksum: crc32(changed) }
      : { ...section, offset: section.offset > offset ? section.offset + grown : section.offset },
  );
  const body = Buffer.concat([bytes.subarray(0, offset), changed, bytes.subarray(offset + sizeBytes, directoryAt)]);
  return withDirectory(body, encodeDirectory(moved), bytes);
}

function withDirectory(body: Buffer, directory: Buffer, bytes: Buffer): Buffer {
  const tail = Buffer.from(bytes.subarray(bytes.length - SEGMENT_TAIL_BYTES));
  tail.writeUInt32LE(directory.length, 0);
  tail.writeUInt32LE(crc32(directory), 4);
  return Buffer.concat([body, directory, tail]);
}

test('segments', async () => {
  const bytes = await segmentBytes();
  await readSegmentBytes(bytes);
  await readSegmentBytes(withSection(bytes, (section) => section, { below: () => 0 } as unknown as Random));
  await fuzz((random) => readSegmentBytes(randomBytes(random.below(100), random)));
  await fuzz((random) => readSegmentBytes(mutated(bytes, random)));
  await fuzz((random) => readSegmentBytes(withSection(bytes, (section) => overwritten(section, random), random)));
  await fuzz((random) => readSegmentBytes(withSection(bytes, (section) => mutated(section, random), random)));
  await fuzz((random) => {
    const size = bytes.readUInt32LE(bytes.length - SEGMENT_TAIL_BYTES);
    const at = bytes.length - SEGMENT_TAIL_BYTES - size;
    const directory = mutated(bytes.subarray(at, at + size), random);
    return readSegmentBytes(withDirectory(bytes.subarray(0, at), directory, bytes));
  });
});

// ── WAL ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function walBytes(): Buffer {
  const parts = [encodeFileHeader({ sequence: 3, previousSequence: 1, previousBytes: 100 })];
  let sizeBytes = FILE_HEADER_BYTES;
  for (let i = 0; i < 20; i++) {
    const payload = batchOf({ lines: numberedLines('a', i * 5, 5), files: [range('f', i, i + 1)] });
    parts.push(encodeRecordHeader(payload, sizeBytes), payload);
    sizeBytes += payload.length + 12;
  }
  return Buffer.concat(parts);
}

/** Records and broken ranges cover the file once, up to where it counts. */
function scan(bytes: Buffer, durableSize: DurableSize): void {
  const { records, broken, durableBytes: end } = scanWal(bytes, durableSize);
  const spans = [
    ...records.map(({ offset, payload }) => ({ from: offset - 12, to: offset + payload.length })),
    ...broken.map(({ offset, sizeBytes }) => ({ from: offset, to: offset + sizeBytes })),
  ].toSorted((a, b) => a.from - b.from);
  for (const [i, { from }] of spans.entries()) {
    if (i > 0 && from !== spans[i - 1]!.to) throw new RangeError('a gap between records');
  }
  if ((spans.at(-1)?.to ?? 0) > Math.max(end, bytes.length)) throw new RangeError('a record behind the end');
  for (const { payload } of records) decodeBatch(payload);
}

test('WAL files', async () => {
  const bytes = walBytes();
  const durable = (random: Random): DurableSize =>
    random.below(2) === 0 ? random.below(bytes.length * 2) : random.below(2) === 0 ? 'newest' : 'unknown';
  await fuzz((random) => scan(randomBytes(random.below(300), random), durable(random)));
  await fuzz((random) => scan(mutated(bytes, random), durable(random)));
});

test('a WAL file full of beginnings of records is read in no time', () => {
  const bytes = Buffer.alloc(8 << 20);
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    bytes.write('PLB1', at, 'latin1');
    bytes.writeUInt32LE(Math.max(0, bytes.length - at - 64), at + 8);
  }
  const startMs = performance.now();
  scanWal(bytes, bytes.length);
  expect(performance.now() - startMs).toBeLessThan(10_000);
});

// ── Wire batch ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('wire batches', async () => {
  const bytes = batchOf({ lines: numberedLines('a', 0, 5), files: [range('f', 0, 1), range('g', 5, 9)], gone: ['h'] });
  const headerBytes = bytes.readUInt32LE(4);
  await fuzz((random) => decodeBatch(randomBytes(random.below(100), random)));
  await fuzz((random) => decodeBatch(mutated(bytes, random)));
  await fuzz((random) => {
    const header = mutated(bytes.subarray(12, 12 + headerBytes), random);
    const prefix = Buffer.from(bytes.subarray(0, 12));
    prefix.writeUInt32LE(header.length, 4);
    prefix.writeUInt32LE(crc32(header), 8);
    decodeBatch(Buffer.concat([prefix, header, bytes.subarray(12 + headerBytes)]));
  });
});

// ── Manifest ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The text with its own checksum in place. */
function sealed(text: string): string {
  const open = text.replace(/"crc32": "[0-9a-f]{8}"/, '"crc32": "00000000"');
  return open.replace('00000000', crc32(open).toString(16).padStart(8, '0'));
}

const ODD_VALUES = ['null', '-1', '1e300', '"x"', '[]', '{}', '0.5', 'true', '"2026-13-45"', ''];

test('manifests', async () => {
  const segment = { day: '2026-11-23', sequence: 7, sizeBytes: 1000, rowCount: 10 };
  const positions = { nodes: { n: { seenMs: 1, files: { f: [1, 2] } } }, keys: [['key:a', 1, 2]] };
  const text = encodeManifest({ ...EMPTY_MANIFEST, nextSequence: 9, segments: [segment], positions });
  expect(decodeManifest(sealed(text)).nextSequence).toBe(9);
  await fuzz((random) => decodeManifest(randomBytes(random.below(100), random).toString('latin1')));
  await fuzz((random) => decodeManifest(sealed(mutated(Buffer.from(text), random).toString('latin1'))));
  await fuzz((random) => {
    const values = [...text.matchAll(/: ("[^"]*"|[\d.]+|null|\[|\{)/g)].slice(1);
    const { index, 1: old } = values[random.below(values.length)]!;
    const odd = ODD_VALUES[random.below(ODD_VALUES.length)]!;
    const manifest = decodeManifest(sealed(text.slice(0, index + 2) + odd + text.slice(index + 2 + old!.length)));
    for (const { day, sequence, sizeBytes, rowCount } of manifest.segments) {
      if (Number.isNaN(Date.parse(day)) || ![sequence, sizeBytes, rowCount].every(Number.isSafeInteger)) {
        throw new RangeError('a segment that cannot be');
      }
    }
    if (![manifest.walFrom, manifest.orderFrom, manifest.nextSequence].every(Number.isSafeInteger)) {
      throw new RangeError('a number that is none');
    }
  });
});
