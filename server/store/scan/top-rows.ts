/** The best rows of a query so far, from many row groups: at most `limit` are kept, so an answer's cost is bounded. */
import { instantOf, NS_PER_DAY } from '../../../shared/time.ts';
import type { RowGroupRef } from '../snapshot.ts';
import type { Order } from './plan.ts';
import type { ScannedRows } from './scan.ts';

/** A row that a search found, and where it is. */
export interface SelectedRow {
  readonly group: RowGroupRef;
  readonly row: number;
  /** UTC day and ns since its start: two numbers, because one float64 cannot hold both. */
  readonly day: number;
  readonly timeNs: number;
}

export class TopRows {
  readonly #limit: number;
  readonly #compare: (a: SelectedRow, b: SelectedRow) => number;
  #rows: SelectedRow[] = [];
  #sortedCount = 0;

  constructor(order: Order, limit: number) {
    this.#limit = limit;
    const sign = order === 'newest' ? -1 : 1;
    this.#compare = (a, b) => sign * compareRows(a, b);
  }

  add(group: RowGroupRef, { rows, timesNs }: ScannedRows): void {
    for (let i = 0; i < rows.length; i++) {
      const days = Math.floor(timesNs[i]! / NS_PER_DAY);
      this.#rows.push({ group, row: rows[i]!, day: group.baseDay + days, timeNs: timesNs[i]! - days * NS_PER_DAY });
    }
    if (this.#rows.length > this.#sortedCount + this.#limit) this.#cut();
  }

  /** Time of the last row that makes it at present; undefined while there is room for any. */
  worst(): bigint | undefined {
    if (this.#rows.length < this.#limit) return undefined;
    this.#cut();
    const last = this.#rows.at(-1);
    return last === undefined ? undefined : instantOf(last.day, last.timeNs);
  }

  /** The rows, best first. */
  finish(): readonly SelectedRow[] {
    this.#cut();
    return this.#rows;
  }

  #cut(): void {
    if (this.#rows.length === this.#sortedCount) return;
    this.#rows.sort(this.#compare);
    if (this.#rows.length > this.#limit) this.#rows.length = this.#limit;
    this.#sortedCount = this.#rows.length;
  }
}

/** By time; then in the order in which rows were stored. */
function compareRows(a: SelectedRow, b: SelectedRow): number {
  return a.day - b.day || a.timeNs - b.timeNs || a.group.order - b.group.order || a.row - b.row;
}
