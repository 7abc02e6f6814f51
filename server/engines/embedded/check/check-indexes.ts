/**
 * Checks that the indexes of a segment lead to every row group that holds a value, and to no other: their entries are
 * rebuilt from the row groups and compared. A missing entry would hide rows from a query, and so would a missing name of a field.
 */
import { ByteReader } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { DiskFile } from '../platform/disk.ts';
import { decodeFieldNames, encodeFieldNames, type FieldNames, FieldNamesBuilder } from '../index/field-names.ts';
import { decodeFieldIndex, type FieldIndex, ORDINALS_MAX } from '../index/format.ts';
import { readBlock } from '../index/reader.ts';
import { FieldIndexBuilder, keyOf, type SortedEntries } from '../index/writer.ts';
import { indexesSection, type Section, SECTION_FIELD_NAMES, SECTION_INDEX_BLOCKS } from '../segment/format.ts';
import { readSection, sectionOf } from '../segment/frame.ts';
import { asCorruption } from './check-row-group.ts';
import type { Report } from './finding.ts';

export class IndexCheck {
  readonly #file: DiskFile;
  readonly #report: Report;
  readonly #indexes: readonly { readonly stored: FieldIndex; readonly builder: FieldIndexBuilder }[];
  readonly #blocks: readonly Section[];
  readonly #names: StoredNames | undefined;
  readonly #namesBuilder = new FieldNamesBuilder();

  private constructor(
    file: DiskFile,
    report: Report,
    { indexes, hasElements }: StoredIndexes,
    names: StoredNames | undefined,
    blocks: readonly Section[],
  ) {
    this.#file = file;
    this.#report = report;
    this.#indexes = indexes.map((index) => ({
      stored: index,
      builder: new FieldIndexBuilder(index.field, hasElements),
    }));
    this.#names = names;
    this.#blocks = blocks;
  }

  /** Reads the segment's list of indexes and its list of names; a broken list is reported, and not compared. */
  static async open(file: DiskFile, sections: readonly Section[], report: Report): Promise<IndexCheck> {
    const blocks = sections.filter(({ kind }) => kind === SECTION_INDEX_BLOCKS);
    const stored = await readIndexes(file, indexesSection(sections), report);
    const names = await readNames(file, sectionOf(sections, SECTION_FIELD_NAMES), report);
    return new IndexCheck(file, report, stored, names, blocks);
  }

  add(ordinal: number, group: RowGroup): void {
    for (const { builder } of this.#indexes) builder.add(ordinal, group);
    this.#namesBuilder.add(ordinal, group);
  }

  /** @param groupCount  row groups of the segment; all have been added */
  async compare(groupCount: number): Promise<void> {
    if (this.#names !== undefined) this.#compareNames(this.#names);
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

  #compareNames({ section, names }: StoredNames): void {
    const rebuilt = this.#namesBuilder.finish();
    if (rebuilt !== undefined && encodeFieldNames(rebuilt).equals(encodeFieldNames(names))) return;
    this.#report('index', 'the field names are not those of the row groups', placeOf(section));
  }
}

interface StoredIndexes {
  readonly indexes: readonly FieldIndex[];
  readonly hasElements: boolean;
}

interface StoredNames {
  readonly section: Section;
  readonly names: FieldNames;
}

async function readIndexes(
  file: DiskFile,
  catalogue: ReturnType<typeof indexesSection>,
  report: Report,
): Promise<StoredIndexes> {
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
async function readNames(
  file: DiskFile,
  section: Section | undefined,
  report: Report,
): Promise<StoredNames | undefined> {
  if (section === undefined) return undefined;
  try {
    const names = decodeFieldNames(new ByteReader(await readSection(file, section, 'the field names')));
    return { section, names };
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
