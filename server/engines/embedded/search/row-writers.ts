/**
 * The writer of each format. JSON is the objects of NDJSON separated by commas, which the route puts between brackets; CSV is
 * harmless to a spreadsheet, or exact.
 */
import type { Labels } from '../../../../shared/labels.ts';
import { csvRow } from '../../../../shared/csv.ts';
import { CSV_LABELS } from '../../../store/csv.ts';
import { JSON_LINE_END, type TextSink } from '../../../store/sink.ts';
import { parseTimeZone, UTC } from '../../../store/time-zone.ts';
import { ColumnCsvRows, ColumnObjectRows, ColumnTextRows } from './column-rows.ts';
import { Columns } from './columns.ts';
import { ObjectRows } from './object-rows.ts';
import { ReadableRows } from './readable-rows.ts';
import { RowClock } from './row-clock.ts';
import type { RowWriter, TextRow } from './row-writer.ts';
import type { TextBuffer } from './text-buffer.ts';

export function writerOf({ format, columns: names, zone, readable }: TextSink): RowWriter {
  const clock = new RowClock(zone === undefined ? UTC : parseTimeZone(zone));
  const columns = names === undefined ? undefined : new Columns(names, clock);
  switch (format) {
    case 'raw':
      return RAW_ROWS;
    case 'ndjson':
    case 'json': {
      const end = format === 'json' ? JSON_LINE_END : '\n';
      return columns === undefined ? new ObjectRows(clock, end) : new ColumnObjectRows(columns, end);
    }
    case 'csv':
    case 'csv-exact': {
      const isExact = format === 'csv-exact';
      return columns === undefined ? new CsvRows(clock, isExact) : new ColumnCsvRows(columns, isExact);
    }
    case 'text':
      if (columns !== undefined) return new ColumnTextRows(columns);
      if (readable === undefined) throw new RangeError('BUG: nothing says how lines are to be shown');
      return new ReadableRows(clock, readable);
  }
}

/** Lines as they were written. */
const RAW_ROWS: RowWriter = {
  needsFields: false,
  needsCursors: false,
  expansion: 1,
  write({ bytes, start, end }, out) {
    out.copy(bytes, start, end);
    out.ascii('\n');
  },
};

/** Time, some labels, the others in one cell, and the line. */
class CsvRows implements RowWriter {
  readonly needsFields = false;
  readonly needsCursors = false;
  readonly expansion = 1;
  readonly #clock: RowClock;
  readonly #isExact: boolean;

  constructor(clock: RowClock, isExact: boolean) {
    this.#clock = clock;
    this.#isExact = isExact;
  }

  write({ labels, bytes, start, end, baseDay, timeNs }: TextRow, out: TextBuffer): void {
    const own = CSV_LABELS.map((name) => labels[name] ?? '');
    const line = bytes.toString('utf8', start, end);
    out.text(csvRow([this.#clock.rfc3339(baseDay, timeNs), ...own, otherLabels(labels), line], this.#isExact));
  }
}

function otherLabels(labels: Labels): string {
  const others = Object.entries(labels).filter(([name]) => !(CSV_LABELS as readonly string[]).includes(name));
  return others.map(([name, value]) => `${name}=${value}`).join(' ');
}
