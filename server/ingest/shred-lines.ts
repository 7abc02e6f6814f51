/**
 * Pushed lines → row groups: what an agent does on its node, done in a worker thread for those who have no agent.
 */
import type { Labels } from '../../shared/labels.ts';
import { RowGroupBuilder, type ShreddedLine } from '../../shared/row-group/builder.ts';
import { FLAG_TRUNCATED } from '../../shared/row-group/format.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import {
  LINE_BYTES_MAX,
  PUSHED_AGE_DAYS_MAX,
  PUSHED_GROUP_BYTES_MAX,
  PUSHED_GROUP_VALUES_MAX,
  PUSHED_LEAD_DAYS_MAX,
  PUSHED_ROWS_PER_GROUP_MAX,
} from '../limits.ts';
import { ownMemory, taskKind, type TaskResult } from '../workers/task.ts';
import { LineTimeParser } from './line-time.ts';
import { type ContentCoding, decodeBody } from './push-body.ts';
import { contentHash, type StoredPush } from './stored-pushes.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ZSTD_LEVEL = 3;

export interface ShredInput {
  readonly body: Uint8Array;
  /** In the order in which they were applied. */
  readonly codings: readonly ContentCoding[];
  readonly labels: Labels;
  /** Time of the lines that have none of their own. */
  readonly arrivedMs: number;
  /** Whether `content` of the output is wanted. */
  readonly isHashed: boolean;
  /** What is stored of this push already and is not made again; with another content, nothing is made. */
  readonly stored: StoredPush | undefined;
}

export interface PushedRowGroup {
  readonly bytes: Uint8Array;
  /** Lines of the push up to its end. */
  readonly endLine: number;
}

export interface ShredOutput {
  /** Hash of labels and lines; the same however the body was compressed. */
  readonly content: string;
  /** Of the whole body. */
  readonly lineCount: number;
  readonly rowGroups: readonly PushedRowGroup[];
}

export const SHRED = taskKind<ShredInput, ShredOutput>('shred');

/** Lives as long as the thread: what it learned of the lines' shapes serves the next push. */
let threadBuilder: RowGroupBuilder | undefined;

export function shredTask(input: ShredInput): TaskResult<ShredOutput> {
  const builder = threadBuilder ?? new RowGroupBuilder({ level: ZSTD_LEVEL });
  threadBuilder = undefined; // one that threw half-way holds rows of the failed push
  const output = shredLines(input, builder);
  // What a large push has taken is given back: it is tens of megabytes, in each worker that such a push comes to.
  if (output.rowGroups.length <= 1) threadBuilder = builder;
  return { output, transfer: output.rowGroups.flatMap(({ bytes }) => ownMemory(bytes)) };
}

/**
 * Lines end with LF or CRLF, the last one with or without. Empty lines are skipped; a line that is too long is cut.
 * @throws CorruptionError  the body cannot be decompressed
 */
export function shredLines(input: ShredInput, builder: RowGroupBuilder): ShredOutput {
  const bytes = decodeBody(input.body, input.codings);
  const content = input.isHashed ? hashOf(input.labels, bytes) : '';
  if (input.stored !== undefined && input.stored.content !== content) return { content, lineCount: 0, rowGroups: [] };
  const storedLines = input.stored?.lineCount ?? 0;
  const arrived = rowTimeOfMs(input.arrivedMs);
  const own = new LineTimeParser();
  const rowGroups: PushedRowGroup[] = [];
  let lineCount = 0;
  let stream = -1;
  const finish = (): void => {
    rowGroups.push({ bytes: builder.finish(), endLine: lineCount });
    stream = -1;
  };
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const next = newline === -1 ? bytes.length : newline + 1;
    let end = newline === -1 ? bytes.length : newline;
    if (end > start && bytes[end - 1] === RETURN) end--;
    if (end > start && lineCount < storedLines) lineCount++;
    else if (end > start) {
      const isLong = end - start > LINE_BYTES_MAX;
      const lineEnd = isLong ? start + LINE_BYTES_MAX : end;
      const flags = isLong ? FLAG_TRUNCATED : 0;
      if (isFull(builder)) finish();
      const line = cut(bytes, start, lineEnd, builder);
      const { day, timeNs } = own.parse(line) && isPlausible(own.day, arrived.day) ? own : arrived;
      if (!builder.fits(day)) {
        finish();
        cut(bytes, start, lineEnd, builder);
      }
      if (stream === -1) stream = builder.stream(input.labels);
      builder.addShredded(stream, day, timeNs, flags);
      lineCount++;
    }
    start = next;
  }
  if (builder.rowCount > 0) finish();
  return { content, lineCount, rowGroups };
}

/** Whatever the order of the labels in the query. */
function hashOf(labels: Labels, bytes: Uint8Array): string {
  const hash = contentHash();
  hash.update(`${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}\n`);
  hash.update(bytes);
  return hash.digest();
}

function cut(bytes: Buffer, start: number, end: number, builder: RowGroupBuilder): ShreddedLine {
  const at = builder.append(bytes, start, end);
  return builder.shred(at, at + end - start);
}

function isFull({ rowCount, arenaBytes, valueCount }: RowGroupBuilder): boolean {
  return (
    rowCount >= PUSHED_ROWS_PER_GROUP_MAX ||
    arenaBytes >= PUSHED_GROUP_BYTES_MAX ||
    valueCount >= PUSHED_GROUP_VALUES_MAX
  );
}

/** A clock that is years off would open a segment for each of its days. */
function isPlausible(day: number, today: number): boolean {
  return day >= today - PUSHED_AGE_DAYS_MAX && day <= today + PUSHED_LEAD_DAYS_MAX;
}
