/**
 * Facets of one row group: the labels and fields of matching lines, how often they occur, and their values. Every
 * stream, column and whole line is visited once, whatever the number of names.
 */
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { isNamed } from '../../../../shared/row-group/template.ts';
import { distinctCutTexts } from '../../../../shared/row-group/encodings/pattern.ts';
import {
  ENCODING_HEX,
  ENCODING_RAW,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
  KIND_TEXT,
} from '../../../../shared/row-group/format.ts';
import { FACET_VALUES_MAX } from '../../../limits.ts';
import { labelOf } from '../../../../shared/labels.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import { answersOf } from '../scan/name.ts';
import { forEachWholeLine } from '../scan/whole-lines.ts';
import { hasMarked } from '../scan/masks.ts';
import { matchMask } from '../scan/match-rows.ts';
import { isPlainName } from '../../../store/asked-name.ts';
import { type Predicate, valueLeaf } from '../../../store/predicate.ts';
import { CountingMemory } from './counting-memory.ts';
import { FacetTable, type Ids } from './facet-table.ts';
import type { FacetCounts, FacetsSide, NamedValues } from '../../../store/facets.ts';
import { FacetSide } from './facet-side.ts';
import { Texts } from './texts.ts';
import type { CodePart } from './dimension.ts';
import { columnCodes, valueCodes } from './value-codes.ts';
import { ValueText } from './value-text.ts';

/**
 * @param names  only these; undefined for every label and field of the group
 * @param ids  names whose values are not counted
 * @throws CorruptionError
 */
export function facetsOf(
  group: RowGroup,
  predicate: Predicate,
  names: readonly string[] | undefined,
  ids: Ids,
): FacetCounts {
  return facetsOfGroup(group, [{ ...predicate, names }], [], ids)[0]!;
}

/**
 * Does the same for each side.
 * @param values  to be counted on each side, besides
 */
export function facetsOfGroup(
  group: RowGroup,
  sides: readonly FacetsSide[],
  values: readonly NamedValues[],
  ids: Ids,
): FacetCounts[] {
  const tables = sides.map(() => new FacetTable(ids));
  const lend = memory.marksLender();
  const matching: FacetSide[] = [];
  const byNames = new Map<FacetsSide['names'], FacetSide[]>();
  for (const [i, side] of sides.entries()) {
    const mask = matchMask(group, side);
    if (mask !== 'all' && !hasMarked(mask)) continue;
    // The next side is matched in the same memory.
    const own = new FacetSide(group, mask, tables[i]!, lend);
    matching.push(own);
    const alike = byNames.get(side.names);
    if (alike === undefined) byNames.set(side.names, [own]);
    else alike.push(own);
  }
  for (const [names, alike] of byNames) new GroupFacets(group, alike, names).count();
  for (const named of values) countValues(group, named, matching);
  return tables.map((table) => table.counts());
}

const memory = new CountingMemory();

function countValues(group: RowGroup, { name, values }: NamedValues, sides: readonly FacetSide[]): void {
  for (const value of values) {
    const where = valueLeaf(name, [{ kind: 'equals', text: Buffer.from(value) }]);
    const marked = matchMask(group, { from: undefined, to: undefined, where });
    for (const side of sides) {
      const rows = side.countOf(marked);
      if (rows > 0) side.table.addValue(name, value, rows);
    }
  }
}

function namesOf(group: RowGroup): Iterable<string> {
  const names = new Set<string>();
  for (const labels of group.info.streams) for (const name of Object.keys(labels)) names.add(name);
  for (const { slot } of group.columns) if (isNamed(slot)) names.add(slot.field);
  if (answersOf(group, LEVEL).some((answer) => answer !== undefined)) names.add(LEVEL);
  return names;
}

function isAsked(asked: string): boolean {
  return !isPlainName(asked) || asked === LEVEL;
}

/** Values of a column that count for its field: those of templates in which no later value has the same field. */
interface CountedColumn {
  readonly column: number;
  readonly templates: number[];
}

class GroupFacets {
  readonly #group: RowGroup;
  readonly #sides: readonly FacetSide[];
  readonly #names: ReadonlySet<string>;
  /** Names that are not plain: a level, which several fields can hold, or a shape. */
  readonly #asked: ReadonlySet<string>;
  /**
   * By name of a label of the group's streams: 1 for each stream that has it, whose lines are not searched for the field.
   */
  readonly #labelled = new Map<string, Uint8Array>();
  readonly #text = new ValueText();

  constructor(group: RowGroup, sides: readonly FacetSide[], names: readonly string[] | undefined) {
    this.#group = group;
    this.#sides = sides;
    this.#names = new Set(names ?? namesOf(group));
    // Where names are not asked for, one such as `label.app` is that of a field.
    this.#asked =
      names === undefined ? new Set([LEVEL].filter((each) => this.#names.has(each))) : new Set(names.filter(isAsked));
  }

  count(): void {
    for (const name of this.#asked) this.#countCodes(name);
    this.#countLabels();
    for (const counted of this.#countedColumns()) this.#countColumn(counted);
    for (const column of this.#group.columnsOf('')) {
      if (this.#group.columns[column]!.slot.kind !== KIND_TEXT) continue;
      for (const side of this.#sides) this.#countWholeLines(column, side);
    }
  }

  /** Whether a name is wanted that is that of a label or a field. */
  #isCounted(name: string): boolean {
    return this.#names.has(name) && !this.#asked.has(name);
  }

  /** Whether a name has too many values on one side. */
  #isId(name: string): boolean {
    return this.#sides.some(({ table }) => table.isId(name));
  }

  #countCodes(name: string): void {
    const { size, parts, addTotals, texts } = valueCodes(this.#group, name, memory.lender());
    for (const side of this.#sides) {
      const totals = memory.totals(size);
      if (side.isAll && addTotals !== undefined) addTotals(totals);
      else for (const [template, part] of parts.entries()) side.count(part, template, totals);
      addCodes(side.table, name, totals, texts, this.#text);
    }
  }

  #countLabels(): void {
    const { streams } = this.#group.info;
    const names = new Set(streams.flatMap((labels) => Object.keys(labels)));
    for (const name of names) {
      if (!this.#isCounted(name)) continue;
      this.#labelled.set(
        name,
        Uint8Array.from(streams, (labels) => (labelOf(labels, name) === undefined ? 0 : 1)),
      );
    }
    if (this.#labelled.size === 0) return;
    for (const side of this.#sides) {
      const counts = side.rowsByStream();
      for (const name of this.#labelled.keys()) {
        for (let stream = 0; stream < streams.length; stream++) {
          const value = counts[stream] === 0 ? undefined : labelOf(streams[stream]!, name);
          if (value !== undefined && value !== '') side.table.addValue(name, value, counts[stream]!);
        }
      }
    }
  }

  #countedColumns(): CountedColumn[] {
    const { columnsOfTemplate, columns } = this.#group;
    const counted: CountedColumn[] = [];
    /** By field: the last template in which it was found. */
    const seenIn = new Map<string, number>();
    for (const [template, ofTemplate] of columnsOfTemplate.entries()) {
      for (let slot = ofTemplate.length - 1; slot >= 0; slot--) {
        const column = ofTemplate[slot]!;
        const { slot: info } = columns[column]!;
        if (!isNamed(info) || !this.#isCounted(info.field) || seenIn.get(info.field) === template) continue;
        seenIn.set(info.field, template);
        (counted[column] ??= { column, templates: [] }).templates.push(template);
      }
    }
    return counted.filter((each) => each !== undefined);
  }

  #countColumn({ column, templates }: CountedColumn): void {
    const group = this.#group;
    const info = group.columns[column]!;
    const { field } = info.slot;
    const labelled = this.#labelled.get(field);
    if (this.#isId(field) || hasManyValues(group, column)) {
      for (const side of this.#sides) {
        const rows = new Uint32Array(1);
        for (const template of templates) side.count(ALL_THE_SAME, template, rows, labelled);
        side.table.addId(field, rows[0]!);
      }
      return;
    }
    const texts = new Texts();
    const { codes, base, addTotals } = columnCodes(group, column, texts, memory.lender());
    const isWhole = labelled === undefined && templates.length === info.parts.length;
    for (const side of this.#sides) {
      const totals = memory.totals(texts.size);
      if (side.isAll && isWhole && addTotals !== undefined) addTotals(totals);
      else {
        for (const template of templates) {
          const part: CodePart =
            codes === undefined
              ? { kind: 'same', code: base }
              : { kind: 'each', codes: codes(), first: firstValueOf(info, template), base };
          side.count(part, template, totals, labelled);
        }
      }
      addCodes(side.table, field, totals, texts, this.#text);
    }
  }

  #countWholeLines(column: number, { mask, table }: FacetSide): void {
    /** By field: the last line in which it was found. */
    const seenIn = new Map<string, number>();
    const streams = this.#labelled.size === 0 ? undefined : this.#group.streamCodes();
    const isMetadata = this.#metadataTest();
    forEachWholeLine(this.#group, column, mask === 'all' ? undefined : mask, (line) => {
      for (let i = line.fields.length - 1; i >= 0; i--) {
        const field = line.fields[i]!;
        if (!this.#isCounted(field) || seenIn.get(field) === line.row) continue;
        seenIn.set(field, line.row);
        if (this.#labelled.get(field)?.[streams![line.row]!] === 1 || isMetadata(line.row, field)) continue;
        if (this.#isId(field)) table.addId(field, 1);
        else addValue(table, field, line.value(i).toString(), 1);
      }
    });
  }

  /** Returns a test: whether a whole line has metadata of a name, which counts instead of its field. */
  #metadataTest(): (row: number, field: string) => boolean {
    if (!this.#group.hasMetadata) return () => false;
    const codes = this.#group.templateCodes();
    const names = this.#group.templates.map(({ slots }) => new Set(slots.map(({ field }) => field)));
    return (row, field) => names[codes[row]!]!.has(field);
  }
}

const ALL_THE_SAME: CodePart = { kind: 'same', code: 0 };

/** @param totals  by code */
function addCodes(table: FacetTable, name: string, totals: Uint32Array, texts: Texts, text: ValueText): void {
  for (let code = 0; code < totals.length; code++) {
    if (totals[code] === 0) continue;
    texts.write(code, text);
    addValue(table, name, text.toString(), totals[code]!);
  }
}

/** A line with an empty value counts as one without. */
function addValue(table: FacetTable, name: string, value: string, rows: number): void {
  if (value !== '') table.addValue(name, value, rows);
}

const ENCODINGS_OF_MANY: readonly number[] = [ENCODING_TIMESTAMP, ENCODING_UUID, ENCODING_HEX, ENCODING_RAW];

/** Whether a column is known to have more values than a facet counts. */
function hasManyValues(group: RowGroup, column: number): boolean {
  if (group.columns[column]!.count <= FACET_VALUES_MAX) return false;
  // Few values would be a dictionary: no page is read.
  if (ENCODINGS_OF_MANY.includes(group.columns[column]!.chunk.encoding)) return true;
  const texts = group.countedTexts(column);
  if (texts !== undefined) return texts.offsets.length - 1 > FACET_VALUES_MAX;
  const values = group.values(column);
  switch (values.kind) {
    case 'constant':
      return false;
    case 'dictionary':
      return values.values.offsets.length - 1 > FACET_VALUES_MAX;
    case 'integer':
      return values.max - values.min >= FACET_VALUES_MAX && exceeds(values.values, FACET_VALUES_MAX);
    case 'decimal':
      return exceeds(values.mantissas, FACET_VALUES_MAX);
    case 'pattern':
      return distinctCutTexts(values).values.length > FACET_VALUES_MAX;
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw':
      return true;
  }
}

function exceeds(numbers: ArrayLike<number>, distinctMax: number): boolean {
  const distinct = new Set<number>();
  for (let i = 0; i < numbers.length && distinct.size <= distinctMax; i++) distinct.add(numbers[i]!);
  return distinct.size > distinctMax;
}
