/**
 * Shreds pushed lines into row groups in a worker thread, one window of a body after the other: an agent does this on
 * its node.
 */
import type { Labels } from '../../shared/labels.ts';
import type { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { FLAG_TRUNCATED } from '../../shared/row-group/format.ts';
import type { RedactRule } from '../../shared/rules/rule-set.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import { LINE_BYTES_MAX, PUSHED_AGE_DAYS_MAX, PUSHED_LEAD_DAYS_MAX } from '../limits.ts';
import { ownMemory } from '../../shared/own-memory.ts';
import { taskKind, type TaskResult } from '../workers/task.ts';
import { cut, isFull, type PushedRowGroup, withBuilder } from './group-builder.ts';
import { LineTimeParser } from './line-time.ts';
import { NO_REDACTIONS, pushRedactor, type RedactionCounts } from './push-redactor.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface ShredInput {
  /** Lines in bytes[start, end). */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly labels: Labels;
  /** Time for lines without one of their own. */
  readonly arrivedMs: number;
  /** Number of lines at the beginning that are stored already, and are not shredded again. */
  readonly skippedLines: number;
  readonly redact: readonly RedactRule[];
}

export interface ShredOutput {
  /** Number of lines from the start to the rest. */
  readonly lineCount: number;
  readonly rowGroups: readonly PushedRowGroup[];
  /** The rest, which was not shredded because other tasks waited for the worker; undefined if there is none. */
  readonly rest: Pick<ShredInput, 'bytes' | 'start' | 'end'> | undefined;
  /** Undefined without rules. */
  readonly redactions: RedactionCounts | undefined;
}

export const SHRED = taskKind<ShredInput, ShredOutput>('shred');

export function shredTask(input: ShredInput, shouldYield: () => boolean): TaskResult<ShredOutput> {
  const output = withBuilder((builder) => shredLines(input, builder, shouldYield));
  const kept = output.rest === undefined ? [] : ownMemory(output.rest.bytes);
  return { output, transfer: [...output.rowGroups.flatMap(({ bytes }) => ownMemory(bytes)), ...kept] };
}

/** Lines end with LF or CRLF, which the last one may lack. Empty lines are skipped; a line that is too long is cut. */
function shredLines(input: ShredInput, builder: RowGroupBuilder, shouldYield: () => boolean): ShredOutput {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength);
  const arrived = rowTimeOfMs(input.arrivedMs);
  const own = new LineTimeParser();
  const redactor = pushRedactor(input.redact);
  const redactions = redactor?.redactionsOf(input.labels) ?? NO_REDACTIONS;
  const rowGroups: PushedRowGroup[] = [];
  let lineCount = 0;
  let stream = -1;
  const finish = (): void => {
    rowGroups.push({ bytes: builder.finish(), endLine: lineCount });
    stream = -1;
  };
  for (let start = input.start; start < input.end;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const isLast = newline === -1 || newline >= input.end;
    const next = isLast ? input.end : newline + 1;
    let end = isLast ? input.end : newline;
    if (end > start && bytes[end - 1] === RETURN) end--;
    if (end > start && lineCount < input.skippedLines) lineCount++;
    else if (end > start) {
      if (isFull(builder)) {
        finish();
        const rest = { bytes: input.bytes, start, end: input.end };
        if (shouldYield()) return { lineCount, rowGroups, rest, redactions: redactor?.takeCounts() };
      }
      let [text, at, atEnd] = [bytes, start, Math.min(end, start + LINE_BYTES_MAX)];
      let flags = atEnd < end ? FLAG_TRUNCATED : 0;
      if (redactions.length > 0) {
        text = redactor!.redact(redactions, bytes, start, atEnd);
        [at, atEnd] = [0, Math.min(text.length, LINE_BYTES_MAX)];
        if (atEnd < text.length) flags = FLAG_TRUNCATED;
      }
      const line = cut(text, at, atEnd, builder);
      const { day, timeNs } = own.parse(line) && isPlausible(own.day, arrived.day) ? own : arrived;
      if (!builder.fits(day)) {
        finish();
        cut(text, at, atEnd, builder);
      }
      if (stream === -1) stream = builder.stream(input.labels);
      builder.addShredded(stream, day, timeNs, flags);
      lineCount++;
    }
    start = next;
  }
  if (builder.rowCount > 0) finish();
  return { lineCount, rowGroups, rest: undefined, redactions: redactor?.takeCounts() };
}

/** Whether a line's time is believed. A clock that is years off would open a segment for each of its days. */
function isPlausible(day: number, today: number): boolean {
  return day >= today - PUSHED_AGE_DAYS_MAX && day <= today + PUSHED_LEAD_DAYS_MAX;
}
