/** Rows of the columns that a query asks for: as CSV, as objects, or as text with tabs. */
import { oneLine } from '../../../../shared/readable-line/one-line.ts';
import { csvRow } from '../../../../shared/csv.ts';
import type { Columns } from './columns.ts';
import type { RowWriter, TextRow } from './row-writer.ts';
import type { TextBuffer } from './text-buffer.ts';

/** Shows a reader, and a program that takes several tabs for one, that a value is missing. */
const NO_VALUE = '-';

export class ColumnCsvRows implements RowWriter {
  readonly needsFields = true;
  readonly needsCursors: boolean;
  readonly expansion = 1;
  readonly #columns: Columns;
  readonly #isExact: boolean;

  constructor(columns: Columns, isExact: boolean) {
    this.#columns = columns;
    this.needsCursors = columns.haveCursors;
    this.#isExact = isExact;
  }

  write(row: TextRow, out: TextBuffer): void {
    const cells = this.#columns.names.map((_, column) => this.#columns.textOf(column, row) ?? '');
    out.text(csvRow(cells, this.#isExact));
  }
}

export class ColumnObjectRows implements RowWriter {
  readonly needsFields = true;
  readonly needsCursors: boolean;
  readonly expansion = 1;
  readonly #columns: Columns;
  readonly #end: string;
  readonly #keys: readonly string[];

  /** @param end  of each row */
  constructor(columns: Columns, end: string) {
    this.#columns = columns;
    this.needsCursors = columns.haveCursors;
    this.#end = end;
    this.#keys = columns.names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  }

  write(row: TextRow, out: TextBuffer): void {
    for (const [column, key] of this.#keys.entries()) {
      out.text(key);
      this.#columns.writeJson(column, row, out);
    }
    out.ascii('}');
    out.ascii(this.#end);
  }
}

export class ColumnTextRows implements RowWriter {
  readonly needsFields = true;
  readonly needsCursors: boolean;
  readonly expansion = 1;
  readonly #columns: Columns;

  constructor(columns: Columns) {
    this.#columns = columns;
    this.needsCursors = columns.haveCursors;
  }

  write(row: TextRow, out: TextBuffer): void {
    for (const column of this.#columns.names.keys()) {
      if (column > 0) out.ascii('\t');
      out.text(oneLine(this.#columns.textOf(column, row) ?? '') || NO_VALUE);
    }
    out.ascii('\n');
  }
}
