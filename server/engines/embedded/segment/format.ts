/**
 * Layout of a segment, see ../FORMAT.md#segment: row groups back to back, then sections, then a directory that lists
 * the offset of each section. A reader reads the sections that it needs; an unknown kind is skipped.
 */
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { writeStreams } from '../../../../shared/row-group/writer.ts';
import type { RowGroupRef } from './row-group-ref.ts';

export const SEGMENT_MAGIC = 0x31534c50; // "PLS1", at both ends of the file
export const SEGMENT_HEADER_BYTES = 4;
/** directory size u32, directory crc32 u32, magic u32. */
export const SEGMENT_TAIL_BYTES = 12;

/** Kinds of sections. */
export const SECTION_STREAMS = 1;
export const SECTION_ROW_GROUPS = 2;
/** The list of field indexes: count × field index. (3 and 16 were indexes of another layout.) */
export const SECTION_FIELD_INDEXES = 5;
/** The same for indexes that leave out elements of arrays. */
const SECTION_FIELD_INDEXES_WITHOUT_ELEMENTS = 4;
/** The origin of its rows, see lineage.ts. */
export const SECTION_LINEAGE = 6;
/** The same bytes once more: without a lineage, a lost manifest is rebuilt without the segment. */
export const SECTION_LINEAGE_COPY = 7;
/** Its row groups store their ties, see shared/row-group/ties.ts; and the arrival of all other rows. */
export const SECTION_TIES = 8;
/** The names of the fields of its row groups, see ../index/field-names.ts. */
export const SECTION_FIELD_NAMES = 9;
/** The grams of the lines of its row groups, see ../index/text-grams.ts. */
export const SECTION_TEXT_GRAMS = 10;
/** The blocks of one field's index; one section for each field. */
export const SECTION_INDEX_BLOCKS = 17;

/** Sections of this kind and above may occur more than once. */
export const SECTION_KIND_REPEATED_MIN = 16;

/** The place of a section. Each has its own checksum, so that it can be read alone. */
export interface Section {
  readonly kind: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly checksum: number;
}

/** A row group, as listed in a section of its segment. */
export interface SegmentRowGroup extends Omit<RowGroupRef, 'path' | 'streams' | 'indexed' | 'tiesFrom'> {
  /** Indexes into the segment's streams. */
  readonly streams: readonly number[];
}

export function encodeDirectory(sections: readonly Section[]): Buffer {
  const writer = new ByteWriter();
  writer.varint(sections.length);
  for (const { kind, offset, sizeBytes, checksum } of sections) {
    writer.varint(kind);
    writer.varint(offset);
    writer.varint(sizeBytes);
    writer.u32(checksum);
  }
  return writer.finish();
}

export function decodeDirectory(bytes: Uint8Array): Section[] {
  const reader = new ByteReader(bytes);
  const sections: Section[] = [];
  for (let n = reader.count(7); n > 0; n--) {
    sections.push({
      kind: reader.varint(),
      offset: reader.varint(),
      sizeBytes: reader.varint(),
      checksum: reader.u32(),
    });
  }
  reader.expectEnd();
  return sections;
}

export function encodeStreams(streams: readonly Labels[]): Buffer {
  const writer = new ByteWriter();
  writeStreams(writer, streams);
  return writer.finish();
}

export function decodeStreams(bytes: Uint8Array): Labels[] {
  const reader = new ByteReader(bytes);
  const streams: Labels[] = [];
  for (let n = reader.count(); n > 0; n--) {
    const entries: [string, string][] = [];
    for (let left = reader.count(2); left > 0; left--) entries.push([reader.string(), reader.string()]);
    streams.push(Object.fromEntries(entries));
  }
  reader.expectEnd();
  return streams;
}

export function encodeRowGroups(rowGroups: readonly SegmentRowGroup[]): Buffer {
  const writer = new ByteWriter();
  writer.varint(rowGroups.length);
  for (const rowGroup of rowGroups) {
    writer.varint(rowGroup.offset);
    writer.varint(rowGroup.sizeBytes);
    writer.varint(rowGroup.rowCount);
    writer.varint(rowGroup.lineBytes);
    writer.signedVarint(rowGroup.baseDay);
    writer.f64(rowGroup.minTimeNs);
    writer.f64(rowGroup.maxTimeNs);
    writer.varint(rowGroup.order);
    writer.varint(rowGroup.streams.length);
    for (const stream of rowGroup.streams) writer.varint(stream);
  }
  return writer.finish();
}

export function decodeRowGroups(bytes: Uint8Array): SegmentRowGroup[] {
  const reader = new ByteReader(bytes);
  const rowGroups: SegmentRowGroup[] = [];
  for (let n = reader.count(23); n > 0; n--) {
    rowGroups.push({
      offset: reader.varint(),
      sizeBytes: reader.varint(),
      rowCount: reader.varint(),
      lineBytes: reader.varint(),
      baseDay: reader.signedVarint(),
      minTimeNs: reader.f64(),
      maxTimeNs: reader.f64(),
      order: reader.varint(),
      streams: Array.from({ length: reader.count() }, () => reader.varint()),
    });
  }
  reader.expectEnd();
  return rowGroups;
}

export function encodeTies(tiesFrom: number): Buffer {
  const writer = new ByteWriter();
  writer.varint(tiesFrom);
  return writer.finish();
}

export function decodeTies(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  const tiesFrom = reader.varint();
  reader.expectEnd();
  return tiesFrom;
}

/** Returns the section that lists the indexes, if there is one, and whether these have the elements of arrays. */
export function indexesSection(
  sections: readonly Section[],
): (Section & { readonly hasElements: boolean }) | undefined {
  const section = sections.find(
    ({ kind }) => kind === SECTION_FIELD_INDEXES || kind === SECTION_FIELD_INDEXES_WITHOUT_ELEMENTS,
  );
  return section && { ...section, hasElements: section.kind === SECTION_FIELD_INDEXES };
}
