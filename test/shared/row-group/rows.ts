/** Rows for tests of merges: as plain objects, encoded, and read back. */
import fc from '../../fast-check.ts';
import { expect } from 'vitest';
import { labelsKey } from '../../../shared/labels.ts';
import { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { NS_PER_DAY } from '../../../shared/time.ts';
import { textLine } from './line-formats/lines.ts';

export const DAY = 20_780;

export interface Row {
  /** The restart of a run of its stream; undefined where it is not known. */
  readonly run?: number | undefined;
  readonly stream: string;
  readonly day: number;
  readonly timeNs: number;
  readonly flags: number;
  readonly line: string;
}

export function encodeBytes(rows: readonly Row[]): Buffer {
  const builder = new RowGroupBuilder();
  const codes = new Map<string, number>();
  for (const { stream, run, day, timeNs, flags, line } of rows) {
    const key = `${stream} ${run}`;
    const known = run === undefined ? undefined : { uid: 'uid', container: stream, restart: run };
    if (!codes.has(key)) codes.set(key, builder.stream({ app: stream }, known));
    const bytes = Buffer.from(line);
    const at = builder.append(bytes, 0, bytes.length);
    builder.add(codes.get(key)!, day, timeNs, flags, at, at + bytes.length);
  }
  return builder.finish();
}

export function encode(rows: readonly Row[]): RowGroup {
  return new RowGroup(encodeBytes(rows));
}

export function decode(group: RowGroup): Row[] {
  const { info } = group;
  const { bytes, offsets } = group.lines(Array.from({ length: info.rowCount }, (_, row) => row));
  return Array.from({ length: info.rowCount }, (_, row) => {
    const timeNs = group.timesNs()[row]!;
    const day = Math.floor(timeNs / NS_PER_DAY);
    const run = group.runs[group.runCodes()[row]! - 1];
    return {
      ...(run !== undefined && { run: run.restart }),
      stream: info.streams[group.streamCodes()[row]!]!['app']!,
      day: info.baseDay + day,
      timeNs: timeNs - day * NS_PER_DAY,
      flags: group.flags()[row]!,
      line: bytes.toString('utf8', offsets[row], offsets[row + 1]),
    };
  });
}

/** Fails unless the groups are a segment of exactly these rows: in time order, sorted by stream and time within. */
export function expectSegment(groups: readonly RowGroup[], rows: readonly Row[]): void {
  for (const [i, group] of groups.entries()) {
    const before = groups[i - 1]?.info.maxTimeNs ?? -Infinity;
    expect(group.info.minTimeNs).toBeGreaterThanOrEqual(before);
    const decoded = decode(group);
    expect(decoded).toEqual(decoded.toSorted((a, b) => compare(keyOf(a), keyOf(b)) || a.timeNs - b.timeNs));
  }
  // Rows of one stream with equal times stay in the order in which they came, from group to group too.
  const byStream = (each: readonly Row[]): Map<string, Row[]> => Map.groupBy(each, ({ stream }) => stream);
  const got = byStream(groups.flatMap(decode));
  const want = byStream(rows.toSorted((a, b) => a.timeNs - b.timeNs));
  expect([...got.keys()].toSorted()).toEqual([...want.keys()].toSorted());
  for (const [stream, ofStream] of want) expect(got.get(stream)).toEqual(ofStream);
}

function keyOf({ stream }: Row): string {
  return labelsKey({ app: stream });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.uuid({ version: 4 }),
  fc.constantFrom('a', 'b', '7', '2026-11-23T15:01:12Z', '2026-11-23T15:01:12.25Z', 'deadbeefdeadbeef', '12.5'),
  fc.string(),
);
export const row = fc.record<Row>({
  stream: fc.constantFrom('a', 'b', 'c'),
  run: fc.constantFrom(undefined, 0, 1, 7),
  day: fc.constantFrom(DAY, DAY, DAY + 1),
  timeNs: fc.nat(30).map((n) => n * 1e9),
  flags: fc.nat(7),
  line: fc.oneof(
    value.map((v) => JSON.stringify({ v })),
    fc.tuple(value, value).map(([v, w]) => JSON.stringify({ w, v })),
    textLine,
    fc.string(),
  ),
});
