/**
 * Facets of one row group: the labels and fields of matching lines, how often they occur, and their values. Every
 * stream, column and whole line is visited once, whatever the number of names.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { firstValueOf } from '../../../../shared/row-group/reader.ts';
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
import type { Predicate } from '../../../store/predicate.ts';
import { FacetTable, type Ids } from './facet-table.ts';
import type { FacetCounts } from '../../../store/facets.ts';
import { countCodes } from './group-codes.ts';
import { countPart, rowsOf } from './row-counts.ts';
import { Texts } from './texts.ts';
import { type CodePart, columnCodes, valueCodes } from './value-codes.ts';
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
  const table = new FacetTable(ids);
  const mask = matchMask(group, predicate);
  if (mask === 'all' || hasMarked(mask)) new GroupFacets(group, mask, names, table).count();
  return table.counts();
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
  readonly #mask: Uint8Array | 'all';
  /** In template order; undefined when all rows match. */
  readonly #selected: Uint8Array | undefined;
  /** By template: the start of its rows in template order. */
  readonly #starts: Int32Array;
  readonly #names: ReadonlySet<string>;
  /** Those of them that are no plain names: a level, which several fields can hold, or a shape. */
  readonly #asked: ReadonlySet<string>;
  /** Names of labels of the group's streams: lines of a stream that has the label are not searched for the field. */
  readonly #labelNames = new Set<string>();
  readonly #table: FacetTable;

  constructor(group: RowGroup, mask: Uint8Array | 'all', names: readonly string[] | undefined, table: FacetTable) {
    const { counts, selected } = rowsOf(group, mask);
    this.#group = group;
    this.#mask = mask;
    this.#selected = selected;
    this.#starts = new Int32Array(counts.length + 1);
    for (const [template, count] of counts.entries()) this.#starts[template + 1] = this.#starts[template]! + count;
    this.#names = new Set(names ?? namesOf(group));
    // Where names are not asked for, one such as `label.app` is that of a field.
    this.#asked =
      names === undefined ? new Set([LEVEL].filter((each) => this.#names.has(each))) : new Set(names.filter(isAsked));
    this.#table = table;
  }

  count(): void {
    for (const name of this.#asked) this.#countCodes(name);
    this.#countLabels();
    for (const counted of this.#countedColumns()) this.#countColumn(counted);
    for (const column of this.#group.columnsOf('')) {
      if (this.#group.columns[column]!.slot.kind === KIND_TEXT) this.#countWholeLines(column);
    }
  }

  /** Whether a name is wanted that is that of a label or a field. */
  #isCounted(name: string): boolean {
    return this.#names.has(name) && !this.#asked.has(name);
  }

  #countCodes(name: string): void {
    const counts = Int32Array.from(this.#group.templateRowCounts);
    const values = valueCodes(this.#group, name);
    const totals = new Uint32Array(values.size);
    countCodes(values, { counts, selected: this.#selected }, totals);
    this.#addTotals(name, totals, values.texts);
  }

  #countLabels(): void {
    const { streams } = this.#group.info;
    const counts = this.#rowsByStream();
    for (const [stream, labels] of streams.entries()) {
      for (const [name, value] of Object.entries(labels)) {
        if (!this.#isCounted(name)) continue;
        this.#labelNames.add(name);
        if (counts[stream]! > 0 && value !== '') this.#table.addValue(name, value, counts[stream]!);
      }
    }
  }

  #rowsByStream(): Uint32Array {
    const { rowCount, streams } = this.#group.info;
    if (this.#mask === 'all' && streams.length === 1) return Uint32Array.of(rowCount);
    const counts = new Uint32Array(streams.length);
    const codes = this.#group.streamCodes();
    for (let row = 0; row < rowCount; row++) if (this.#mask === 'all' || this.#mask[row] === 1) counts[codes[row]!]!++;
    return counts;
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
    if (this.#table.isId(field) || hasManyValues(group, column)) {
      const rows = new Uint32Array(1);
      for (const template of templates) this.#count({ kind: 'same', code: 0 }, template, field, rows);
      return this.#table.addId(field, rows[0]!);
    }
    const texts = new Texts();
    const { codes, base, addTotals } = columnCodes(group, column, texts);
    const totals = new Uint32Array(texts.size);
    const isAll =
      this.#selected === undefined && !this.#labelNames.has(field) && templates.length === info.parts.length;
    if (isAll && addTotals !== undefined) {
      addTotals(totals);
      return this.#addTotals(field, totals, texts);
    }
    for (const template of templates) {
      const first = firstValueOf(info, template);
      const part: CodePart =
        codes === undefined ? { kind: 'same', code: base } : { kind: 'each', codes: codes(), first, base };
      this.#count(part, template, field, totals);
    }
    this.#addTotals(field, totals, texts);
  }

  /** Adds the rows of a template to the totals of their codes. */
  #count(part: CodePart, template: number, field: string, totals: Uint32Array): void {
    const start = this.#starts[template]!;
    const end = this.#starts[template + 1]!;
    if (this.#labelNames.has(field)) countPart(part, 0, end - start, this.#unlabelled(field, start, end), totals);
    else countPart(part, start, end, this.#selected, totals);
  }

  /** By position in template order, from `start` on: 1 where a row matches and its stream has no label of the name. */
  #unlabelled(name: string, start: number, end: number): Uint8Array {
    const { templateRows } = this.#group.order();
    const { labelled, streams } = this.#labelled(name);
    const unlabelled = new Uint8Array(end - start);
    for (let i = start; i < end; i++) {
      const isSelected = this.#selected === undefined || this.#selected[i] === 1;
      if (isSelected) unlabelled[i - start] = 1 - labelled[streams[templateRows[i]!]!]!;
    }
    return unlabelled;
  }

  /** By stream: 1 where it has a label of the name; and the stream of each row. */
  #labelled(name: string): { readonly labelled: Uint8Array; readonly streams: Uint16Array } {
    const labelled = Uint8Array.from(this.#group.info.streams, (labels) =>
      labelOf(labels, name) === undefined ? 0 : 1,
    );
    return { labelled, streams: this.#group.streamCodes() };
  }

  #countWholeLines(column: number): void {
    /** By field: the last line in which it was found. */
    const seenIn = new Map<string, number>();
    const ofLabels = new Map(Array.from(this.#labelNames, (name) => [name, this.#labelled(name)]));
    forEachWholeLine(this.#group, column, this.#mask === 'all' ? undefined : this.#mask, (line) => {
      for (let i = line.fields.length - 1; i >= 0; i--) {
        const field = line.fields[i]!;
        if (!this.#isCounted(field) || seenIn.get(field) === line.row) continue;
        seenIn.set(field, line.row);
        const ofLabel = ofLabels.get(field);
        if (ofLabel !== undefined && ofLabel.labelled[ofLabel.streams[line.row]!] === 1) continue;
        if (this.#table.isId(field)) this.#table.addId(field, 1);
        else this.#addValue(field, line.value(i).toString(), 1);
      }
    });
  }

  /** @param totals  by code */
  #addTotals(name: string, totals: Uint32Array, texts: Texts): void {
    const text = new ValueText();
    for (let code = 0; code < totals.length; code++) {
      if (totals[code] === 0) continue;
      texts.write(code, text);
      this.#addValue(name, text.toString(), totals[code]!);
    }
  }

  /** A line with an empty value counts as one without. */
  #addValue(name: string, value: string, rows: number): void {
    if (value !== '') this.#table.addValue(name, value, rows);
  }
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
    case 'decimal':
      return exceeds(values.kind === 'integer' ? values.values : values.mantissas, FACET_VALUES_MAX);
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
