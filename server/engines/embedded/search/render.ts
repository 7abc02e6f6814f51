/**
 * Renders lines as text. One object a line for NDJSON; the unchanged lines for raw; columns for CSV, harmless to a
 * spreadsheet or exact; and for JSON the objects of NDJSON separated by commas, which the route puts between brackets.
 */
import type { Labels } from '../../../../shared/labels.ts';
import { formatTime } from '../../../../shared/time.ts';
import { flagNames } from '../../../store/row-block.ts';
import { type AnswerFormat, CSV_LABELS, JSON_LINE_END, type TextSink } from '../../../store/sink.ts';
import type { ChosenRows, SinkGroup } from './sink-group.ts';

const NEWLINE = Buffer.from('\n');

interface Line {
  readonly time: string;
  readonly labels: Labels;
  readonly flags: number;
  readonly bytes: Buffer;
}

/** The text of the first of some rows, and the end of each: of all rows, if their lines are not too long. */
export interface RenderedText {
  readonly kind: 'text';
  readonly text: Uint8Array;
  readonly ends: Uint32Array;
}

/**
 * Invalid UTF-8 is replaced, except in raw.
 * @see sinkRows
 */
export function textOf(
  groups: readonly (SinkGroup | undefined)[],
  { groupOf, rows, timesNs }: ChosenRows,
  { format }: TextSink,
): RenderedText {
  const write = WRITERS[format];
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
  return { kind: 'text', text: Buffer.concat(parts, sizeBytes), ends: ends.subarray(0, count) };
}

function lineOf(group: SinkGroup, row: number, timeNs: number, index: number): Line {
  const { opened, lines, streamCodes, flags } = group;
  return {
    time: formatTime(opened.info.baseDay, timeNs),
    labels: opened.info.streams[streamCodes[row]!]!,
    flags: flags[row]!,
    bytes: lines.bytes.subarray(lines.offsets[index], lines.offsets[index + 1]),
  };
}

const WRITERS: Readonly<Record<AnswerFormat, (line: Line) => Buffer>> = {
  ndjson: (line) => Buffer.from(`${objectOf(line)}\n`),
  json: (line) => Buffer.from(`${objectOf(line)}${JSON_LINE_END}`),
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
  const names = flagNames(flags);
  return JSON.stringify({ time, labels, ...(names.length > 0 && { flags: names }), line: bytes.toString() });
}

/** RFC 4180: quotes where a comma, quote or line break would be misread. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet takes a cell that begins like this for a formula, except where it is a number. */
const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;
const NUMBER = /^[+-]\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** Lines are untrusted input: what a spreadsheet would run as a formula becomes text. */
function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}
