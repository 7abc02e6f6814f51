/**
 * Checks that the indexes of a segment lead to every row group that holds a value, and to no other: their entries are
 * rebuilt from the row groups and compared. A missing entry would hide rows from a query, and so would a missing name of a field,
 * or a missing gram.
 */
import { ByteReader } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { DiskFile } from '../platform/disk.ts';
import { decodeFieldNames, encodeFieldNames, type FieldNames, FieldNamesBuilder } from '../index/field-names.ts';
import { decodeFieldIndex, type FieldIndex, ORDINALS_MAX } from '../index/format.ts';
import { readBlock } from '../index/reader.ts';
import { decodeTextGrams, encodeTextGrams, type TextGrams } from '../index/text-grams.ts';
import { TextGramsBuilder } from '../index/text-grams-builder.ts';
import { FieldIndexBuilder, keyOf, type SortedEntries } from '../index/writer.ts';
import {
  indexesSection,
  type Section,
  SECTION_FIELD_NAMES,
  SECTION_INDEX_BLOCKS,
  SECTION_TEXT_GRAMS,
} from '../segment/format.ts';
import { readSection, sectionOf } from '../segment/frame.ts';
import { asCorruption } from './check-row-group.ts';
import type { Report } from './finding.ts';

export class IndexCheck {
  readonly #file: DiskFile;
  readonly #report: Report;
  readonly #indexes: readonly { readonly stored: FieldIndex; readonly builder: FieldIndexBuilder }[];
  readonly #blocks: readonly Section[];
  readonly #names: StoredList<FieldNames> | undefined;
  readonly #namesBuilder = new FieldNamesBuilder();
  readonly #grams: StoredList<TextGrams> | undefined;
  readonly #gramsBuilder = new TextGramsBuilder();

  private constructor(
    file: DiskFile,
    report: Report,
    { indexes, hasElements, names, grams }: StoredIndexes,
    blocks: readonly Section[],
  ) {
    this.#file = file;
    this.#report = report;
    this.#indexes = indexes.map((index) => ({
      stored: index,
      builder: new FieldIndexBuilder(index.field, hasElements),
    }));
    this.#names = names;
    this.#grams = grams;
    this.#blocks = blocks;
  }

  /** Reads the segment's lists of indexes, names and grams; a broken list is reported, and not compared. */
  static async open(file: DiskFile, sections: readonly Section[], report: Report): Promise<IndexCheck> {
    const blocks = sections.filter(({ kind }) => kind === SECTION_INDEX_BLOCKS);
    const list = <T>(
      kind: number,
      what: string,
      decode: (reader: ByteReader) => T,
    ): Promise<StoredList<T> | undefined> => readList(file, sectionOf(sections, kind), what, decode, report);
    const stored = {
      ...(await readIndexes(file, indexesSection(sections), report)),
      names: await list(SECTION_FIELD_NAMES, 'the field names', decodeFieldNames),
      grams: await list(SECTION_TEXT_GRAMS, 'the text grams', decodeTextGrams),
    };
    return new IndexCheck(file, report, stored, blocks);
  }

  add(ordinal: number, group: RowGroup): void {
    for (const { builder } of this.#indexes) builder.add(ordinal, group);
    this.#namesBuilder.add(ordinal, group);
    if (this.#grams !== undefined) this.#gramsBuilder.add(ordinal, group);
  }

  /** @param groupCount  row groups of the segment; all have been added */
  async compare(groupCount: number): Promise<void> {
    this.#compareLists();
    for (const { stored, builder } of this.#indexes) {
      const offset = stored.blockOffsets[0]!;
      const sizeBytes = stored.blockOffsets.at(-1)! - offset;
      const place = { offset, sizeBytes, rowCount: 0 };
      const what = `the index of the field ${JSON.stringify(stored.field)}`;
      if (!this.#blocks.some((each) => each.offset === offset && each.sizeBytes === sizeBytes)) {
        this.#report('index', `${what} lies where no section is`, place);
        continue;
      }
      const blocks = await this.#file.read(offset, sizeBytes);
      const agrees =
        stored.groupCount === Math.min(groupCount, ORDINALS_MAX) &&
        String(builder.unindexed) === String(stored.unindexed) &&
        holdsExactly(stored, blocks, builder.sorted(stored.addressCount));
      if (!agrees) this.#report('index', `${what} does not hold the values of the row groups`, place);
    }
  }

  #compareLists(): void {
    const names = this.#namesBuilder.finish();
    const grams = this.#gramsBuilder.finish();
    this.#compareList(this.#names, names && encodeFieldNames(names), encodeFieldNames);
    this.#compareList(this.#grams, grams && encodeTextGrams(grams), encodeTextGrams);
  }

  #compareList<T>(stored: StoredList<T> | undefined, rebuilt: Buffer | undefined, encode: (list: T) => Buffer): void {
    if (stored === undefined || rebuilt?.equals(encode(stored.list)) === true) return;
    this.#report('index', `${stored.what} are not those of the row groups`, placeOf(stored.section));
  }
}

interface StoredIndexes {
  readonly indexes: readonly FieldIndex[];
  readonly hasElements: boolean;
  readonly names: StoredList<FieldNames> | undefined;
  readonly grams: StoredList<TextGrams> | undefined;
}

interface StoredList<T> {
  readonly section: Section;
  readonly what: string;
  readonly list: T;
}

async function readIndexes(
  file: DiskFile,
  catalogue: ReturnType<typeof indexesSection>,
  report: Report,
): Promise<Pick<StoredIndexes, 'indexes' | 'hasElements'>> {
  const { hasElements = true } = catalogue ?? {};
  if (catalogue === undefined) return { indexes: [], hasElements };
  try {
    const reader = new ByteReader(await readSection(file, catalogue, 'the list of indexes'));
    const indexes = Array.from({ length: reader.count() }, () => decodeFieldIndex(reader));
    reader.expectEnd();
    return { indexes, hasElements };
  } catch (error) {
    report('index', asCorruption(error).message, placeOf(catalogue));
    return { indexes: [], hasElements };
  }
}

/** Older segments have none. */
async function readList<T>(
  file: DiskFile,
  section: Section | undefined,
  what: string,
  decode: (reader: ByteReader) => T,
  report: Report,
): Promise<StoredList<T> | undefined> {
  if (section === undefined) return undefined;
  try {
    return { section, what, list: decode(new ByteReader(await readSection(file, section, what))) };
  } catch (error) {
    report('index', asCorruption(error).message, placeOf(section));
    return undefined;
  }
}

function placeOf({ offset, sizeBytes }: Section): Parameters<Report>[2] {
  return { offset, sizeBytes, rowCount: 0 };
}

/** Whether the blocks have exactly these entries; false when a block is damaged. */
function holdsExactly(index: FieldIndex, blocks: Buffer, { keys, starts }: SortedEntries): boolean {
  const { blockOffsets } = index;
  try {
    for (let block = 0; block + 1 < blockOffsets.length; block++) {
      const offset = blockOffsets[block]!;
      const bytes = blocks.subarray(offset - blockOffsets[0]!, blockOffsets[block + 1]! - blockOffsets[0]!);
      const wanted = new Set(keys.subarray(starts[block], starts[block + 1]));
      let isWrong = false;
      readBlock(index, bytes, offset, (address, ordinal) => {
        if (!wanted.delete(keyOf(address, ordinal))) isWrong = true;
      });
      if (isWrong || wanted.size > 0) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof CorruptionError) return false;
    throw error;
  }
}
