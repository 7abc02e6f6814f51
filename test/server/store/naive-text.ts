/** Lines as text: what a row says of a line, by JSON.parse. */
import { measuredOf } from '../../../shared/quantity.ts';
import { runKey } from '../../../shared/row-group/runs.ts';
import { formatInstant } from '../../../shared/time.ts';
import { bucketOfNumber, bucketText } from '../../../server/store/log-buckets.ts';
import { cursorWriter, NO_CURSOR_KEY } from '../../../server/store/cursor.ts';
import type { TextSink } from '../../../server/store/sink.ts';
import { naiveFieldOf } from './naive-block.ts';
import { naivePattern } from './naive-pattern.ts';
import { fieldsOf, leavesOf, naiveCursor, type NaiveLine, valuesOf } from './naive-search.ts';

export function naiveText(lines: readonly NaiveLine[], { format, columns, cursorKey }: TextSink): Uint8Array {
  const toText = (line: NaiveLine, place: number): string => {
    switch (format) {
      case 'raw':
        return line.text;
      case 'ndjson':
        return JSON.stringify(
          columns === undefined ? naiveObject(line, place, cursorKey) : naiveColumns(line, place, columns),
        );
      default:
        throw new RangeError(`BUG: ${format} is not of the contract`);
    }
  };
  return Buffer.from(lines.map((line, place) => `${toText(line, place)}\n`).join(''));
}

export function naiveObject(line: NaiveLine, place: number, cursorKey = NO_CURSOR_KEY): Record<string, unknown> {
  const level = naiveFieldOf(line, 'level');
  return {
    time: formatInstant(line.instant),
    labels: line.labels,
    ...(level !== undefined && { level }),
    ...(line.run !== undefined && { restart: line.run.restart }),
    line: line.text,
    fields: Object.fromEntries(leavesOf(line.text)),
    ...(Object.keys(line.metadata ?? {}).length > 0 && { metadata: line.metadata }),
    cursor: cursorWriter(cursorKey)(naiveCursor(line, place)),
  };
}

/** A column is the member of the row, the label, or the last field of the name. */
export function naiveColumns(line: NaiveLine, place: number, names: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {
    ...naiveObject(line, place),
    message: naiveMessage(line),
    'line.pattern': naivePattern(line.text, fieldsOf(line.text)),
    'line.run': line.run === undefined ? null : runKey(line.run),
  };
  return Object.fromEntries(
    names.map((name) => [
      name,
      row[name] ?? naiveBucket(line, name) ?? line.labels[name] ?? valueOf(line, name) ?? null,
    ]),
  );
}

function naiveBucket(line: NaiveLine, name: string): string | undefined {
  if (!name.endsWith('.log10')) return undefined;
  const value = valueOf(line, name.slice(0, -'.log10'.length));
  const number = typeof value === 'number' ? value : typeof value === 'string' ? measuredOf(value) : Number.NaN;
  return Number.isNaN(number) ? undefined : bucketText(bucketOfNumber(number));
}

function valueOf(line: NaiveLine, name: string): unknown {
  // The message is what the line itself says.
  if (name !== 'message' && Object.hasOwn(line.metadata ?? {}, name)) return line.metadata![name];
  return leavesOf(line.text).findLast(([field]) => field === name)?.[1];
}

function naiveMessage({ text }: NaiveLine): string | undefined {
  return fieldsOf(text).length === 0 ? text : valuesOf(text, {}, 'message')[0];
}
