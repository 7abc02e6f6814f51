/** The input of sinks: the chosen rows of a search, and their row groups, opened. */
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import type { CutLines } from '../../../../shared/row-group/line-sink.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { Run } from '../../../../shared/row-group/runs.ts';
import { type ArrivalOrigin, arrivalOf } from '../../../../shared/row-group/ties.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { type Cursor, streamRank } from '../../../store/cursor.ts';
import type { Sink } from '../../../store/sink.ts';
import { LineFields } from './line-fields.ts';
import { pickedFields } from './picked-fields.ts';
import { areReadFromColumns, type RowFields, rowFields } from './row-fields.ts';
import { writerOf } from './row-writers.ts';

/** Row rows[i] of row group groupOf[i], in the order of the answer. */
export interface ChosenRows {
  readonly groupOf: Uint32Array;
  readonly rows: Uint32Array;
  /** Times of these rows, in ns from the start of their row group's base day. */
  readonly timesNs: Float64Array;
}

/** A row group with everything that its rows need. */
export interface SinkGroup {
  readonly opened: RowGroup;
  /**
   * Returns the cursor of a row.
   * @param timeNs  its time, from the start of the group's base day
   */
  readonly cursorAt: (row: number, timeNs: number) => Cursor;
  /** Returns the stream of one of the wanted rows. */
  readonly streamOf: (row: number) => number;
  /** Returns the flags of one of the wanted rows. */
  readonly flagsOf: (row: number) => number;
  /** Returns the run of a row; undefined where it is not known. */
  readonly runOf: (row: number) => Run | undefined;
  /** The first of its wanted lines, built, in the order of the answer. For raw text they end with their newlines. */
  readonly lines: ByteStrings;
  /** The same, where values of metadata are wanted and there are some. */
  readonly withMetadata: CutLines | undefined;
  /** Size of these lines or, where a sink wants none, of the values of its names. */
  readonly sizeBytes: number;
  /** Set for forms of text that have fields. */
  readonly lineFields: LineFields | undefined;
  /** The fields that the sink asks for. */
  readonly fields: RowFields;
}

export function isRaw(sink: Sink): boolean {
  return sink.kind === 'text' && sink.format === 'raw';
}

/** Returns the bytes of lines that give a piece of about this size. */
export function lineBytesOf(sink: Sink, pieceBytes: number): number {
  return sink.kind === 'text' ? Math.ceil(pieceBytes / writerOf(sink).expansion) : pieceBytes;
}

/**
 * Reads everything that is needed.
 * @throws CorruptionError
 */
export function openSinkGroup(
  opened: RowGroup,
  origin: ArrivalOrigin,
  { rows, timesNs }: Pick<ChosenRows, 'rows' | 'timesNs'>,
  bytesMax: number,
  sink: Sink,
): SinkGroup {
  const streamOf = streamsOf(opened, rows);
  const options = { bytesMax, timesNs };
  const isWithoutLines = sink.kind === 'rows' && sink.withoutLines === true;
  const picked = isWithoutLines ? pickedFields(opened, sink.fields, rows, bytesMax) : undefined;
  const needsNoLine = isWithoutLines && areReadFromColumns(opened, sink.fields, rows.length);
  const cutLines = sink.kind === 'text' && writerOf(sink).needsFields ? opened.cutLines(rows, options) : undefined;
  const takesMetadata = sink.kind === 'rows' && sink.withMetadata === true && opened.hasMetadata;
  const withMetadata = takesMetadata ? opened.cutLines(rows, options, 'metadata') : undefined;
  const lines =
    cutLines ??
    withMetadata ??
    picked?.lines ??
    (needsNoLine ? linesLeftOut(rows.length) : opened.lines(rows, options, isRaw(sink)));
  return {
    opened,
    cursorAt: (row, timeNs) => cursorOf(opened, origin, streamOf(row), row, timeNs),
    lines,
    withMetadata,
    sizeBytes: picked?.sizeBytes ?? (needsNoLine ? rows.length * fieldBytesOf(sink) : lines.bytes.length),
    lineFields: cutLines && new LineFields(opened, cutLines),
    streamOf,
    flagsOf: flagsOf(opened, rows),
    runOf: runsOf(opened),
    fields: picked ?? rowFields(opened, sink.kind === 'text' ? [] : sink.fields, rows.length),
  };
}

const NO_BYTES = Buffer.alloc(0);

function linesLeftOut(count: number): ByteStrings {
  return { bytes: NO_BYTES, offsets: new Uint32Array(count + 1) };
}

/** Values of many rows are short; all of a group are within LINE_BYTES_PER_GROUP, as its lines are. */
const VALUE_BYTES = 16;

function fieldBytesOf(sink: Sink): number {
  return sink.kind === 'rows' ? sink.fields.length * VALUE_BYTES : 0;
}

/** Reads only the codes of the rows, where they are few. @throws CorruptionError */
function streamsOf(group: RowGroup, rows: Uint32Array): (row: number) => number {
  if (group.areFew(rows.length)) return byRow(rows, (ascending) => group.streamCodesAt(ascending));
  const codes = group.streamCodes();
  return (row) => codes[row]!;
}

/** Does the same for flags. @throws CorruptionError */
function flagsOf(group: RowGroup, rows: Uint32Array): (row: number) => number {
  if (group.areFew(rows.length)) return byRow(rows, (ascending) => group.flagsAt(ascending));
  const flags = group.flags();
  return (row) => flags[row]!;
}

/** Reads the runs of all rows when the first one is asked for: not every answer shows them. */
function runsOf(group: RowGroup): SinkGroup['runOf'] {
  if (group.runs.length === 0) return () => undefined;
  let codes: Uint16Array | undefined;
  return (row) => group.runs[(codes ??= group.runCodes())[row]! - 1];
}

/** @param read  returns the numbers of some rows, which ascend */
function byRow(rows: Uint32Array, read: (rows: Uint32Array) => ArrayLike<number>): (row: number) => number {
  const ascending = rows.toSorted();
  const numbers = read(ascending);
  const known = new Map(Array.from(ascending, (row, i) => [row, numbers[i]!]));
  return (row) => known.get(row)!;
}

/** @throws CorruptionError */
function cursorOf(group: RowGroup, origin: ArrivalOrigin, stream: number, row: number, timeNs: number): Cursor {
  const { baseDay, streams } = group.info;
  const days = Math.floor(timeNs / NS_PER_DAY);
  return {
    day: baseDay + days,
    timeNs: timeNs - days * NS_PER_DAY,
    stream: streamRank(streams[stream]!),
    arrival: arrivalOf(group, origin, row),
  };
}
