/**
 * The text of an answer. One object a line for NDJSON; the lines as they were for raw; columns for CSV, harmless to a
 * spreadsheet or exact; and for JSON the objects of NDJSON separated by commas, which the route puts between brackets.
 */
import { CorruptionError, type Unusable, unusableBy } from '../../../../shared/errors.ts';
import type { RowGroupPlace, RowGroups } from '../scan/row-groups.ts';
import type { ByteStrings } from '../../../../shared/row-group/byte-strings.ts';
import type { Labels } from '../../../../shared/labels.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { formatTime } from '../../../../shared/time.ts';
import { type AnswerFormat, CSV_LABELS, type Sink } from '../../../store/sink.ts';

const FLAG_NAMES = [
  [FLAG_PARTIAL, 'partial'],
  [FLAG_TRUNCATED, 'truncated'],
  [FLAG_UNPARSED, 'unparsed'],
] as const;

const NEWLINE = Buffer.from('\n');

const NO_ROWS = new Uint32Array(0);

interface Line {
  readonly time: string;
  readonly labels: Labels;
  readonly flags: number;
  readonly bytes: Buffer;
}

/** A row group, and the first of its wanted lines put together, in the order in which the answer has them. */
interface RenderGroup {
  readonly opened: RowGroup;
  readonly lines: ByteStrings;
}

/** The text of the first of some rows, and where that of each one ends: of all where their lines are not too long. */
export interface RenderedRows {
  readonly text: Uint8Array;
  readonly ends: Uint32Array;
}

/**
 * Row rows[i] of groups[groupOf[i]], one after the other, up to the first one whose line has not been put together; rows of
 * a group that cannot be read are left out. Invalid UTF-8 is replaced, except in raw.
 */
export function renderRows(
  groups: readonly (RenderGroup | undefined)[],
  { groupOf, rows, timesNs, sink }: Omit<RenderInput, 'places' | 'bytesMax'>,
): RenderedRows {
  const write = WRITERS[sink.format];
  const next = new Uint32Array(groups.length);
  const ends = new Uint32Array(rows.length);
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  let count = 0;
  for (; count < rows.length; count++) {
    const group = groups[groupOf[count]!];
    if (group !== undefined) {
      const line = next[groupOf[count]!]!++;
      if (line + 1 >= group.lines.offsets.length) break;
      const text = write(lineOf(group, rows[count]!, timesNs[count]!, line));
      parts.push(text);
      sizeBytes += text.length;
    }
    ends[count] = sizeBytes;
  }
  return { text: Buffer.concat(parts, sizeBytes), ends: ends.subarray(0, count) };
}

function lineOf({ opened, lines }: RenderGroup, row: number, timeNs: number, index: number): Line {
  return {
    time: formatTime(opened.info.baseDay, timeNs),
    labels: opened.info.streams[opened.streamCodes()[row]!]!,
    flags: opened.flags()[row]!,
    bytes: lines.bytes.subarray(lines.offsets[index], lines.offsets[index + 1]),
  };
}

const WRITERS: Readonly<Record<AnswerFormat, (line: Line) => Buffer>> = {
  ndjson: (line) => Buffer.from(`${objectOf(line)}\n`),
  json: (line) => Buffer.from(`${objectOf(line)},\n`),
  raw: ({ bytes }) => Buffer.concat([bytes, NEWLINE]),
  csv: (line) => Buffer.from(`${cellsOf(line).map(harmless).map(csvCell).join(',')}\n`),
  'csv-exact': (line) => Buffer.from(`${cellsOf(line).map(csvCell).join(',')}\n`),
};

function cellsOf({ time, labels, bytes }: Line): string[] {
  const others = Object.entries(labels).filter(([name]) => !(CSV_LABELS as readonly string[]).includes(name));
  return [
    time,
    ...CSV_LABELS.map((name) => labels[name] ?? ''),
    others.map(([name, value]) => `${name}=${value}`).join(' '),
    bytes.toString(),
  ];
}

function objectOf({ time, labels, flags, bytes }: Line): string {
  const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
  return JSON.stringify({ time, labels, ...(names.length > 0 && { flags: names }), line: bytes.toString() });
}

/** RFC 4180: quotes where a comma, quote or line break would be misread. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What makes a spreadsheet take a cell for a formula, and what is a number all the same. */
const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;
const NUMBER = /^[+-]\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** Lines are not to be trusted: what a spreadsheet would run as a formula becomes text. */
function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

export interface RenderInput {
  /** In the order in which the rows need them. */
  readonly places: readonly RowGroupPlace[];
  /** Row rows[i] of the row group at places[groupOf[i]], in the order of the answer. */
  readonly groupOf: Uint32Array;
  readonly rows: Uint32Array;
  /** Of these rows, ns from the start of their row group's base day. */
  readonly timesNs: Float64Array;
  readonly sink: Sink;
  /** Of their lines; with the line that reaches it the text ends. */
  readonly bytesMax: number;
}

export interface RenderOutput extends RenderedRows {
  /** Row groups, as indices into places, whose lines are missing in the text, and why. */
  readonly corruptions: readonly (Unusable & { readonly group: number })[];
}

/** At least one row, which is the first one; of row groups in the order in which rows need them, all that there is room for. */
export function render(input: RenderInput, rowGroups: RowGroups): RenderOutput {
  const { places, groupOf, rows, bytesMax } = input;
  const corruptions: (Unusable & { group: number })[] = [];
  let leftBytes = bytesMax;
  const groups = places.map((place, group) => {
    try {
      const opened = rowGroups.open(place);
      const wanted = leftBytes > 0 ? rows.filter((_, i) => groupOf[i] === group) : NO_ROWS;
      const lines = opened.lines(wanted, leftBytes);
      leftBytes -= lines.bytes.length;
      return { opened, lines };
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      corruptions.push({ group, ...unusableBy(error) });
      return undefined;
    }
  });
  return { ...renderRows(groups, input), corruptions };
}
