/**
 * The row groups that are only in the WAL so far, by WAL file. Metadata only: the bytes stay in the files, and scans
 * read them there.
 */
import type { WalRowGroupRef } from '../segment/row-group-ref.ts';

export class Memtable {
  /** Ascending by sequence, as files are added in the order of the WAL. */
  readonly #files = new Map<number, WalRowGroupRef[]>();

  add(sequence: number, rowGroup: WalRowGroupRef): void {
    const rowGroups = this.#files.get(sequence);
    if (rowGroups === undefined) this.#files.set(sequence, [rowGroup]);
    else rowGroups.push(rowGroup);
  }

  /** The row groups of one WAL file, in the order of their arrival. */
  rowGroupsOf(sequence: number): readonly WalRowGroupRef[] {
    return this.#files.get(sequence) ?? [];
  }

  /** Removes a WAL file whose rows are in segments now. */
  drop(sequence: number): void {
    this.#files.delete(sequence);
  }

  *rowGroups(): Iterable<WalRowGroupRef> {
    for (const rowGroups of this.#files.values()) yield* rowGroups;
  }
}
