/**
 * Writes one segment: row groups as they come, then the sections. The file becomes live only when a manifest names it,
 * which happens after `finish`, so a crash in between leaves a file that the next start removes.
 */
import { crc32 } from 'node:zlib';
import { dirname } from 'node:path';
import { ByteWriter } from '../../../../shared/bytes.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { labelsDigest } from '../../../../shared/labels-digest.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Disk, DiskFile } from '../platform/disk.ts';
import { encodeFieldNames, FieldNamesBuilder } from '../index/field-names.ts';
import { encodeFieldIndex } from '../index/format.ts';
import { encodeTextGrams } from '../index/text-grams.ts';
import { TextGramsBuilder } from '../index/text-grams-builder.ts';
import { FieldIndexBuilder } from '../index/writer.ts';
import { encodeLineage, type Lineage } from './lineage.ts';
import {
  encodeDirectory,
  encodeRowGroups,
  encodeStreams,
  encodeTies,
  type Section,
  SECTION_FIELD_INDEXES,
  SECTION_FIELD_NAMES,
  SECTION_INDEX_BLOCKS,
  SECTION_LINEAGE,
  SECTION_LINEAGE_COPY,
  SECTION_ROW_GROUPS,
  SECTION_STREAMS,
  SECTION_TEXT_GRAMS,
  SECTION_TIES,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  SEGMENT_TAIL_BYTES,
  type SegmentRowGroup,
} from './format.ts';

/** What the writer must know about a row group; most of it comes from a reader of its bytes. */
export type NewRowGroup = Omit<SegmentRowGroup, 'offset' | 'sizeBytes' | 'streams'> & {
  readonly streams: readonly Labels[];
};

export class SegmentWriter {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #rowGroups: SegmentRowGroup[] = [];
  readonly #streams: Labels[] = [];
  /** By labelsDigest. */
  readonly #streamIndexes = new Map<string, number>();
  readonly #indexes: readonly FieldIndexBuilder[];
  readonly #fieldNames = new FieldNamesBuilder();
  readonly #textGrams = new TextGramsBuilder();
  #sizeBytes = 0;

  private constructor(disk: Disk, path: string, file: DiskFile, indexedFields: readonly string[]) {
    this.#indexes = indexedFields.map((field) => new FieldIndexBuilder(field));
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Creates the file, and its folder where needed.
   * @param indexedFields  fields whose values get an index
   */
  static async create(disk: Disk, path: string, indexedFields: readonly string[]): Promise<SegmentWriter> {
    await disk.makeFolder(dirname(path));
    await disk.syncFolder(dirname(dirname(path)));
    const writer = new SegmentWriter(disk, path, await disk.open(path, 'create'), indexedFields);
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
    header.writeUInt32LE(SEGMENT_MAGIC, 0);
    try {
      await writer.#write(header);
      return writer;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  async add(bytes: Uint8Array, rowGroup: NewRowGroup): Promise<void> {
    const streams = rowGroup.streams.map((labels) => this.#streamIndex(labels));
    const group = new RowGroup(bytes);
    for (const index of this.#indexes) index.add(this.#rowGroups.length, group);
    this.#fieldNames.add(this.#rowGroups.length, group);
    this.#textGrams.add(this.#rowGroups.length, group);
    this.#rowGroups.push({ ...rowGroup, streams, offset: this.#sizeBytes, sizeBytes: bytes.length });
    await this.#write(bytes);
  }

  /**
   * Resolves with the segment's size when the file and its name are durable.
   * @param tiesFrom  only if all row groups store their ties
   */
  async finish(lineage: Lineage, tiesFrom?: number): Promise<number> {
    const encodedLineage = encodeLineage(lineage);
    const sections = [
      await this.#section(SECTION_STREAMS, encodeStreams(this.#streams)),
      await this.#section(SECTION_ROW_GROUPS, encodeRowGroups(this.#rowGroups)),
      await this.#section(SECTION_LINEAGE, encodedLineage),
    ];
    if (tiesFrom !== undefined) sections.push(await this.#section(SECTION_TIES, encodeTies(tiesFrom)));
    const fieldNames = this.#fieldNames.finish();
    if (fieldNames !== undefined) {
      sections.push(await this.#section(SECTION_FIELD_NAMES, encodeFieldNames(fieldNames)));
    }
    const grams = this.#textGrams.finish();
    if (grams !== undefined) sections.push(await this.#section(SECTION_TEXT_GRAMS, encodeTextGrams(grams)));
    sections.push(...(await this.#indexSections()));
    // Written at the other end, so that a damaged sector of the disk leaves one of them.
    sections.push(await this.#section(SECTION_LINEAGE_COPY, encodedLineage));
    const directory = encodeDirectory(sections);
    const tail = Buffer.alloc(SEGMENT_TAIL_BYTES);
    tail.writeUInt32LE(directory.length, 0);
    tail.writeUInt32LE(crc32(directory), 4);
    tail.writeUInt32LE(SEGMENT_MAGIC, 8);
    await this.#write(directory);
    await this.#write(tail);
    await this.#file.sync();
    await this.#disk.syncFolder(dirname(this.#path));
    await this.#file.close();
    return this.#sizeBytes;
  }

  /** Removes the file after a failure; the failure is reported, an error of the removal is not. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    await this.#disk.remove(this.#path).catch(() => {});
  }

  async #indexSections(): Promise<Section[]> {
    const sections: Section[] = [];
    const catalogue = new ByteWriter();
    catalogue.varint(this.#indexes.length);
    for (const builder of this.#indexes) {
      const { index, blocks } = builder.finish(this.#sizeBytes, this.#rowGroups.length);
      encodeFieldIndex(catalogue, index);
      sections.push(await this.#section(SECTION_INDEX_BLOCKS, blocks));
    }
    sections.push(await this.#section(SECTION_FIELD_INDEXES, catalogue.finish()));
    return sections;
  }

  async #section(kind: number, bytes: Buffer): Promise<Section> {
    const offset = this.#sizeBytes;
    await this.#write(bytes);
    return { kind, offset, sizeBytes: bytes.length, checksum: crc32(bytes) };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.write([bytes], this.#sizeBytes);
    this.#sizeBytes += bytes.length;
  }

  #streamIndex(labels: Labels): number {
    const digest = labelsDigest(labels);
    let index = this.#streamIndexes.get(digest);
    if (index === undefined) {
      index = this.#streams.push(labels) - 1;
      this.#streamIndexes.set(digest, index);
    }
    return index;
  }
}
