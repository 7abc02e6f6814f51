/**
 * The header of a row group, decoded: its range and counts, its tables of streams, columns and templates, and the
 * places of the pages of each chunk. The layout is in FORMAT.md.
 */
import { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import type { Labels } from '../labels.ts';
import { isTimeRange } from '../time.ts';
import { type ColumnChunk, readColumnChunk } from './column.ts';
import { hasRuns, hasTies, isPacked, LAYOUT_LAST, MAGIC, PREFIX_BYTES, ROWS_MAX } from './format.ts';
import { readTables } from './header-tables.ts';
import { PartCount } from './part-count.ts';
import { readPageEntry } from './pages/page.ts';
import type { PageEntry } from './pages/page.ts';
import { readRuns, type Run } from './runs.ts';
import type { Slot, Template } from './template.ts';
import { prefixChecksum } from './writer.ts';
import { decompress } from './pages/zstd.ts';

/** The range and counts of a row group. */
export interface RowGroupInfo {
  readonly rowCount: number;
  readonly baseDay: number;
  /** Times of the oldest and newest row, ns from the start of baseDay. */
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  /** Bytes of all lines, without newlines, and of their metadata: exact in a batch; after a merge, apportioned by rows. */
  readonly lineBytes: number;
  readonly streams: readonly Labels[];
  /** Bytes of the encoded group. */
  readonly sizeBytes: number;
}

/** A column's values are those of its parts, one template after the other. */
export interface ColumnInfo {
  readonly slot: Slot;
  readonly parts: readonly { readonly template: number; readonly firstValue: number }[];
  readonly count: number;
  readonly chunk: ColumnChunk;
}

export interface StoredChunk {
  readonly parameters: Buffer;
  readonly pages: readonly PageEntry[];
}

/** Pieces of a group that can be read side by side without memory of their own. */
export const PEEKS_MAX = 8;

/** Source of the bytes of a row group: memory, or a file of which only the needed parts are read. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Returns bytes that do not change and may be kept. */
  read(offset: number, sizeBytes: number): Buffer;
  /** Valid until the next peek with the same number, 0 to PEEKS_MAX − 1. */
  peek(offset: number, sizeBytes: number, number?: number): Buffer;
}

/** Chunks of every row: time, stream, template, flags. */
const SYSTEM_CHUNKS = 4;

/** Rows with an arrival of their own, and their arrivals. */
export interface StoredTies {
  readonly count: number;
  readonly rows: StoredChunk;
  readonly arrivals: StoredChunk;
}

/** The runs that a group has rows of, and the code of each row. */
export interface StoredRuns {
  readonly runs: readonly Run[];
  readonly codes: StoredChunk;
}

/** Label sets that row groups share, by their bytes in a header. */
export interface LabelSets {
  /** @param read  makes one that is not known yet */
  of(key: string, read: () => Labels): Labels;
}

/** Read together with the prefix: nearly every header fits. */
const HEAD_BYTES = 16 * 1024;

/** Everything except the pages. */
export interface Header {
  readonly info: RowGroupInfo;
  readonly templates: readonly Template[];
  /** By template. */
  readonly templateRowCounts: readonly number[];
  readonly columns: readonly ColumnInfo[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];
  /** The same without those of metadata, which are no part of lines; the same object where there are none. */
  readonly lineColumnsOfTemplate: readonly (readonly number[])[];
  /** Time, stream, template, flags. */
  readonly system: readonly StoredChunk[];
  /** By column. */
  readonly pages: readonly (readonly PageEntry[])[];
  readonly ties: StoredTies | undefined;
  readonly runs: StoredRuns | undefined;
  /** Bytes of the header when it is decompressed; for a packed group, including its pages. */
  readonly headerBytes: number;
  /** The pages of a packed group, end to end; offsets of its pages count from their start. */
  readonly packedBody: Buffer | undefined;
}

/** @throws CorruptionError */
export function readHeader(source: ByteSource, labelSets?: LabelSets): Header {
  const { layout, header, pagesStart } = openHeader(source);
  const packed = isPacked(layout);
  const reader = new ByteReader(header);
  const parts = new PartCount();
  const info = readInfo(reader, source.sizeBytes, parts, labelSets);
  const tables = readTables(reader, info.rowCount, parts);
  let offset = pagesStart;
  const readPages = (): PageEntry[] =>
    Array.from({ length: parts.add(reader.count()) }, () => {
      const page = packed ? packedEntry(reader, offset) : readPageEntry(reader, offset);
      offset += page.storedSize;
      return page;
    });
  const system = Array.from({ length: SYSTEM_CHUNKS }, () => ({ parameters: reader.sized(), pages: readPages() }));
  const pages: PageEntry[][] = [];
  const columns = tables.columns.map((column) => {
    const chunk = readColumnChunk(reader);
    pages.push(readPages());
    return { ...column, chunk };
  });
  const chunk = (): StoredChunk => ({ parameters: reader.sized(), pages: readPages() });
  const ties = hasTies(layout) ? { count: readTieCount(reader, info), rows: chunk(), arrivals: chunk() } : undefined;
  const runs = hasRuns(layout) ? { runs: readRunList(reader, parts), codes: chunk() } : undefined;
  // In a packed body the pages follow the header, whose size is known only now.
  const packedBody = packed ? header.subarray(reader.offset) : undefined;
  if (!packed) reader.expectEnd();
  const end = packedBody === undefined ? source.sizeBytes : packedBody.length;
  if (offset !== end) throw new CorruptionError(`the pages should end at byte ${offset}, they end at ${end}`);
  const { templates, templateRowCounts, columnsOfTemplate, lineColumnsOfTemplate } = tables;
  const headerBytes = header.length;
  return {
    info,
    templates,
    templateRowCounts,
    columns,
    columnsOfTemplate,
    lineColumnsOfTemplate,
    system,
    pages,
    ties,
    runs,
    headerBytes,
    packedBody,
  };
}

/**
 * Returns the size of the row group that `bytes` begin with, whatever follows it: for a file whose tables are lost.
 * Reads only the header.
 * @throws CorruptionError
 */
export function rowGroupBytesAt(bytes: Buffer): number {
  const prefix = new ByteReader(bytes);
  if (prefix.u32() !== MAGIC) throw new CorruptionError('not a row group: it must begin with "PRG1"');
  const layout = prefix.u8();
  prefix.u32();
  const packedBytes = PREFIX_BYTES + prefix.u32();
  if (isPacked(layout)) return packedBytes;
  const { header, pagesStart } = openHeader(memorySource(bytes));
  const reader = new ByteReader(header);
  const parts = new PartCount();
  const info = readInfo(reader, 0, parts);
  const { columns } = readTables(reader, info.rowCount, parts);
  let end = pagesStart;
  const skipPages = (): void => {
    for (let n = reader.count(); n > 0; n--) end += readPageEntry(reader, end).storedSize;
  };
  for (let chunk = 0; chunk < SYSTEM_CHUNKS; chunk++) {
    reader.sized();
    skipPages();
  }
  for (let column = 0; column < columns.length; column++) {
    readColumnChunk(reader);
    skipPages();
  }
  if (hasTies(layout)) {
    readTieCount(reader, info);
    for (let chunk = 0; chunk < 2; chunk++) {
      reader.sized();
      skipPages();
    }
  }
  if (hasRuns(layout)) {
    readRunList(reader, parts);
    reader.sized();
    skipPages();
  }
  return end;
}

export function memorySource(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (offset: number, sizeBytes: number): Buffer => buffer.subarray(offset, offset + sizeBytes);
  return { sizeBytes: buffer.length, read, peek: read };
}

/**
 * Verifies and decompresses the header; for a packed group also the pages after it.
 * @throws CorruptionError
 */
export function openHeader(source: ByteSource): { layout: number; header: Buffer; pagesStart: number } {
  let head = source.peek(0, Math.min(HEAD_BYTES, source.sizeBytes));
  const prefix = new ByteReader(head);
  if (prefix.u32() !== MAGIC) throw new CorruptionError('not a row group: it must begin with "PRG1"');
  const layout = prefix.u8();
  const checksum = prefix.u32();
  const storedSize = prefix.u32();
  const rawSize = prefix.u32();
  const pagesStart = PREFIX_BYTES + storedSize;
  if (pagesStart > source.sizeBytes) throw new CorruptionError('the row group ends inside its header');
  if (pagesStart > head.length) head = source.peek(0, pagesStart);
  const stored = head.subarray(PREFIX_BYTES, pagesStart);
  if (prefixChecksum(head, stored) !== checksum) {
    throw new CorruptionError('the checksum of the row group header does not match');
  }
  if (layout > LAYOUT_LAST) throw new CorruptionError(`unknown layout ${layout}`);
  if (!isPacked(layout)) return { layout, header: decompress(stored, rawSize), pagesStart };
  if (pagesStart !== source.sizeBytes) throw new CorruptionError('bytes are left over after a packed row group');
  return { layout, header: decompress(stored, rawSize), pagesStart: 0 };
}

/** @throws CorruptionError */
function readTieCount(reader: ByteReader, { rowCount }: RowGroupInfo): number {
  const count = reader.varint();
  if (count < 1 || count > rowCount) throw new CorruptionError(`${count} of ${rowCount} rows have an arrival`);
  return count;
}

/** @throws CorruptionError */
function readRunList(reader: ByteReader, parts: PartCount): Run[] {
  const runs = readRuns(reader);
  parts.add(runs.length);
  return runs;
}

function readInfo(reader: ByteReader, sizeBytes: number, parts: PartCount, labelSets?: LabelSets): RowGroupInfo {
  const rowCount = reader.varint();
  if (rowCount < 1 || rowCount > ROWS_MAX) throw new CorruptionError(`a row group of ${rowCount} rows`);
  const baseDay = reader.signedVarint();
  const minTimeNs = reader.signedVarint();
  const maxTimeNs = reader.signedVarint();
  if (!isTimeRange(baseDay, minTimeNs, maxTimeNs)) {
    throw new CorruptionError('a row group with an impossible time range');
  }
  const lineBytes = reader.varint();
  const streams = readStreams(reader, parts, labelSets);
  return { rowCount, baseDay, minTimeNs, maxTimeNs, lineBytes, streams, sizeBytes };
}

/** Returns the labels of each stream, by code. */
export function readStreams(reader: ByteReader, parts = new PartCount(), labelSets?: LabelSets): Labels[] {
  return Array.from({ length: parts.add(reader.count()) }, () => {
    const count = parts.add(reader.count(2));
    if (labelSets === undefined) return readLabels(reader, count);
    const start = reader.offset;
    for (let n = 2 * count; n > 0; n--) reader.skipSized();
    const own = reader.bytes.subarray(start, reader.offset);
    return labelSets.of(own.toString('latin1'), () => readLabels(new ByteReader(own), count));
  });
}

function readLabels(reader: ByteReader, count: number): Labels {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let n = count; n > 0; n--) {
    const name = reader.string();
    labels[name] = reader.string();
  }
  return labels;
}

/**
 * Returns the labels of each stream of an encoded row group, without reading anything after them.
 * @throws CorruptionError
 */
export function readStreamLabels(group: Uint8Array): readonly Labels[] {
  const reader = new ByteReader(openHeader(memorySource(group)).header);
  return readInfo(reader, group.length, new PartCount()).streams;
}

function packedEntry(reader: ByteReader, offset: number): PageEntry {
  const size = reader.varint();
  return { offset, rawSize: size, storedSize: size, codec: 0, checksum: 0 };
}
