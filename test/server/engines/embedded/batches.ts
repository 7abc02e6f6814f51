/** Small batches for tests of the store: numbered lines, so that a missing or doubled one has a name. */
import { appendMetadata } from '../../../shared/row-group/metadata.ts';
import { RowGroupBuilder } from '../../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type Run, runKey } from '../../../../shared/row-group/runs.ts';
import { type Labels, labelsKey } from '../../../../shared/labels.ts';
import { formatTime, NS_PER_DAY } from '../../../../shared/time.ts';
import { encodeBatch, type FileRange, type Position } from '../../../../shared/wire.ts';
import { readFileSync } from 'node:fs';
import type { RowGroupRef } from '../../../../server/engines/embedded/segment/row-group-ref.ts';

/** 2026-11-23. */
export const TODAY = 20_780;
const STREAM: Labels = { namespace: 'shop', pod: 'api-1', container: 'api', stream: 'stdout' };

export interface Line {
  readonly text: string;
  readonly day?: number;
  readonly timeNs?: number;
  readonly labels?: Labels;
  readonly run?: Run | undefined;
  readonly metadata?: Labels | undefined;
}

export function rowGroupOf(lines: readonly Line[]): Buffer {
  const builder = new RowGroupBuilder();
  const codes = new Map<string, number>();
  for (const [row, { text, day = TODAY, timeNs = row * 1e6, labels = STREAM, run, metadata = {} }] of lines.entries()) {
    const key = `${labelsKey(labels)} ${run && runKey(run)}`;
    if (!codes.has(key)) codes.set(key, builder.stream(labels, run));
    const bytes = Buffer.from(text);
    const start = builder.append(bytes, 0, bytes.length);
    builder.shred(start, start + bytes.length);
    builder.addShredded(codes.get(key)!, day, timeNs, 0, appendMetadata(builder, metadata));
  }
  return builder.finish();
}

export interface BatchOfLines {
  readonly lines?: readonly Line[];
  readonly node?: string;
  readonly files?: readonly FileRange[];
  readonly gone?: readonly string[];
}

export function batchOf({ lines = [], node = 'node-1', files = [], gone = [] }: BatchOfLines): Buffer {
  return encodeBatch({ node, files, gone, rowGroup: lines.length === 0 ? Buffer.alloc(0) : rowGroupOf(lines) });
}

/** `count` lines `"<name> <number>"` from number `from` on, a millisecond apart. */
export function numberedLines(name: string, from: number, count: number, day = TODAY): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `{"name":"${name}","n":${from + i}}`,
    day,
    timeNs: (from + i) * 1e6,
  }));
}

export function range(file: string, from: number, to: number): FileRange {
  return { file, from: at(from), to: at(to) };
}

export function at(stdout: number): Position {
  return { stdout, stderr: 0 };
}

/** Every line of some row groups as `time labels text`, read from the files as a scan does. */
export function readLines(rowGroups: readonly RowGroupRef[]): string[] {
  const files = new Map<string, Buffer>();
  const result: string[] = [];
  for (const ref of rowGroups) {
    if (!files.has(ref.path)) files.set(ref.path, readFileSync(ref.path));
    const group = new RowGroup(files.get(ref.path)!.subarray(ref.offset, ref.offset + ref.sizeBytes));
    const times = group.timesNs();
    const { bytes, offsets } = group.lines(Array.from(times.keys()));
    for (const [row, timeNs] of times.entries()) {
      const day = group.info.baseDay + Math.floor(timeNs / NS_PER_DAY);
      const time = formatTime(day, timeNs - (day - group.info.baseDay) * NS_PER_DAY);
      const labels = labelsKey(group.info.streams[group.streamCodes()[row]!]!);
      result.push(`${time} ${labels} ${bytes.toString('utf8', offsets[row], offsets[row + 1])}`);
    }
  }
  return result.toSorted();
}

/** What `readLines` gives for lines. */
export function linesAsRead(lines: readonly Line[]): string[] {
  return lines
    .map(({ text, day = TODAY, timeNs, labels = STREAM }, row) => {
      return `${formatTime(day, timeNs ?? row * 1e6)} ${labelsKey(labels)} ${text}`;
    })
    .toSorted();
}
