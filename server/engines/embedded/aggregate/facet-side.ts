/** The matching lines of a row group on one side of a comparison, which are counted by the codes of their values. */
import { countBelow } from '../../../../shared/ascending.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { countMarked, markedIn } from '../scan/masks.ts';
import type { FacetTable } from './facet-table.ts';
import { countPart } from './row-counts.ts';
import type { CodePart } from './dimension.ts';

/** At most one row in this many is few: they are counted one by one. */
const FEW_FACTOR = 8;

export class FacetSide {
  readonly table: FacetTable;
  /** By row; `all` when each row matches. */
  readonly mask: Uint8Array | 'all';
  readonly #group: RowGroup;
  /** By template: the start of its rows in template order. */
  readonly #starts: Int32Array;
  /** Rows that match, by position in template order. Undefined when all do, or few. */
  readonly #selected: Uint8Array | undefined;
  /** Their rows and their positions in template order, where few match. */
  readonly #few: { readonly rows: Uint32Array; readonly positions: Uint32Array } | undefined;

  /**
   * @param mask  is copied: the next side is matched in the same memory
   * @param lend  lends memory for this side alone
   */
  constructor(group: RowGroup, mask: Uint8Array | 'all', table: FacetTable, lend: (size: number) => Uint8Array) {
    this.#group = group;
    this.mask = mask === 'all' ? mask : lend(mask.length);
    if (this.mask !== 'all') this.mask.set(mask as Uint8Array);
    this.table = table;
    const counts = group.templateRowCounts;
    this.#starts = new Int32Array(counts.length + 1);
    for (const [template, count] of counts.entries()) this.#starts[template + 1] = this.#starts[template]! + count;
    if (mask === 'all') return;
    const count = countMarked(mask);
    const { templateRows } = group.order();
    if (count * FEW_FACTOR <= mask.length)
      this.#few = { rows: markedIn(mask, count), positions: new Uint32Array(count) };
    else this.#selected = lend(mask.length);
    let few = 0;
    for (let i = 0; i < templateRows.length; i++) {
      const marked = mask[templateRows[i]!]!;
      if (this.#selected !== undefined) this.#selected[i] = marked;
      else if (marked === 1) this.#few!.positions[few++] = i;
    }
  }

  get isAll(): boolean {
    return this.mask === 'all';
  }

  /**
   * Adds the rows of a template to the totals of their codes.
   * @param isLeftOut  by stream: 1 where its rows are not counted
   */
  count(part: CodePart, template: number, totals: Uint32Array, isLeftOut?: Uint8Array): void {
    const [start, end] = [this.#starts[template]!, this.#starts[template + 1]!];
    if (this.#few !== undefined) countFew(part, start, this.#fewOf(start, end, isLeftOut), totals);
    else if (isLeftOut === undefined) countPart(part, start, end, this.#selected, totals);
    else countPart(part, 0, end - start, this.#without(isLeftOut, start, end), totals);
  }

  rowsByStream(): Uint32Array {
    const { rowCount, streams } = this.#group.info;
    const counts = new Uint32Array(streams.length);
    if (streams.length === 1) {
      counts[0] = this.mask === 'all' ? rowCount : countMarked(this.mask);
      return counts;
    }
    const codes = this.#group.streamCodes();
    if (this.#few !== undefined) for (const row of this.#few.rows) counts[codes[row]!]!++;
    else
      for (let row = 0; row < rowCount; row++) if (this.mask === 'all' || this.mask[row] === 1) counts[codes[row]!]!++;
    return counts;
  }

  /** @param marked  by row */
  countOf(marked: Uint8Array | 'all'): number {
    if (marked === 'all') return this.mask === 'all' ? this.#group.info.rowCount : countMarked(this.mask);
    if (this.mask === 'all') return countMarked(marked);
    let count = 0;
    if (this.#few !== undefined) {
      const { rows } = this.#few;
      for (let i = 0; i < rows.length; i++) count += marked[rows[i]!]!;
    } else for (let row = 0; row < marked.length; row++) count += marked[row]! & this.mask[row]!;
    return count;
  }

  /** Returns the positions of the few rows that are in [start, end). */
  #fewOf(start: number, end: number, isLeftOut: Uint8Array | undefined): Uint32Array {
    const { positions } = this.#few!;
    const few = positions.subarray(countBelow(positions, start), countBelow(positions, end));
    if (isLeftOut === undefined) return few;
    const { templateRows } = this.#group.order();
    const streams = this.#group.streamCodes();
    return few.filter((position) => isLeftOut[streams[templateRows[position]!]!] === 0);
  }

  /** By position in template order, from `start` on: 1 where a row matches and its stream is not left out. */
  #without(isLeftOut: Uint8Array, start: number, end: number): Uint8Array {
    const { templateRows } = this.#group.order();
    const streams = this.#group.streamCodes();
    const counted = new Uint8Array(end - start);
    for (let i = start; i < end; i++) {
      const isSelected = this.#selected === undefined || this.#selected[i] === 1;
      if (isSelected) counted[i - start] = 1 - isLeftOut[streams[templateRows[i]!]!]!;
    }
    return counted;
  }
}

function countFew(part: CodePart, start: number, positions: Uint32Array, totals: Uint32Array): void {
  if (part.kind === 'same') {
    totals[part.code]! += positions.length;
    return;
  }
  const { codes, base } = part;
  const shift = part.first - start;
  for (const position of positions) totals[base + codes[shift + position]!]!++;
}
