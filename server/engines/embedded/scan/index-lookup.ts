/**
 * Uses the indexes of segments in a search: before anything is scanned, they show which row groups can hold a required
 * value. The look-ups run in a worker thread, for all segments at once: a block or two of each.
 */
import { LRUCache } from 'lru-cache';
import { ByteReader } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { labelOf } from '../../../../shared/labels.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import { requiredOf } from '../../../../shared/regexp/regexp.ts';
import { WORKER_INDEXES_BYTES_MAX } from '../../../limits.ts';
import { aloneInThread } from '../../../workers/task.ts';
import { decodeFieldNames, type FieldNames, groupsWithName } from '../index/field-names.ts';
import { decodeFieldIndex, type FieldIndex } from '../index/format.ts';
import { lookUp } from '../index/reader.ts';
import { decodeTextGrams, gramsOf, groupsWithGrams, memoryBytesOf, type TextGrams } from '../index/text-grams.ts';
import type { Section } from '../segment/format.ts';
import { verified } from '../segment/frame.ts';
import type { IndexesPlace, RowGroupRef } from '../segment/row-group-ref.ts';
import type { StoredBytes } from './open-files.ts';
import { requiredLeaf } from './regexps.ts';
import { isOfLines, type Where } from '../../../store/predicate.ts';
import { partsOfText } from '../../../store/read-text.ts';

export interface LookupInput {
  readonly segments: readonly IndexesPlace[];
  readonly wanted: readonly Wanted[];
}

/** A value of a field, any where there are none; or a text with these grams. */
export type Wanted =
  | { readonly field: string; readonly values: readonly Uint8Array[] | undefined }
  | { readonly grams: readonly number[] };

/**
 * By segment, then by wanted value: ordinals of the row groups that may hold it, ascending; undefined where there is no
 * index of a field that it has. A segment whose indexes are damaged has the reason instead: all of it is to be scanned.
 */
export type LookupOutput = readonly (readonly (Uint32Array | undefined)[] | string)[];

/** What a worker thread must know of a segment before it reads blocks of its indexes. */
interface SegmentIndexes {
  readonly indexes: readonly FieldIndex[];
  readonly fieldNames: FieldNames | undefined;
  readonly textGrams: TextGrams | undefined;
}

/**
 * The cached headers of the segments' indexes in a worker thread: a few numbers for each block, names of fields, and grams of
 * texts.
 */
export class Indexes {
  readonly #files: StoredBytes;
  readonly #known = new LRUCache<string, SegmentIndexes>({
    maxSize: WORKER_INDEXES_BYTES_MAX,
    sizeCalculation: ({ indexes, fieldNames, textGrams }) =>
      indexes.reduce(
        (sum, { blockOffsets }) => sum + blockOffsets.byteLength,
        1 + (fieldNames?.hashes.byteLength ?? 0) + (textGrams === undefined ? 0 : memoryBytesOf(textGrams)),
      ),
  });

  constructor(files: StoredBytes) {
    this.#files = files;
  }

  emptyCache(): void {
    this.#known.clear();
  }

  /** Looks up all segments or, when other tasks wait for the worker, the first ones, at least one. */
  lookUp({ segments, wanted }: LookupInput, shouldYield = aloneInThread): LookupOutput {
    const answers: LookupOutput[number][] = [];
    for (const place of segments) {
      answers.push(this.#lookUp(place, wanted));
      if (shouldYield()) break;
    }
    return answers;
  }

  #lookUp(place: IndexesPlace, wanted: readonly Wanted[]): LookupOutput[number] {
    try {
      const { indexes, fieldNames, textGrams } = this.#open(place);
      return wanted.map((one) => {
        if ('grams' in one) return textGrams && groupsWithGrams(textGrams, one.grams);
        const { field, values } = one;
        const index = values && indexes.find((each) => each.field === field);
        if (index === undefined || values === undefined) return fieldNames && groupsWithName(fieldNames, field);
        return lookUp(index, values, (offset, sizeBytes) => this.#files.read(place.path, offset, sizeBytes));
      });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      return error.message;
    }
  }

  #open(place: IndexesPlace): SegmentIndexes {
    const { path, fieldNames: namesPlace, textGrams: gramsPlace } = place;
    let known = this.#known.get(path);
    if (known === undefined) {
      const reader = this.#read(path, place, 'the field indexes');
      const indexes = Array.from({ length: reader.count() }, () => decodeFieldIndex(reader));
      const fieldNames = namesPlace && decodeFieldNames(this.#read(path, namesPlace, 'the field names'));
      const textGrams = gramsPlace && decodeTextGrams(this.#read(path, gramsPlace, 'the text grams'));
      this.#known.set(path, (known = { indexes, fieldNames, textGrams }));
    }
    return known;
  }

  #read(path: string, { offset, sizeBytes, checksum }: Omit<Section, 'kind'>, what: string): ByteReader {
    return new ByteReader(verified(this.#files.read(path, offset, sizeBytes), checksum, what));
  }
}

/** Values of one field, in the form of an index. */
export interface IndexedValues {
  readonly name: string;
  /** Whether labels of this name do not count. */
  readonly fieldOnly: boolean;
  /** Undefined where any value will do. */
  readonly values: readonly Uint8Array[] | undefined;
}

/** Texts that a line has, each of them. */
export interface IndexedTexts {
  readonly grams: readonly number[];
}

/**
 * Conditions that a tree implies and that indexes can answer: of each clause, at least one must hold. All
 * allowed values are known in full, and no other field has their name.
 */
export type IndexClauses = readonly (readonly (IndexedValues | IndexedTexts)[])[];

export function indexClauses(where: Where): IndexClauses {
  switch (where.kind) {
    case 'all':
      return where.of.flatMap(indexClauses);
    case 'any': {
      // One clause of each alternative; if an alternative has none, anything may match.
      const each = where.of.map((alternative) => shortest(indexClauses(alternative)));
      return each.length === 0 || each.includes(undefined) ? [] : [each.flatMap((clause) => clause!)];
    }
    case 'value': {
      const { name, tests, labelOnly, fieldOnly, ofShape, ofJson } = where;
      const values = tests.flatMap((test) => (test.kind === 'equals' ? [test.text] : []));
      const isField = labelOnly !== true && ofShape !== true && ofJson !== true && !isOfLines(where) && name !== LEVEL;
      if (!isField) return [];
      const isAny = tests.length === 1 && tests[0]!.kind === 'exists';
      const isListed = isAny || values.length === tests.length;
      return isListed ? [[{ name, fieldOnly: fieldOnly === true, values: isAny ? undefined : values }]] : [];
    }
    case 'text': {
      const grams = writtenGrams(where.needle, where.asRead === true);
      return grams.length === 0 ? [] : [[{ grams }]];
    }
    case 'regexp': {
      const each = requiredOf(where.pattern).map((texts) =>
        texts.map((text) => ({ grams: writtenGrams(requiredLeaf(text).needle, where.asRead === true) })),
      );
      return each.filter((clause) => clause.every(({ grams }) => grams.length > 0));
    }
    case 'not':
    case 'json':
      return [];
  }
}

/** Returns the grams of what a line has as it is written, if it has this text; or, with `asRead`, has it as it is read. */
function writtenGrams(text: Uint8Array, asRead: boolean): number[] {
  const parts = asRead ? partsOfText(Buffer.from(text).toString()).plain.map((part) => Buffer.from(part)) : [text];
  return [...new Set(parts.flatMap(gramsOf))];
}

function shortest(clauses: IndexClauses): IndexClauses[number] | undefined {
  return clauses.toSorted((a, b) => a.length - b.length)[0];
}

/** Returns the distinct segments that have indexes. */
export function indexedSegments(rowGroups: readonly RowGroupRef[]): IndexesPlace[] {
  return [...new Set(rowGroups.flatMap(({ indexed }) => indexed?.indexes ?? []))];
}

export function lookupInput(clauses: IndexClauses, segments: readonly IndexesPlace[]): LookupInput {
  const wanted = clauses
    .flat()
    .map((each): Wanted => ('grams' in each ? { grams: each.grams } : { field: each.name, values: each.values }));
  return { segments, wanted };
}

/**
 * Returns the row groups that may still match after the look-ups. Where the indexes leave out elements of arrays, a row
 * group without the value stays: only its arrays may match.
 */
export function pruneByIndexes(
  rowGroups: readonly RowGroupRef[],
  clauses: IndexClauses,
  segments: readonly IndexesPlace[],
  found: LookupOutput,
): RowGroupRef[] {
  const answers = new Map(segments.map((place, i) => [place, ordinalSets(found[i]!)]));
  return rowGroups.flatMap((ref) => {
    const { indexed, streams } = ref;
    const sets = indexed && answers.get(indexed.indexes);
    if (sets === undefined) return [ref];
    let at = 0;
    const missing = clauses.filter((clause) => {
      const first = at;
      at += clause.length;
      return clause.every((each, i) => {
        const ordinals = sets[first + i];
        // A stream that has a label of this name is not searched for the field.
        return (
          ordinals !== undefined &&
          !ordinals.has(indexed!.ordinal) &&
          ('grams' in each || each.fieldOnly || streams.every((labels) => labelOf(labels, each.name) === undefined))
        );
      });
    });
    if (missing.length === 0) return [ref];
    const names = missing.map((clause) => clause.flatMap((each) => ('grams' in each ? [] : [each.name])));
    // Arrays are in the line, too.
    if (indexed!.indexes.hasElements || names.some((each) => each.length === 0)) return [];
    return [{ ...ref, onlyArraysOf: names }];
  });
}

function ordinalSets(answer: LookupOutput[number]): (ReadonlySet<number> | undefined)[] | undefined {
  if (typeof answer === 'string') return undefined;
  return answer.map((ordinals) => ordinals && new Set(ordinals));
}
