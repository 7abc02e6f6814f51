/**
 * Pushed lines → row groups: what an agent does on its node, done in a worker thread for those who have no agent.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { CorruptionError, PodlogError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { RowGroupBuilder, type ShreddedLine } from '../../shared/row-group/builder.ts';
import { FLAG_TRUNCATED } from '../../shared/row-group/format.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import {
  INFLATED_BODY_BYTES_MAX,
  LINE_BYTES_MAX,
  PUSHED_AGE_DAYS_MAX,
  PUSHED_GROUP_BYTES_MAX,
  PUSHED_LEAD_DAYS_MAX,
  PUSHED_ROWS_PER_GROUP_MAX,
} from '../limits.ts';
import { ownMemory, taskKind, type TaskResult } from '../workers/task.ts';
import { LineTimeParser } from './line-time.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ZSTD_LEVEL = 3;

export type BodyEncoding = 'identity' | 'gzip' | 'zstd';

export interface ShredInput {
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly labels: Labels;
  /** Time of the lines that have none of their own. */
  readonly arrivedMs: number;
}

export interface ShredOutput {
  readonly lineCount: number;
  /** The same for the same input, so that a repeated push has the same groups. */
  readonly rowGroups: readonly Uint8Array[];
}

export const SHRED = taskKind<ShredInput, ShredOutput>('shred');

/** Lives as long as the thread: what it learned of the lines' shapes serves the next push. */
let threadBuilder: RowGroupBuilder | undefined;

export function shredTask(input: ShredInput): TaskResult<ShredOutput> {
  const builder = threadBuilder ?? new RowGroupBuilder({ level: ZSTD_LEVEL });
  threadBuilder = undefined; // one that threw half-way holds rows of the failed push
  const output = shredLines(input, builder);
  threadBuilder = builder;
  return { output, transfer: output.rowGroups.flatMap(ownMemory) };
}

/**
 * Lines end with LF or CRLF, the last one with or without. Empty lines are skipped; a line that is too long is cut.
 * @throws CorruptionError  the body cannot be decompressed
 */
export function shredLines(input: ShredInput, builder: RowGroupBuilder): ShredOutput {
  const bytes = inflate(input.body, input.encoding);
  const arrived = rowTimeOfMs(input.arrivedMs);
  const own = new LineTimeParser();
  const rowGroups: Buffer[] = [];
  let lineCount = 0;
  let stream = -1;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const next = newline === -1 ? bytes.length : newline + 1;
    let end = newline === -1 ? bytes.length : newline;
    if (end > start && bytes[end - 1] === RETURN) end--;
    if (end > start) {
      const isLong = end - start > LINE_BYTES_MAX;
      const lineEnd = isLong ? start + LINE_BYTES_MAX : end;
      const flags = isLong ? FLAG_TRUNCATED : 0;
      if (isFull(builder)) {
        rowGroups.push(builder.finish());
        stream = -1;
      }
      const line = cut(bytes, start, lineEnd, builder);
      const { day, timeNs } = own.parse(line) && isPlausible(own.day, arrived.day) ? own : arrived;
      if (!builder.fits(day)) {
        rowGroups.push(builder.finish());
        stream = -1;
        cut(bytes, start, lineEnd, builder);
      }
      if (stream === -1) stream = builder.stream(input.labels);
      builder.addShredded(stream, day, timeNs, flags);
      lineCount++;
    }
    start = next;
  }
  if (builder.rowCount > 0) rowGroups.push(builder.finish());
  return { lineCount, rowGroups };
}

function cut(bytes: Buffer, start: number, end: number, builder: RowGroupBuilder): ShreddedLine {
  const at = builder.append(bytes, start, end);
  return builder.shred(at, at + end - start);
}

function isFull({ rowCount, arenaBytes }: RowGroupBuilder): boolean {
  return rowCount >= PUSHED_ROWS_PER_GROUP_MAX || arenaBytes >= PUSHED_GROUP_BYTES_MAX;
}

/** A clock that is years off would open a segment for each of its days. */
function isPlausible(day: number, today: number): boolean {
  return day >= today - PUSHED_AGE_DAYS_MAX && day <= today + PUSHED_LEAD_DAYS_MAX;
}

function inflate(body: Uint8Array, encoding: BodyEncoding): Buffer {
  const limit = { maxOutputLength: INFLATED_BODY_BYTES_MAX };
  try {
    switch (encoding) {
      case 'identity':
        return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      case 'gzip':
        return gunzipSync(body, limit);
      case 'zstd':
        return zstdDecompressSync(body, limit);
    }
  } catch (error) {
    if (error instanceof RangeError) {
      const message = `the body has more than ${INFLATED_BODY_BYTES_MAX} bytes when decompressed: send fewer lines at once`;
      throw new PodlogError('PODLOG_BODY_TOO_LARGE', 413, message, { cause: error });
    }
    throw new CorruptionError(`the body is not ${encoding}, as its content-encoding says`, undefined, { cause: error });
  }
}
