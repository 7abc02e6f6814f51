/** What a line has in each column of a table, and how wide these are. */
import type { LogRow } from '../../shared/client/answers.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { DURATION_NAMES, METHOD_NAMES, PATH_NAMES, STATUS_NAMES } from '../../shared/request-names.ts';
import { shapeOfText } from '../../shared/shape-of-text.ts';
import { rowView } from './row-view.ts';

/** Lines of which the first decide on columns and their widths, which then stay. */
const SAMPLE_LINES = 200;
/** A column is suggested where this share of the lines has it. */
const SUGGESTED_SHARE = 0.1;
const WIDTH_MIN = 4;
const WIDTH_MAX = 40;
/** Minimum width of the last column, which takes the rest of the row. */
const LAST_WIDTH_MIN = 24;
const MESSAGE = 'message';
export const SHAPE = '.shape';

export interface Column {
  readonly name: string;
  /** In characters. */
  readonly width: number;
  readonly isNumber: boolean;
}

export function suggestedColumns(rows: readonly LogRow[]): readonly string[] {
  const names = [METHOD_NAMES, PATH_NAMES, STATUS_NAMES, DURATION_NAMES];
  return [...names.flatMap((each) => mostFrequent(rows, each, SUGGESTED_SHARE) ?? []), MESSAGE];
}

/** Which of several names for the same the lines have, if at least this share of them has it. */
export function mostFrequent(rows: readonly LogRow[], names: readonly string[], share: number): string | undefined {
  const sample = rows.slice(0, SAMPLE_LINES);
  const counts = new Map(names.map((name) => [name, 0]));
  for (const row of sample) {
    for (const { name } of rowView(row).fields) {
      const count = counts.get(name);
      if (count !== undefined) counts.set(name, count + 1);
    }
  }
  const [name, count] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0];
  return count >= Math.max(1, sample.length * share) ? name : undefined;
}

/** What a line has under a name, as filters read it: a label or, if its stream has none, a field. Undefined: nothing. */
export function cellOf(row: LogRow, name: string): string | undefined {
  if (name.endsWith(SHAPE)) {
    const whole = cellOf(row, name.slice(0, -SHAPE.length));
    return whole === undefined ? undefined : shapeOfText(whole);
  }
  if (name === 'level') return row.level;
  if (name === 'time') return row.time;
  if (name === 'restart' && row.restart !== undefined) return String(row.restart);
  const [, room, own = name] = /^(label|field)\.(.+)$/.exec(name) ?? [];
  const label = room !== 'field' && Object.hasOwn(row.labels, own) ? row.labels[own] : undefined;
  if (label !== undefined || room === 'label') return label === undefined ? undefined : oneLine(label);
  const { fields, segments } = rowView(row);
  // The last one counts, as everywhere.
  const value = fields.findLast((field) => field.name === own)?.value;
  if (value !== undefined) return oneLine(value);
  if (name === 'line') return oneLine(row.line);
  if (name !== MESSAGE) return undefined;
  return segments.find(({ kind }) => kind === 'message' || kind === 'podlog')?.text ?? '';
}

export function columnsOf(names: readonly string[], rows: readonly LogRow[]): readonly Column[] {
  const sample = rows.slice(0, SAMPLE_LINES);
  return names.map((name, i) => {
    const cells = sample.flatMap((row) => cellOf(row, name) ?? []);
    const longest = Math.max(name.length, ...cells.map((cell) => cell.length));
    const isLast = i === names.length - 1;
    return {
      name,
      width: Math.max(isLast ? LAST_WIDTH_MIN : WIDTH_MIN, Math.min(WIDTH_MAX, longest)),
      isNumber: !isLast && cells.length > 0 && cells.every((cell) => /^-?[\d.]+(?:e[+-]?\d+)?$/i.test(cell)),
    };
  });
}
