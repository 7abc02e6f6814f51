/**
 * Values of some names in all lines that match. They are read in the task that finds the rows, from the columns of these names
 * alone where few lines of a row group match; lines are built only where columns lack some of the values.
 */
import { SCANS_AT_ONCE, VALUES_ROWS_AT_ONCE } from '../../../limits.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { aloneInThread } from '../../../workers/task.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { FieldsBuilder } from '../../../store/row-block.ts';
import type { RowValues, ValuesAsked } from '../../../store/row-values.ts';
import { eachGroup } from '../scan/each-group.ts';
import { fewPlaces } from '../scan/few-places.ts';
import { matchRows } from '../scan/match-rows.ts';
import { inPartitions, type PartialOutput } from '../scan/partitions.ts';
import { type PickedValues, pickedValuesOf, type Places } from '../scan/picked-values.ts';
import { placeOf, type RowGroupPlace, type RowGroups } from '../scan/row-groups.ts';
import { candidates, type ScanContext } from '../scan/select.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { rowFields } from './row-fields.ts';

export interface ValuesInput {
  readonly places: readonly RowGroupPlace[];
  readonly predicate: Predicate;
  readonly asked: ValuesAsked;
}

export interface ValuesContext extends Pick<ScanContext, 'lookUp' | 'quarantine'> {
  readonly rowValues: (input: ValuesInput, signal: AbortSignal) => Promise<PartialOutput<RowValues | undefined>>;
}

/** Returns undefined where the lines are too many, or their values too large. */
export async function rowValues(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  asked: ValuesAsked,
  context: ValuesContext,
  signal: AbortSignal,
): Promise<readonly RowValues[] | undefined> {
  const wanted = await candidates(rowGroups, predicate, context, signal);
  const found: RowValues[] = [];
  let isTooMuch = false;
  let rowsLeft = asked.rowsMax;
  let bytesLeft = asked.bytesMax;
  const prune = (batch: RowGroupRef[]): RowGroupRef[] => (isTooMuch ? [] : batch);
  const partitions = { partitionCount: SCANS_AT_ONCE, quarantine: context.quarantine, signal, prune };
  await inPartitions<void>(batchesOf(wanted), partitions, async (batch) => {
    const left = { ...asked, rowsMax: rowsLeft, bytesMax: bytesLeft };
    const { result, doneCount, unusable } = await context.rowValues(
      { places: batch.map(placeOf), predicate, asked: left },
      signal,
    );
    rowsLeft -= result?.rowCount ?? 0;
    for (const { values } of result?.fields ?? []) bytesLeft -= values.bytes.length;
    if (result === undefined || rowsLeft < 0 || bytesLeft < 0) isTooMuch = true;
    else if (result.rowCount > 0) found.push(result);
    return { result: undefined, doneCount, unusable };
  });
  return isTooMuch ? undefined : found;
}

/** The newest ones first: there are most of them in the memory of the system. */
function batchesOf(rowGroups: readonly RowGroupRef[]): RowGroupRef[][] {
  const batches: RowGroupRef[][] = [];
  let rows = Infinity;
  for (const group of rowGroups.toReversed()) {
    if (rows + group.rowCount > VALUES_ROWS_AT_ONCE) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)!.push(group);
    rows += group.rowCount;
  }
  return batches;
}

/** The task of a worker thread for `rowValues`. */
export function rowValuesTask(
  { places, predicate, asked }: ValuesInput,
  rowGroups: RowGroups,
  shouldYield = aloneInThread,
): PartialOutput<RowValues | undefined> {
  const values = new CollectedValues(asked);
  const done = eachGroup(
    places,
    rowGroups,
    () => values.isTooMuch || shouldYield(),
    (group) => values.addGroup(group, predicate),
  );
  return { result: values.finish(), ...done };
}

/** Rows that a task has room for at first: mostly there are fewer. */
const ROWS_AT_FIRST = 256;

class CollectedValues {
  readonly #asked: ValuesAsked;
  readonly #fields: FieldsBuilder;
  #rowCount = 0;
  #sizeBytes = 0;

  constructor(asked: ValuesAsked) {
    this.#asked = asked;
    this.#fields = new FieldsBuilder(asked.names, ROWS_AT_FIRST);
  }

  get isTooMuch(): boolean {
    return this.#rowCount > this.#asked.rowsMax || this.#sizeBytes > this.#asked.bytesMax;
  }

  finish(): RowValues | undefined {
    if (this.isTooMuch) return undefined;
    return { rowCount: this.#rowCount, fields: this.#fields.finish(this.#rowCount) };
  }

  addGroup(group: RowGroup, predicate: Predicate): void {
    const places = fewPlaces(group, predicate);
    const picked = places && pickedValuesOf(group, this.#asked.names, places);
    if (picked === undefined) this.#addRows(group, matchRows(group, predicate));
    else this.#addPlaces(places!, picked);
  }

  #addPlaces(places: Places, picked: readonly ReadonlyMap<number, PickedValues>[]): void {
    const present = picked.flatMap((byTemplate, field) => (byTemplate.size === 0 ? [] : [field]));
    for (const [template, ranks] of places) {
      const first = this.#take(ranks.length);
      if (this.isTooMuch) return;
      for (const field of present) {
        const values = picked[field]!.get(template);
        if (values === undefined) continue;
        for (let i = 0; i < ranks.length; i++) {
          const value = values.at(i);
          this.#add(first + i, field, value, 0, value.length);
        }
      }
    }
  }

  /** Builds their lines: values may be in them, or in labels. */
  #addRows(group: RowGroup, rows: Uint32Array): void {
    const first = this.#take(rows.length);
    if (rows.length === 0 || this.isTooMuch) return;
    const { names } = this.#asked;
    const fields = rowFields(group, names, rows.length);
    for (const { from, lines } of group.linesInTurn(rows)) {
      const { bytes, offsets } = lines;
      for (let i = 0; i + 1 < offsets.length && !this.isTooMuch; i++) {
        fields.moveTo(rows[from + i]!, bytes, offsets[i]!, offsets[i + 1]!);
        for (let field = 0; field < names.length; field++) {
          if (!fields.read(field)) continue;
          const { bytes: text, start, end } = fields.text;
          this.#add(first + from + i, field, text, start, end);
        }
      }
    }
  }

  /** Returns the first of some rows more. */
  #take(count: number): number {
    const first = this.#rowCount;
    this.#rowCount += count;
    return first;
  }

  #add(row: number, field: number, bytes: Uint8Array, start: number, end: number): void {
    this.#fields.add(row, field, bytes, start, end);
    this.#sizeBytes += end - start;
  }
}
