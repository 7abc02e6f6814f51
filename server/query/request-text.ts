/** A request as a person reads it: what happened, and its lines (shared/readable-line/) with their offsets and gaps. */
import { counted } from '../../shared/counted.ts';
import { durationText } from '../../shared/readable-line/measures.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { NS_PER_MS } from '../../shared/time.ts';
import type { RequestAnswer } from './request.ts';

const COLUMN_WIDTH = 9;
/** A time without a line is worth saying when it is this share of the request. */
const LONG_SHARE = 0.2;

/** @param rows  the lines of the answer as text */
export function requestText(answer: RequestAnswer, rows: readonly string[]): string {
  const { lines, line_count: lineCount, cut } = answer;
  const body = rows.map((row, at) => {
    const { offset_ms: offset, gap_ms: gap } = lines[at]!;
    return `${column(spanText(offset))} ${column(`+${spanText(gap)}`)}  ${row}`;
  });
  const end = cut === undefined ? [] : [`${cut.missing} of ${lineCount} lines are not shown: limit=${cut.limit}`];
  return [...headOf(answer), '', `${column('offset')} ${column('gap')}`, ...body, ...end, ''].join('\n');
}

function headOf(answer: RequestAnswer): string[] {
  const { method, path, status, failed, duration_ms: took, user_id: user, pods, line_count: lineCount } = answer;
  const { first_error: error, slowest, longest_gap: gap, start } = answer;
  const isGapLong = gap !== undefined && slowest?.kind === 'step' && gap.ms >= LONG_SHARE * took;
  const what = [method, path, status].filter((part) => part !== undefined).join(' ');
  const first = [
    `${what === '' ? answer.id : what}${failed ? ' failed' : ''}`,
    spanText(took),
    ...(user === undefined ? [] : [`user ${user}`]),
    `${counted(lineCount, 'line')} in ${counted(pods.length, 'pod')}`,
  ];
  return [
    first.join(' · '),
    `Started ${start}`,
    ...(error === undefined
      ? []
      : [`First error after ${spanText(error.offset_ms)}: ${error.pod ?? ''} ${error.message}`]),
    ...(slowest === undefined ? [] : [slowestText(slowest)]),
    ...(isGapLong ? [slowestText(gap)] : []),
  ].map(oneLine);
}

function slowestText({ kind, ms, pod = '', message }: NonNullable<RequestAnswer['slowest']>): string {
  const where = `${pod} ${message}`;
  return kind === 'step'
    ? `Slowest step ${spanText(ms)}: ${where}`
    : `${spanText(ms)} without a line in any pod, until ${where}`;
}

function spanText(ms: number): string {
  return durationText(ms * NS_PER_MS);
}

function column(text: string): string {
  return text.padStart(COLUMN_WIDTH);
}
