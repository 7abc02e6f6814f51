/**
 * The patterns of the lines of a row group (../../../store/line-pattern/line-pattern.ts), by value: each distinct text of a
 * dictionary, and each pattern of texts with numbers, is folded once.
 */
import { byteStringAt, type ByteStrings } from '../../../../shared/byte-strings.ts';
import {
  firstValueOf,
  FIXED_VALUE_BYTES_MAX,
  valueCount,
  valueSizeMax,
  writeValue,
} from '../../../../shared/row-group/column.ts';
import type { ColumnValues, CutTexts } from '../../../../shared/row-group/encodings/column-values.ts';
import { fieldsOfTemplate, withoutMetadata } from '../../../../shared/row-group/answer.ts';
import { ENCODING_PATTERN, KIND_STRING, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import {
  isOfRequestAlone,
  foldCutPart,
  foldPart,
  isPatternId,
  joinedPattern,
  patternId,
  type PartKind,
  type PatternParts,
  type PatternSlots,
  patternSlots,
} from '../../../store/line-pattern/line-pattern.ts';
import { TextFolder } from '../../../store/line-pattern/fold-text.ts';
import type { ValueTest } from '../../../store/predicate.ts';
import { PART_PATTERNS } from './derived-parts.ts';
import { FoldingMemory } from './folding-memory.ts';
import { patternOfLine } from './pattern-of-line.ts';
import { matchesAny } from './value-match.ts';

/** The patterns of one template's lines: the same for all, or one for each line, in template order. */
export type PatternCodes = number | Uint8Array | Uint16Array | Uint32Array;

export interface LinePatterns {
  readonly patterns: readonly string[];
  /** By template: indices into patterns. */
  readonly codes: readonly PatternCodes[];
}

const folder = new TextFolder();

/** @throws CorruptionError */
export function linePatterns(group: RowGroup): LinePatterns {
  return group.kept(PART_PATTERNS, () => readPatterns(group), memoryBytes);
}

function memoryBytes({ patterns, codes }: LinePatterns): number {
  const ofCodes = codes.reduce<number>((sum, own) => sum + (typeof own === 'number' ? 8 : own.byteLength), 0);
  return patterns.reduce((sum, { length }) => sum + 2 * length, ofCodes);
}

function readPatterns(group: RowGroup): LinePatterns {
  memory.release();
  const columns = new FoldedColumns(group);
  const table = new PatternTable();
  const codes = group.templates.map((template, index): PatternCodes => {
    if (template.slots.some(({ kind }) => kind === KIND_TEXT)) return wholeLinePatterns(group, index, table);
    return templatePatterns(group, index, columns, table);
  });
  return { patterns: table.patterns, codes: codes.map((own) => narrowed(own, table.patterns.length)) };
}

/** Returns codes in memory of their own. @param size  number of patterns */
function narrowed(codes: PatternCodes, size: number): PatternCodes {
  if (typeof codes === 'number') return codes;
  if (size > 1 << 16) return new Uint32Array(codes);
  return size <= 1 << 8 ? new Uint8Array(codes) : new Uint16Array(codes);
}

const memory = new FoldingMemory();

/** Texts and ids that are asked for, and the other tests. Made once for each list of tests, which is that of a plan. */
interface PatternTests {
  readonly texts: ReadonlySet<string>;
  readonly hasIds: boolean;
  readonly others: readonly ValueTest[];
}

const testsOf = new WeakMap<readonly ValueTest[], PatternTests>();

/** Whether a pattern, or its id, passes one of the tests. */
export function passesPattern(tests: readonly ValueTest[], pattern: string): boolean {
  let known = testsOf.get(tests);
  if (known === undefined) {
    const texts = tests.flatMap((test) => (test.kind === 'equals' ? [Buffer.from(test.text).toString()] : []));
    const others = tests.filter(({ kind }) => kind !== 'equals');
    testsOf.set(tests, (known = { texts: new Set(texts), hasIds: texts.some(isPatternId), others }));
  }
  const { texts, hasIds, others } = known;
  if (texts.has(pattern) || (hasIds && texts.has(patternId(pattern)))) return true;
  return others.length > 0 && matchesAny(others, Buffer.from(pattern));
}

/** Patterns by number. */
class PatternTable {
  readonly patterns: string[] = [];
  readonly #codes = new Map<string, number>();

  codeOf(pattern: string): number {
    let code = this.#codes.get(pattern);
    if (code === undefined) {
      code = this.patterns.length;
      this.#codes.set(pattern, code);
      this.patterns.push(pattern);
    }
    return code;
  }
}

/** The values of a column, folded. */
interface Folded {
  readonly texts: readonly string[];
  /** By value: its text. Undefined where there is only one. */
  readonly codes: ArrayLike<number> | undefined;
}

/** Each column is folded once, whatever the number of templates that have it. */
class FoldedColumns {
  readonly #group: RowGroup;
  readonly #known = new Map<string, Folded>();

  constructor(group: RowGroup) {
    this.#group = group;
  }

  get(column: number, kind: PartKind): Folded {
    const key = `${column} ${kind}`;
    let folded = this.#known.get(key);
    if (folded === undefined) this.#known.set(key, (folded = foldColumn(this.#group, column, kind)));
    return folded;
  }
}

/** A part of the patterns of a template. */
interface Part {
  readonly name: keyof PatternParts;
  readonly folded: Folded;
  readonly first: number;
}

function templatePatterns(
  group: RowGroup,
  template: number,
  columns: FoldedColumns,
  table: PatternTable,
): PatternCodes {
  const slots = patternSlots(withoutMetadata(fieldsOfTemplate(group.templates[template]!)));
  const parts: Part[] = [];
  const add = (name: keyof PatternParts, slot: number, kind: PartKind): void => {
    if (slot < 0) return;
    const column = group.columnsOfTemplate[template]![slot]!;
    parts.push({ name, folded: columns.get(column, kind), first: firstValueOf(group.columns[column]!, template) });
  };
  add('message', slots.message, 'message');
  add('prefix', slots.prefix, 'word');
  add('level', slots.level, 'word');
  const message = parts.find(({ name }) => name === 'message');
  if (message === undefined || message.folded.texts.some(isOfRequestAlone)) {
    add('method', slots.method, 'word');
    add('path', slots.path, 'path');
  }
  return combined(parts, slots, group.templateRowCounts[template]!, table);
}

/** Combinations that are looked up in an array; more of them in a map. */
const COMBINATIONS_MAX = 1 << 16;

function combined(parts: readonly Part[], slots: PatternSlots, rowCount: number, table: PatternTable): PatternCodes {
  const fixed = parts.filter(({ folded }) => folded.codes === undefined);
  const varying = parts.filter(({ folded }) => folded.codes !== undefined);
  const patternOf = (chosen: readonly number[]): number => {
    const texts: Record<keyof PatternParts, string | undefined> = {
      message: undefined,
      prefix: undefined,
      level: undefined,
      method: undefined,
      path: undefined,
    };
    for (const { name, folded } of fixed) texts[name] = folded.texts[0]!;
    for (const [i, { name, folded }] of varying.entries()) texts[name] = folded.texts[chosen[i]!]!;
    return table.codeOf(joinedPattern(texts, slots.names));
  };
  if (varying.length === 0) return patternOf([]);
  const patternAt = (row: number): number => patternOf(varying.map(({ folded, first }) => folded.codes![first + row]!));
  const combinations = varying.reduce((product, { folded }) => product * folded.texts.length, 1);
  const codes = combinations < 2 ** 32 ? memory.lend(rowCount).fill(0) : new Float64Array(rowCount);
  for (const { folded, first } of varying) addDigits(codes, folded.codes!, first, folded.texts.length);
  if (codes instanceof Uint32Array && combinations <= COMBINATIONS_MAX) {
    const known = new Int32Array(combinations).fill(-1);
    for (let row = 0; row < rowCount; row++) {
      const combination = codes[row]!;
      if (known[combination]! < 0) known[combination] = patternAt(row);
      codes[row] = known[combination]!;
    }
    return codes;
  }
  const known = new Map<number, number>();
  return Uint32Array.from(codes, (combination, row) => {
    const code = known.get(combination) ?? patternAt(row);
    known.set(combination, code);
    return code;
  });
}

/** Appends a digit to each number, to a base. */
function addDigits(numbers: Uint32Array | Float64Array, digits: ArrayLike<number>, first: number, base: number): void {
  for (let i = 0; i < numbers.length; i++) numbers[i] = numbers[i]! * base + digits[first + i]!;
}

/** Lines that are kept whole are cut again. */
function wholeLinePatterns(group: RowGroup, template: number, table: PatternTable): PatternCodes {
  const rows = group.rowsOfTemplate(template);
  const codes = new Uint32Array(rows.length);
  for (const { from, lines } of group.linesInTurn(rows)) {
    for (let i = 0; i + 1 < lines.offsets.length; i++) {
      codes[from + i] = table.codeOf(patternOfLine(lines.bytes, lines.offsets[i]!, lines.offsets[i + 1]!));
    }
  }
  return codes;
}

function foldColumn(group: RowGroup, column: number, kind: PartKind): Folded {
  const { slot, chunk } = group.columns[column]!;
  const isEscaped = slot.kind === KIND_STRING;
  const texts = new FoldedTexts(kind, isEscaped);
  if (chunk.encoding === ENCODING_PATTERN) return foldPatterns(group, column, texts, kind, isEscaped);
  const values = group.values(column);
  switch (values.kind) {
    case 'constant':
      texts.add(values.value, 0, values.value.length);
      return { texts: texts.list, codes: undefined };
    case 'dictionary':
      return recoded(texts, values.codes, byTexts(values.values, texts));
    case 'uuid':
    case 'integer':
      // All of them have one shape.
      texts.addValue(values, 0);
      return { texts: texts.list, codes: undefined };
    case 'raw':
      return { texts: texts.list, codes: byTexts(values, texts) };
    case 'decimal':
    case 'timestamp':
    case 'hex':
      return { texts: texts.list, codes: byValues(values, texts) };
    case 'pattern':
      throw new RangeError('BUG: the values of another encoding have patterns');
  }
}

/** Distinct folded texts. */
class FoldedTexts {
  readonly list: string[] = [];
  readonly #kind: PartKind;
  readonly #isEscaped: boolean;
  readonly #codes = new Map<string, number>();
  #scratch = Buffer.allocUnsafe(FIXED_VALUE_BYTES_MAX);

  constructor(kind: PartKind, isEscaped: boolean) {
    this.#kind = kind;
    this.#isEscaped = isEscaped;
  }

  add(bytes: Buffer, start: number, end: number): number {
    const text = this.#isEscaped ? unescaped(bytes.subarray(start, end)) : undefined;
    if (text === undefined) foldPart(folder, this.#kind, bytes, start, end);
    else foldPart(folder, this.#kind, text, 0, text.length);
    return this.addFolded();
  }

  addValue(values: ColumnValues, index: number): number {
    const sizeBytes = valueSizeMax(values, index);
    if (sizeBytes > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(sizeBytes);
    return this.add(this.#scratch, 0, writeValue(values, index, this.#scratch, 0));
  }

  /** Adds what was folded last. */
  addFolded(): number {
    const key = folder.out.toString('latin1', 0, folder.length);
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = this.list.length;
      this.#codes.set(key, code);
      this.list.push(folder.out.toString('utf8', 0, folder.length));
    }
    return code;
  }
}

function recoded(texts: FoldedTexts, codes: ArrayLike<number>, codeOf: ArrayLike<number>): Folded {
  if (texts.list.length === 1) return { texts: texts.list, codes: undefined };
  const own = memory.lend(codes.length);
  for (let i = 0; i < own.length; i++) own[i] = codeOf[codes[i]!]!;
  return { texts: texts.list, codes: own };
}

function byTexts(strings: ByteStrings, texts: FoldedTexts): Uint32Array {
  const codes = memory.lend(strings.offsets.length - 1);
  for (let i = 0; i < codes.length; i++)
    codes[i] = texts.add(strings.bytes, strings.offsets[i]!, strings.offsets[i + 1]!);
  return codes;
}

function byValues(values: ColumnValues, texts: FoldedTexts): Uint32Array {
  const codes = memory.lend(valueCount(values));
  for (let i = 0; i < codes.length; i++) codes[i] = texts.addValue(values, i);
  return codes;
}

const BACKSLASH = 0x5c;
/** Marks a pattern whose values are folded one by one. */
const BY_VALUE = -1;

function foldPatterns(group: RowGroup, column: number, texts: FoldedTexts, kind: PartKind, isEscaped: boolean): Folded {
  const { patterns, codes } = group.passingPatterns(column);
  const codeOf = Int32Array.from({ length: patterns.offsets.length - 1 }, (_, pattern) => {
    const bytes = byteStringAt(patterns, pattern);
    if ((isEscaped && bytes.includes(BACKSLASH)) || !foldCutPart(folder, kind, bytes)) return BY_VALUE;
    return texts.addFolded();
  });
  if (!codeOf.includes(BY_VALUE)) return recoded(texts, codes, codeOf);
  const values = group.values(column) as CutTexts & { readonly kind: 'pattern' };
  const own = memory.lend(values.codes.length);
  for (let i = 0; i < own.length; i++) {
    const code = codeOf[values.codes[i]!]!;
    own[i] = code === BY_VALUE ? texts.addValue(values, i) : code;
  }
  return { texts: texts.list, codes: own };
}
