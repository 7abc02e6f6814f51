/** The arrays of a table of values (value-table.ts), in use and as they go from task to task. */
import { powerOfTwo, slotsOf, unpacked } from './hash-slots.ts';
import { TextTable, type TextTableState, usedBytesOfTexts } from './text-table.ts';

/** The arrays of a table, to be transferred. */
export interface ValueTableState {
  readonly count: number;
  readonly texts: TextTableState;
  /** 1 + the value whose hash leads here, or 0; twice as many as there is room for values. Empty in a packed table. */
  readonly slots: Int32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** By value: its key, as one number. */
  readonly keys: Float64Array<ArrayBuffer>;
}

/** Powers of two. */
const VALUES_AT_FIRST = 256;
export const SLOTS_PER_VALUE = 2;
/** Slots, hash and key. */
const VALUE_BYTES = 20;

export function usedBytesOfValues({ count, texts }: ValueTableState): number {
  return usedBytesOfTexts(texts) + count * VALUE_BYTES;
}

/** Returns a packed state in arrays with room for more values. */
export function unpackedState({ count, texts, hashes, keys }: ValueTableState): ValueTableState {
  const values = powerOfTwo(VALUES_AT_FIRST, count);
  const own = unpacked(Uint32Array<ArrayBuffer>, hashes, values);
  return {
    count,
    texts,
    slots: slotsOf(own, count, values * SLOTS_PER_VALUE),
    hashes: own,
    keys: unpacked(Float64Array<ArrayBuffer>, keys, values),
  };
}

export function emptyState(): ValueTableState {
  return {
    count: 0,
    texts: new TextTable().state(),
    slots: new Int32Array(VALUES_AT_FIRST * SLOTS_PER_VALUE),
    hashes: new Uint32Array(VALUES_AT_FIRST),
    keys: new Float64Array(VALUES_AT_FIRST),
  };
}
