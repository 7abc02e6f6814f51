/** Leaves on lines that are kept whole: each line is cut once, whatever the number of leaves. */
import type { Answer } from '../../../../shared/row-group/answer.ts';
import { KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { leavesOf, type ValueLeaf, type Where } from '../../../store/predicate.ts';
import { passesOf } from './name.ts';
import { forEachWholeLine, type WholeLine } from './whole-lines.ts';

/** A leaf, and the rows in which a value of its name passes one of its tests. */
interface Match {
  readonly leaf: ValueLeaf;
  readonly passes: (value: Buffer) => boolean;
  readonly rows: number[];
}

/** The whole lines of one row group under the leaves of one tree. They are read only when needed. */
export class WholeLineMatches {
  readonly #group: RowGroup;
  readonly #where: Where;
  readonly #columns: readonly number[];
  #matches: ReadonlyMap<ValueLeaf, Match> | undefined;

  constructor(group: RowGroup, where: Where) {
    this.#group = group;
    this.#where = where;
    this.#columns = group.columnsOf('').filter((column) => group.columns[column]!.slot.kind === KIND_TEXT);
  }

  /**
   * Marks the rows of whole lines that satisfy a leaf of the tree.
   * @param answers  by template: that of its metadata, which is asked instead of the line
   */
  mark(leaf: ValueLeaf, rows: Uint8Array, answers: readonly (Answer | undefined)[]): void {
    if (this.#columns.length === 0) return;
    this.#matches ??= this.#matchAll();
    const matched = this.#matches.get(leaf)!.rows;
    if (!this.#group.hasMetadata) for (const row of matched) rows[row] = 1;
    else {
      const codes = this.#group.templateCodes();
      for (const row of matched) if (answers[codes[row]!] === undefined) rows[row] = 1;
    }
  }

  #matchAll(): ReadonlyMap<ValueLeaf, Match> {
    const matches = leavesOf(this.#where).flatMap((leaf): Match[] => {
      if (leaf.kind !== 'value' || leaf.labelOnly === true || leaf.ofJson === true) return [];
      return [{ leaf, passes: passesOf(leaf), rows: [] }];
    });
    for (const column of this.#columns) {
      forEachWholeLine(this.#group, column, undefined, (line) => matchLine(line, matches));
    }
    return new Map(matches.map((match) => [match.leaf, match]));
  }
}

function matchLine(line: WholeLine, matches: readonly Match[]): void {
  for (const { leaf, passes, rows } of matches) {
    if (line.some(leaf.name, passes)) rows.push(line.row);
  }
}
