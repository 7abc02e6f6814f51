/** Builds lines again from templates and columns: all values of the columns, or only those that a few rows need. */
import { firstValueOf } from './column.ts';
import type { ColumnValues } from './encodings/column-values.ts';
import { RAW_BYTES_MAX } from './format.ts';
import type { ColumnInfo } from './header.ts';
import type { LineSink, OpenSlot, OpenTemplate } from './line-sink.ts';
import { placeOf, type RankedRows, rankedRows, splitByTemplate, type TemplateRows } from './template-order.ts';
import type { Template } from './template.ts';

/** The parts of a row group that its lines are built from. */
export interface LineParts {
  readonly templates: readonly Template[];
  readonly columns: readonly ColumnInfo[];
  readonly columnsOfTemplate: readonly (readonly number[])[];
  readonly lineColumnsOfTemplate: readonly (readonly number[])[];
  templateCodes(): Uint16Array;
  ranks(): Int32Array;
  timesAt(rows: ArrayLike<number>): Float64Array;
  values(column: number): ColumnValues;
  /** Whether so few rows are wanted that their values are picked. */
  areFew(rows: number): boolean;
  /** Whether some values of a column take less work than all of them. */
  canPick(column: number): boolean;
  /**
   * @param indices  of values, ascending
   * @param timesNs  returns the times of their rows
   */
  pickedValues(column: number, indices: Int32Array, timesNs: () => Float64Array): ColumnValues;
}

/** The only rows whose lines are wanted: ascending, each once, with their ranks. */
interface FewRows extends RankedRows {
  /** Their times, where they are known. */
  readonly timesNs: Float64Array | undefined;
  readonly byTemplate: ReadonlyMap<number, TemplateRows>;
}

export interface LinesOptions {
  /** The lines end with the one that reaches it. */
  readonly bytesMax?: number;
  /** Times of the rows, where they are known: those of a few are not read again. */
  readonly timesNs?: Float64Array;
}

/** A column from which lines are built. */
interface OpenColumn {
  readonly values: ColumnValues;
  /** By template: the index of its first value among those that were picked. Undefined if all values are present. */
  readonly pickedFirsts: ReadonlyMap<number, number> | undefined;
}

/** Adds the lines of some rows to the sink, up to the one that reaches `bytesMax`. */
export function buildLines(
  group: LineParts,
  rows: ArrayLike<number>,
  { bytesMax = RAW_BYTES_MAX, timesNs }: LinesOptions,
  sink: LineSink,
): void {
  const codes = group.templateCodes();
  const few = group.areFew(rows.length) ? fewRows(group, codes, rows, timesNs) : undefined;
  const ranks = few === undefined ? group.ranks() : undefined;
  const columns = new Map<number, OpenColumn>();
  const templates = new Map<number, OpenTemplate>();
  for (let i = 0; i < rows.length && sink.sizeBytes < bytesMax; i++) {
    const code = codes[rows[i]!]!;
    let template = templates.get(code);
    if (template === undefined) {
      template = openTemplate(group, code, columns, few, sink.takesMetadata);
      templates.set(code, template);
    }
    sink.add(template, few === undefined ? ranks![rows[i]!]! : few.ranks[placeOf(few.rows, rows[i]!)]!);
  }
}

function fewRows(
  group: LineParts,
  codes: Uint16Array,
  wanted: ArrayLike<number>,
  timesNs: Float64Array | undefined,
): FewRows {
  const ranked = rankedRows(codes, group.templates.length, wanted);
  const inOrder = timesNs && new Float64Array(ranked.rows.length);
  if (timesNs !== undefined) {
    for (let i = 0; i < timesNs.length; i++) inOrder![placeOf(ranked.rows, wanted[i]!)] = timesNs[i]!;
  }
  return { ...ranked, timesNs: inOrder, byTemplate: splitByTemplate(ranked, codes) };
}

/**
 * @param columns  the open ones: however many templates have a column, it is read once
 * @param few  the only rows that will be read; undefined when they may be many
 */
function openTemplate(
  group: LineParts,
  code: number,
  columns: Map<number, OpenColumn>,
  few: FewRows | undefined,
  withMetadata: boolean,
): OpenTemplate {
  const open = (column: number): OpenSlot => {
    let opened = columns.get(column);
    if (opened === undefined) columns.set(column, (opened = openColumn(group, column, few)));
    const { values, pickedFirsts } = opened;
    if (pickedFirsts === undefined) {
      return { values, firstValue: firstValueOf(group.columns[column]!, code), ranks: undefined };
    }
    return { values, firstValue: pickedFirsts.get(code)!, ranks: few!.byTemplate.get(code)!.ranks };
  };
  const inLine = group.lineColumnsOfTemplate[code]!;
  const besides = withMetadata ? group.columnsOfTemplate[code]!.slice(inLine.length) : NO_COLUMNS;
  return { literals: group.templates[code]!.literals, slots: inLine.map(open), metadata: besides.map(open) };
}

const NO_COLUMNS: readonly number[] = [];

function openColumn(group: LineParts, column: number, few: FewRows | undefined): OpenColumn {
  const info = group.columns[column]!;
  if (few === undefined || !group.canPick(column)) {
    return { values: group.values(column), pickedFirsts: undefined };
  }
  const pickedFirsts = new Map<number, number>();
  const indices: number[] = [];
  const places: number[] = [];
  for (const { template, firstValue } of info.parts) {
    const rows = few.byTemplate.get(template);
    if (rows === undefined) continue;
    pickedFirsts.set(template, indices.length);
    for (const rank of rows.ranks) indices.push(firstValue + rank);
    for (const place of rows.places) places.push(place);
  }
  const timesOfValues = (): Float64Array => {
    const timesNs = few.timesNs ?? group.timesAt(few.rows);
    return Float64Array.from(places, (place) => timesNs[place]!);
  };
  const values = group.pickedValues(column, Int32Array.from(indices), timesOfValues);
  return { values, pickedFirsts };
}
