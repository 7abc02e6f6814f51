/** Value filters on lines that are kept whole: each line is cut once, whatever the number of filters. */
import { KIND_TEXT } from '../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { patternsOf } from './name.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import type { ValueFilter } from './plan.ts';
import { forEachWholeLine, type WholeLine } from './whole-lines.ts';

/** The patterns of a filter that are wanted, or those that are refused. */
export type Side = 'any' | 'none';

/** One side of a filter, and the rows in which a value of its name matches one of the patterns. */
interface Match {
  readonly filter: ValueFilter;
  readonly side: Side;
  readonly patterns: readonly Pattern[];
  /** By row. */
  readonly rows: Uint8Array;
}

/** The whole lines of one row group under the filters of one plan. Nothing is read before it is asked for. */
export class WholeLineMatches {
  readonly #group: RowGroup;
  readonly #filters: readonly ValueFilter[];
  readonly #columns: readonly number[];
  #matches: readonly Match[] | undefined;

  constructor(group: RowGroup, filters: readonly ValueFilter[]) {
    this.#group = group;
    this.#filters = filters;
    this.#columns = group.columnsOf('').filter((column) => group.columns[column]!.slot.kind === KIND_TEXT);
  }

  /** Marks the rows of whole lines in which a value of the filter's name matches a pattern of one side, which has some. */
  mark(filter: ValueFilter, side: Side, rows: Uint8Array): void {
    if (this.#columns.length === 0) return;
    this.#matches ??= this.#matchAll();
    const { rows: matched } = this.#matches.find((match) => match.filter === filter && match.side === side)!;
    for (let row = 0; row < rows.length; row++) rows[row]! |= matched[row]!;
  }

  #matchAll(): readonly Match[] {
    const matches = this.#filters.flatMap((filter) => [
      ...this.#matchesOf(filter, 'any'),
      ...this.#matchesOf(filter, 'none'),
    ]);
    const byName = Map.groupBy(matches, ({ filter }) => filter.name);
    for (const column of this.#columns) {
      forEachWholeLine(this.#group, column, undefined, (line) => matchLine(line, byName));
    }
    return matches;
  }

  #matchesOf(filter: ValueFilter, side: Side): Match[] {
    if (filter.labelOnly === true || filter[side].length === 0) return [];
    const patterns = patternsOf(filter.name, filter[side]);
    return [{ filter, side, patterns, rows: new Uint8Array(this.#group.info.rowCount) }];
  }
}

function matchLine(line: WholeLine, byName: ReadonlyMap<string, readonly Match[]>): void {
  for (const [name, matches] of byName) {
    for (const { patterns, rows } of matches) {
      if (line.some(name, (value) => matchesAny(patterns, value))) rows[line.row] = 1;
    }
  }
}
